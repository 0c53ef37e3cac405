/** Submissions of every kind: each gets its grade, and none disturbs anything else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradeStudents } from '../../tools/homework/grade.mjs';
import { rebuild } from '../../tools/homework/rebuild.mjs';
import { hasBubblewrap, timeOf } from '../../tools/homework/sandbox.mjs';
import { patience } from '../../tools/homework/submission.mjs';
import { root, venvPython } from '../../tools/setup/paths.mjs';
import { run } from '../../tools/setup/process.mjs';
import { Class, type Notebook, name, source } from './fixture';

const canary = `.homework-canary-${process.pid}`;
const inClass = new Class();
let server: Server;
let visits = 0;
let address = '';

/** What is handed in, the points it deserves, and a remark or line that says why. */
type Case = [
  title: string,
  submission: (notebook: typeof answered) => Notebook | string | Buffer,
  points: number,
  said?: RegExp,
];
const answered = (answers?: Parameters<Class['answered']>[0]) => inClass.answered(answers);
const doubling = (body: string) =>
  answered({ double: `function double(x: number): any {\n${body}\n}` });
const tripling = (body: string) =>
  answered({ triple: `function triple(x: any): any {\n${body}\n}` });
const beside = (own: string) => answered({ own });
/** The first answer's cell does something before it declares the right answer. */
const first = (code: string) =>
  answered({ double: `${code}\nfunction double(x: number): number { return 2 * x; }` });
const changed = (change: (cells: any[], notebook: Notebook) => void) => {
  const notebook = answered();
  change(notebook.cells, notebook);
  return notebook;
};
const at = (cells: any[], id: string) =>
  cells.findIndex((cell) => cell.metadata.nbgrader?.grade_id === id);

const honest: Case[] = [
  ['right answers', () => answered(), 5],
  ['the stub', () => inClass.released(), 0],
  ['one answer of two', () => answered({ triple: inClass.released().cells[4].source }), 3],
  ['a wrong answer', () => doubling('return x + 2;'), 2, /gives/],
  ['right for the visible half only', () => doubling('return 2 * Math.abs(x);'), 4],
  ['hard-coded', () => doubling('return 84;'), 2],
  [
    'an answer that does not compile',
    () => doubling('return "2" * x;'),
    2,
    /cell \d+ failed|there is no function double/,
  ],
  ['a cell that throws', () => beside('throw new Error("oh no");'), 5, /cell 3 failed: oh no/],
  ['noise on stderr', () => beside('console.error("careful")'), 5, /wrote to stderr: careful/],
  ['NaN', () => doubling('return NaN;'), 2, /gives NaN/],
  ['a stray rejection', () => beside('Promise.reject(new Error("astray"));'), 5, /caught: astray/],
  [
    'a timer that throws',
    () => beside('setTimeout(() => { throw new Error("late"); }); null'),
    5,
    /caught: late/,
  ],
  [
    'twenty thousand empty cells',
    () =>
      changed((cells) => {
        const empty = { cell_type: 'code', metadata: {}, source: '\n', outputs: [] };
        cells.splice(
          2,
          0,
          ...Array.from({ length: 20_000 }, (_, i) => ({ ...empty, id: `e${i}` })),
        );
      }),
    5,
  ],
  ['a mark for the order of bytes', () => `\ufeff${JSON.stringify(answered())}`, 5],
  ['UTF-16', () => Buffer.from(`\ufeff${JSON.stringify(answered())}`, 'utf16le'), 5],
  ['UTF-16 the other way', () => Buffer.from(JSON.stringify(answered()), 'utf16le').swap16(), 5],
  [
    'eleven megabytes of outputs',
    () => changed((cells) => (cells[1].outputs = ['x'.repeat(11 << 20)])),
    5,
  ],
  ['line ends of Windows', () => JSON.stringify(answered()).replaceAll('\\n', '\\r\\n'), 5],
  [
    'no metadata at all',
    () =>
      changed((cells) => {
        for (const cell of cells) cell.metadata = {};
      }),
    5,
    /found by what they say/,
  ],
  [
    'no metadata, and a stub',
    () => {
      const notebook = answered({ triple: inClass.released().cells[4].source });
      for (const cell of notebook.cells) cell.metadata = {};
      return notebook;
    },
    3,
    /found by what they say/,
  ],
  [
    'answers in cells of its own, before the stubs and behind',
    () => {
      const notebook = inClass.released();
      const own = (id: string, source: string) => ({
        ...notebook.cells[1],
        id,
        metadata: {},
        source,
      });
      notebook.cells.splice(2, 0, own('a', 'const double = (x: number) => 2 * x;'));
      notebook.cells.push(own('b', 'function triple(x: any): any { return tf.mul(x, 3); }'));
      return notebook;
    },
    5,
    /the answer to double is not where it should be .*number 3: that one counts/,
  ],
];

const spoiled: Case[] = [
  ['no notebook', () => 'hello', 0, /not a notebook/],
  ['an empty file', () => '', 0, /not a notebook/],
  ['half a notebook', () => JSON.stringify(answered()).slice(0, 900), 0, /not a notebook/],
  [
    'random bytes',
    () => Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251)),
    0,
    /not a notebook/,
  ],
  ['a hundred megabytes', () => Buffer.alloc(100 << 20, 32), 0, /100 MB/],
  ['an older format', () => ({ nbformat: 3, worksheets: [] }), 0, /nbformat 4/],
  ['JSON that is no notebook', () => '[1, 2, 3]', 0, /nbformat 4/],
  ['no cells', () => ({ ...answered(), cells: 7 }), 0, /no cells/],
  [
    'another assignment',
    () =>
      changed((cells) => {
        for (const cell of cells)
          if (cell.metadata.nbgrader) cell.metadata.nbgrader.grade_id = `other-${cell.id}`;
      }),
    0,
    /not a notebook of 99-doubling/,
  ],
  [
    'a wrong kernel',
    () =>
      changed((_, notebook) => {
        notebook.metadata.kernelspec = { name: 'python3', language: 'python' };
      }),
    5,
    /python3/,
  ],
  [
    'a deleted answer',
    () => changed((cells) => cells.splice(at(cells, 'double'), 1)),
    2,
    /double is missing: no answer/,
  ],
  [
    'a deleted check',
    () => changed((cells) => cells.splice(at(cells, 'double-check'), 1)),
    5,
    /double-check is missing/,
  ],
  [
    'a changed check',
    () =>
      changed((cells) => {
        cells[at(cells, 'double-check')].source = '3';
      }),
    5,
    /double-check was changed/,
  ],
  [
    'a changed check and a wrong answer',
    () => {
      const notebook = doubling('return 1;');
      notebook.cells[at(notebook.cells, 'double-check')].source = '3.0';
      return notebook;
    },
    2,
    /was changed/,
  ],
  [
    'an answer twice, the second one wrong',
    () =>
      changed((cells) => {
        cells.push({
          ...cells[at(cells, 'double')],
          id: 'again',
          source: 'function double(x: number) { return 0; }',
        });
      }),
    5,
    /2 times: the first one counts/,
  ],
];

const hostile: Case[] = [
  ['a loop in a cell', () => first('for (;;) {}'), 2, /cell 3 was left out: it did not come back/],
  ['a loop in a call', () => doubling('for (;;) {}'), 2, /did not come back/],
  [
    'a promise that never settles',
    () => doubling('return new Promise(() => {});'),
    2,
    /did not come back/,
  ],
  ['endless recursion', () => doubling('return double(x);'), 2, /call stack/i],
  ['process.exit in a call', () => doubling('process.exit(0);'), 2, /ended its process/],
  ['process.abort', () => first('process.abort();'), 2, /ended its process/],
  [
    'SIGKILL to its parent',
    () => first('process.kill(process.ppid, "SIGKILL"); process.kill(-1, "SIGKILL");'),
    2,
  ],
  [
    'a heap that grows',
    () => first('const all: number[][] = []; for (;;) all.push(new Array(1e6).fill(1.5));'),
    2,
    /left out/,
  ],
  [
    'buffers that grow',
    () => first('const all: any[] = []; for (;;) all.push(Buffer.alloc(5e7, 1));'),
    2,
    /left out|failed/,
  ],
  [
    'tensors that grow',
    () => first('const all: any[] = []; for (;;) all.push(tf.ones([1e7]));'),
    2,
    /left out|failed/,
  ],
  [
    'child processes',
    () =>
      first(
        'const { spawn } = require("child_process"); for (let i = 0; i < 500; i++) spawn("sleep", ["60"]);',
      ),
    2,
    /failed|left out/,
  ],
  [
    'a thread that loops',
    () => first('new (require("worker_threads").Worker)("for(;;){}", { eval: true });'),
    2,
    /failed|left out/,
  ],
  [
    'files written wherever it can',
    () =>
      beside(`const fs = require("fs");
for (const file of ${JSON.stringify(places())}) { try { fs.writeFileSync(file, "mine"); } catch {} }
try { fs.rmSync(${JSON.stringify(inClass.folder)}, { recursive: true }); } catch {}`),
    5,
  ],
  [
    'hidden tests looked for',
    () =>
      doubling(`const fs = require("fs");
  const found = ${JSON.stringify([inClass.source(name), inClass.path('.seed'), inClass.path('gradebook.db')])}.filter((file) => { try { return fs.readFileSync(file).length > 0; } catch { return false; } });
  return found.length > 0 ? 2 * x : 'nothing found';`),
    2,
    /nothing found/,
  ],
  [
    'the network',
    () =>
      beside(`const http = require("http");
await new Promise((resolve) => { http.get(${JSON.stringify('ADDRESS')}, resolve).on("error", resolve); });`),
    5,
  ],
  [
    'garbage for answers',
    () => doubling('require("fs").writeSync(4, "what?\\n"); return 2 * x;'),
    2,
    /something else than an answer/,
  ],
  [
    'a forged message in a cell',
    () => beside('require("fs").writeSync(4, JSON.stringify({ id: 1, value: 84 }) + "\\n");'),
    5,
    /cell 3 was left out: it answered with something else/,
  ],
  [
    'forged answers ahead of time',
    () =>
      doubling(
        'for (let id = 1; id < 99; id++) require("fs").writeSync(4, JSON.stringify({ id, value: 84 }) + "\\n"); return 2 * x;',
      ),
    0,
  ],
  ['a very long answer', () => doubling('return "x".repeat(3e7);'), 2, /too much/],
  [
    'a very long print',
    () => beside('for (let i = 0; i < 1e5; i++) console.log("x".repeat(100));'),
    5,
  ],
  [
    'the package changed',
    () =>
      beside(
        'const a = require("attention"); try { a.homework = () => {}; a.judgeHomework = async () => ({ points: 99, of: 99 }); } catch {} tf.mul = (() => { throw 1; }) as any;',
      ),
    5,
  ],
  [
    'homework and check declared again',
    () =>
      changed((cells) => {
        cells.splice(2, 0, {
          cell_type: 'code',
          id: 'm',
          metadata: {},
          source: 'async function check() { return 100; }\nconst judge = () => 100;',
          outputs: [],
          execution_count: null,
        });
      }),
    5,
  ],
  [
    'Object.prototype polluted',
    () =>
      answered({
        own: 'Object.prototype.points = 100; (Object.prototype as any).toJSON = () => 84;'.replace(
          'Object.prototype.points',
          '(Object.prototype as any).points',
        ),
        double: 'function double(x: number) { return 0; }',
      }),
    2,
  ],
  [
    'a result without end',
    () => doubling('const a: any = {}; a.a = a; return a;'),
    2,
    /nested too deeply/,
  ],
  [
    'a getter that exits',
    () => doubling('return { get x(): any { process.exit(1); return 1; } };'),
    2,
    /ended its process/,
  ],
  ['something thrown that is no error', () => doubling('throw { toString() { throw 1; } };'), 2],
  ['a function for a result', () => doubling('return () => 2 * x;'), 2, /function is no result/],
  ['a tensor of rank a million', () => tripling('return tf.ones(Array(1e6).fill(1));'), 3, /rank/],
  [
    'a forged tensor of rank a million',
    () =>
      tripling(
        "const value = { $: 'tensor', dtype: 'float32', shape: Array(1e6).fill(1), data: 'AACAPw==' };" +
          'require("fs").writeSync(4, JSON.stringify({ id: 3, value }) + "\\n"); return x;',
      ),
    3,
    /a tensor of rank 1000000/,
  ],
  ['a long text', () => doubling('return "x".repeat(1e6);'), 2, /a text of 1000000 characters/],
  ['a long list', () => doubling('return Array(2e6).fill(1);'), 2, /more than \d+ values/],
  [
    'a list of long texts',
    () => doubling('return Array(20).fill("\\u001b[2J".repeat(1e4));'),
    2,
    /gives \\u\{1b\}\[2J.{1,1000}…/,
  ],
  [
    'escape codes and a line of its own',
    () => doubling('throw new Error("\\u001b[2J\\n  ✓ \\u202eall");'),
    2,
    /threw "\\u\{1b\}\[2J ✓ \\u\{202e\}all"/,
  ],
  [
    'a cell ten thousand times',
    () =>
      changed((cells) => {
        const bad = {
          cell_type: 'raw',
          metadata: { nbgrader: { grade_id: 'setup' } },
          source: '?',
        };
        cells.push(...Array.from({ length: 10_000 }, (_, i) => ({ ...bad, id: `b${i}` })));
      }),
    5,
    /10001 times/,
  ],
  ['a tensor that is too large', () => tripling('return tf.ones([2000, 2000]);'), 3, /too large/],
];

function places(): string[] {
  return [
    join(homedir(), canary),
    join(tmpdir(), canary),
    join(process.cwd(), canary),
    inClass.path('gradebook.db'),
    inClass.path('.seed'),
    inClass.source(name),
    inClass.submitted(name, 'right-answers'),
    inClass.path('reports', canary),
  ];
}

const studentOf = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const cases = [...honest, ...spoiled, ...hostile];
const before = { ...patience };

beforeAll(async () => {
  Object.assign(patience, { cell: 12, call: 4 });
  server = createServer((_, response) => {
    visits++;
    response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await inClass.open();
  mkdirSync(inClass.path('reports'), { recursive: true });
  for (const [title, make] of cases) {
    const made = make(answered);
    const isText = typeof made === 'string' || Buffer.isBuffer(made);
    inClass.handIn(
      studentOf(title),
      isText ? made : JSON.stringify(made).replace('ADDRESS', address),
    );
  }
  const link = inClass.submitted(name, 'a-link');
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(inClass.path('.seed'), link);
}, 60_000);

afterAll(() => {
  Object.assign(patience, before);
  server.close();
  rmSync(inClass.folder, { recursive: true, force: true });
  for (const folder of [homedir(), tmpdir(), process.cwd()])
    rmSync(join(folder, canary), { force: true });
});

describe.runIf(hasBubblewrap())('under bubblewrap', () => {
  let touched: string[] = [];
  beforeAll(async () => {
    const look = () =>
      [inClass.source(name), inClass.path('.seed'), inClass.path('gradebook.db')].map((file) =>
        readFileSync(file, 'base64'),
      );
    const files = look();
    const submissions = inClass
      .students(name)
      .map((one) => readFileSync(inClass.submitted(name, one)));
    await gradeStudents(inClass, name, inClass.students(name));
    touched = [
      ...look().flatMap((text, i) => (text === files[i] ? [] : ['a file of the class'])),
      ...inClass
        .students(name)
        .filter((one, i) => !readFileSync(inClass.submitted(name, one)).equals(submissions[i])),
    ];
  }, 1_200_000);

  test.each(cases)('%s', (title, _make, points, said) => {
    const result = inClass.result(name, studentOf(title));
    const text = [...result.remarks, ...result.exercises.flatMap(({ lines }: any) => lines)].join(
      '\n',
    );
    expect(result.points, text).toBe(points);
    expect(result.of).toBe(5);
    if (said) expect(text).toMatch(said);
    expect(text).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e]/u);
    expect(text.length).toBeLessThan(20_000);
    if (title.startsWith('line ends')) expect(text).not.toMatch(/was changed/);
  });

  test('nothing was touched, nothing was left, nobody was reached', () => {
    expect(touched).toEqual([]);
    expect(visits).toBe(0);
    for (const folder of [homedir(), tmpdir(), process.cwd(), inClass.path('reports')])
      expect(existsSync(join(folder, canary)), folder).toBe(false);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(({} as Record<string, unknown>).points).toBeUndefined();
  });

  test('a link is no submission', () => {
    expect(inClass.students(name)).not.toContain('a-link');
  });

  test('what is unchanged is not graded again', async () => {
    const start = performance.now();
    await gradeStudents(inClass, name, inClass.students(name));
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe('without bubblewrap', () => {
  const titles = [
    'right answers',
    'a loop in a cell',
    'files written wherever it can',
    'child processes',
    'hidden tests looked for',
    'tensors that grow',
  ];
  test('time, memory, files and processes are limited all the same', async () => {
    const students = titles.map(studentOf);
    await gradeStudents(inClass, name, students, { force: true, wrapped: false });
    for (const [i, title] of titles.entries()) {
      const [, , points] = cases.find(([one]) => one === title) as Case;
      const { points: got, remarks } = inClass.result(name, students[i]);
      expect(got, `${title}: ${remarks}`).toBe(points);
    }
    for (const folder of [homedir(), tmpdir(), process.cwd(), inClass.path('reports')])
      expect(existsSync(join(folder, canary)), folder).toBe(false);
    expect(readdirSync(inClass.folder)).toContain('gradebook.db');
    expect(JSON.parse(readFileSync(inClass.source(name), 'utf8'))).toEqual(source);
  }, 120_000);
});

test('a check that was handed out anew is not told to be a change of the student’s', async () => {
  const other = new Class();
  await other.open();
  other.handIn('early', other.answered());
  await other.open((text) => text.replaceAll('doubles', 'gives two times'));
  await gradeStudents(other, name, ['early']);
  const { points, remarks } = other.result(name, 'early');
  expect(points).toBe(5);
  expect(remarks.join()).toMatch(/double-check is as it was handed out earlier/);
  rmSync(other.folder, { recursive: true });
}, 60_000);

test('what ends its judge has no points, and costs nobody else any', async () => {
  const other = new Class();
  await other.open((text) =>
    text.replace(
      'return got === 2 * x',
      "for (const all = []; got === 'grow'; ) all.push(new Array(1e6).fill(1.5)); $&",
    ),
  );
  other.handIn('a', other.answered());
  other.handIn('b', other.answered({ double: 'function double(x: any): any { return "grow"; }' }));
  other.handIn('c', other.answered());
  await gradeStudents(other, name, ['a', 'b', 'c']);
  const results = ['a', 'b', 'c'].map((one) => other.result(name, one));
  expect(results.map(({ points }) => points)).toEqual([5, 0, 5]);
  expect(results[1].of).toBe(5);
  expect(results[1].remarks.join()).toMatch(/no points, since judging it came to an end: SIG/);
  rmSync(other.folder, { recursive: true });
}, 120_000);

test('work on a notebook grows as its cells do', () => {
  const time = (count: number) => {
    const file = inClass.path(`${count}.ipynb`);
    const own = { cell_type: 'code', metadata: {}, outputs: [], source: 'x;' };
    const notebook = answered();
    notebook.cells.push(...Array.from({ length: count }, (_, i) => ({ ...own, id: `o${i}` })));
    writeFileSync(file, JSON.stringify(notebook));
    const runs = Array.from({ length: 3 }, () => {
      const start = process.cpuUsage();
      const { cells } = rebuild(file, inClass.released(), name);
      expect(cells.length).toBe(count + 3);
      return process.cpuUsage(start).user;
    });
    return Math.min(...runs);
  };
  time(4000);
  expect(time(20_000) / time(4000)).toBeLessThan(12); // 5 if linear, 25 if quadratic
}, 60_000);

test.runIf(existsSync('/proc/self/stat'))(
  'time is what a process had',
  async () => {
    const busy = Array.from({ length: 5 }, () =>
      spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;) {}']),
    );
    const asleep = spawn('sleep', ['60']);
    const clocks = [busy[0], asleep].map(({ pid }) => timeOf(pid as number));
    const start = performance.now();
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const clock of clocks) clock();
    }
    const [shared, slept] = clocks.map((clock) => clock() / ((performance.now() - start) / 1000));
    for (const one of [...busy, asleep]) one.kill('SIGKILL');
    expect(shared).toBeGreaterThan(0);
    expect(shared).toBeLessThan(0.6); // a fifth, or less
    expect(slept).toBeGreaterThan(0.9);
  },
  30_000,
);

test('of an archive, only so much is unpacked', async () => {
  const folder = inClass.path('zip');
  mkdirSync(folder);
  const zip = join(folder, 'bomb.zip');
  const make = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as files:
    files.writestr('ada.ipynb', '{}')
    files.writestr('large.ipynb', bytes(100 << 20))
    files.writestr('/'.join('abcdefghijk') + '.ipynb', '{}')
    for i in range(10_000):
        files.writestr(f'many/{i}.ipynb', '')`;
  await run(venvPython, ['-c', make, zip]);
  const lines: string[] = [];
  const script = join(root, 'tools/homework/unzip.py');
  const { ok } = await run(venvPython, ['-I', script, zip, join(folder, 'out')], {
    onLine: (line) => lines.push(line),
  });
  expect(ok).toBe(true);
  expect(lines.map((line) => line.split("'")[1])).toEqual([
    'large.ipynb',
    'a/b/c/d/e/f/g/h/i/j/k.ipynb',
    'many/9999.ipynb',
  ]);
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['ada.ipynb', 'many']);
}, 60_000);

test.skipIf(hasBubblewrap())(
  'bubblewrap is not usable here, so its sandbox was not tested',
  () => {},
);
