/** A small assignment, and a class that has handed in whatever a test wants. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ClassFolder, type Kept } from '../../tools/homework/class-folder';
import { venvPython } from '../../tools/setup/paths.mjs';

export const name = '99-doubling';

type Kind = 'setup' | 'answer' | 'check';

function cell(kind: Kind, id: string, source: string, points?: number) {
  const nbgrader = {
    schema_version: 3,
    cell_type: 'code',
    task: false,
    grade: kind === 'check',
    solution: kind === 'answer',
    locked: kind !== 'answer',
    grade_id: id,
    ...(points ? { points } : {}),
  };
  return {
    cell_type: 'code',
    id,
    metadata: { nbgrader },
    source,
    outputs: [],
    execution_count: null,
  };
}

const double = `function double(x: number): number {
  // BEGIN SOLUTION
  return 2 * x;
  // END SOLUTION
}`;
const triple = `function triple(x: any): any {
  // BEGIN SOLUTION
  return tf.mul(x, 3);
  // END SOLUTION
}`;

/** An exercise of 3 points, of which 1 is hidden. Called `double`, or with something behind it. */
const doubling = (id = '') => [
  cell('answer', `double${id}`, double.replace('double', `double${id}`)),
  cell(
    'check',
    `double${id}-check`,
    `await homework({
  exercise: 'H99.1${id}',
  points: 3,
  answers: { double: double${id} },
  behaviours: [
    {
      does: 'doubles',
      points: 2,
      look: async ({ double }, next) => {
        const x = 100 + Math.floor(100 * next()); // never what a wrong answer happens to say
        const got = await double(x);
        return got === 2 * x ? undefined : \`\${x} gives \${got}\`;
      },
    },
    // BEGIN HIDDEN TESTS
    {
      does: 'doubles what is below zero',
      points: 1,
      look: async ({ double }) => ((await double(-123.5)) === -247 ? undefined : 'secretWord'),
    },
    // END HIDDEN TESTS
  ],
});`,
    3,
  ),
];

/**
 * A notebook of exercises. The package comes without its types, which would take longer to read than
 * all the rest.
 */
const assignment = (cells: object[]) => ({
  cells: [
    {
      cell_type: 'markdown',
      id: 'title',
      metadata: {},
      source: '# Homework 99 · Doubling\n\nDouble $x$.',
    },
    cell('setup', 'setup', "const { homework, tf } = require('attention');"),
    ...cells,
  ],
  metadata: {
    kernelspec: { name: 'tslab', display_name: 'TypeScript', language: 'typescript' },
    language_info: { name: 'typescript' },
  },
  nbformat: 4,
  nbformat_minor: 5,
});

/** Some exercises that are all the same, `double0`, `double1` and so on. */
export const doublings = (count: number) =>
  assignment(Array.from({ length: count }, (_, i) => doubling(String(i))).flat());

/** 3 points for numbers, of which 1 is hidden, and 2 for tensors. */
export const source = assignment([
  ...doubling(),
  cell('answer', 'triple', triple),
  cell(
    'check',
    'triple-check',
    `await homework({
  exercise: 'H99.2',
  points: 2,
  answers: { triple },
  behaviours: [
    {
      does: 'triples',
      points: 1,
      look: async ({ triple }, next) => {
        const x = next();
        const [got] = await (await triple(tf.tensor1d([x]))).data();
        return Math.abs(got - 3 * x) < 1e-5 ? undefined : \`\${x} gives \${got}\`;
      },
    },
    {
      does: 'has the gradient 3',
      points: 1,
      look: async ({ triple }) => {
        const [gradient] = await triple.gradients([tf.tensor1d([2])], tf.tensor1d([1]));
        const [slope] = await gradient.data();
        return slope === 3 ? undefined : \`the slope is \${slope}\`;
      },
    },
  ],
});`,
    2,
  ),
]);

/** An archive of files, of which each was put in at `time`. */
export function zipped(files: Record<string, string | Buffer>, time = '2026-11-20T10:00'): Buffer {
  const when = time.split(/[-T:]/).map(Number);
  const make = `import base64, io, json, sys, zipfile
when, files = json.load(sys.stdin)
made = io.BytesIO()
with zipfile.ZipFile(made, 'w') as archive:
    for name, content in files:
        archive.writestr(zipfile.ZipInfo(name, (*when, 0)), base64.b64decode(content))
sys.stdout.buffer.write(made.getvalue())`;
  const entries = Object.entries(files).map(([path, content]) => [
    path,
    Buffer.from(content as string).toString('base64'),
  ]);
  const input = JSON.stringify([when, entries]);
  return execFileSync(venvPython, ['-I', '-c', make], { input, maxBuffer: 1 << 28 });
}

/** Tests spoil it in every way. */
export type Notebook = any;

export class Class extends ClassFolder {
  constructor() {
    super(mkdtempSync(join(tmpdir(), 'class-')));
  }

  async open(change = (text: string) => text, content: object = source): Promise<void> {
    const file = this.path('99-doubling.ipynb');
    writeFileSync(file, change(JSON.stringify(content)));
    await this.handOut(name, file);
  }

  released(): Notebook {
    return JSON.parse(readFileSync(this.release(name), 'utf8'));
  }

  handIn(student: string, content: Notebook | string | Buffer): void {
    const file = this.submitted(name, student);
    mkdirSync(dirname(file), { recursive: true });
    const isText = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(file, isText ? content : JSON.stringify(content));
  }

  /** What was found out about a submission that has been graded. */
  known(assignment: string, student: string): Kept {
    const result = this.result(assignment, student);
    if (!result) throw new Error(`${student} has no grade for ${assignment}`);
    return result;
  }

  /** The released notebook with answers; the right ones where none are given. */
  answered(answers: { double?: string; triple?: string; own?: string } = {}): Notebook {
    const notebook = this.released();
    for (const one of notebook.cells) {
      const id = one.metadata.nbgrader?.grade_id;
      if (id === 'double') one.source = answers.double ?? double;
      if (id === 'triple') one.source = answers.triple ?? triple;
    }
    if (answers.own) {
      const own = { cell_type: 'code', id: 'mine', metadata: {}, source: answers.own };
      notebook.cells.splice(2, 0, { ...own, outputs: [], execution_count: null });
    }
    return notebook;
  }
}
