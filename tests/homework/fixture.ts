/** A small assignment, and a class that has handed in whatever a test wants. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ClassFolder } from '../../tools/homework/class-folder.mjs';

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

/**
 * 3 points for numbers, of which 1 is hidden, and 2 for tensors. The package comes without its types, which
 * would take longer to read than all the rest.
 */
export const source = {
  cells: [
    {
      cell_type: 'markdown',
      id: 'title',
      metadata: {},
      source: '# Homework 99 · Doubling\n\nDouble $x$.',
    },
    cell('setup', 'setup', "const { homework, tf } = require('attention');"),
    cell('answer', 'double', double),
    cell(
      'check',
      'double-check',
      `await homework({
  exercise: 'H99.1',
  points: 3,
  answers: { double },
  behaviours: [
    {
      does: 'doubles',
      points: 2,
      look: async ({ double }, next) => {
        const x = Math.floor(100 * next());
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
  ],
  metadata: {
    kernelspec: { name: 'tslab', display_name: 'TypeScript', language: 'typescript' },
    language_info: { name: 'typescript' },
  },
  nbformat: 4,
  nbformat_minor: 5,
};

/** Tests spoil it in every way. */
export type Notebook = any;

export class Class extends ClassFolder {
  constructor() {
    super(mkdtempSync(join(tmpdir(), 'class-')));
  }

  async open(change = (text: string) => text): Promise<void> {
    const file = this.path('99-doubling.ipynb');
    writeFileSync(file, change(JSON.stringify(source)));
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
