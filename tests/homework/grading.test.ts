/** Submissions of every kind: each gets its grade, and none disturbs anything else. */
import { spawn, spawnSync } from 'node:child_process';
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
import { gradeStudents } from '../../tools/homework/grade';
import type { Graded } from '../../tools/homework/graded';
import { rebuild } from '../../tools/homework/rebuild';
import { hasBubblewrap, limits, timeOf } from '../../tools/homework/sandbox';
import { patience } from '../../tools/homework/submission';
import { root } from '../../tools/setup/paths.mjs';
import { Class, doublings, type Notebook, name, source } from './fixture';

const canary = `.homework-canary-${process.pid}`;
const inClass = new Class();
let server: Server;
let visits = 0;
let address = '';

/** What is handed in, the points it deserves, and remarks or lines that say why. */
type Case = [
  title: string,
  submission: () => Notebook | string | Buffer,
  points: number,
  ...said: RegExp[],
];
const answered = (answers?: Parameters<Class['answered']>[0]) => inClass.answered(answers);
const doubling = (body: string) =>
  answered({ double: `function double(x: number): any {\n${body}\n}` });
const tripling = (body: string) =>
  answered({ triple: `function triple(x: any): any {\n${body}\n}` });
/** The first answer's cell does something before it declares the right answer. */
const first = (code: string) =>
  answered({ double: `${code}\nfunction double(x: number): number { return 2 * x; }` });
const changed = (change: (cells: any[], notebook: Notebook) => void) => {
  const notebook = answered();
  change(notebook.cells, notebook);
  return notebook;
};
const own = (source: string, id = 'mine') => ({
  cell_type: 'code',
  id,
  metadata: {},
  source,
  outputs: [],
  execution_count: null,
});
/** Right answers, and cells of the student's own before them. */
const beside = (...sources: string[]) =>
  changed((cells) => cells.splice(2, 0, ...sources.map((source, i) => own(source, `mine${i}`))));
const at = (cells: any[], id: string) =>
  cells.findIndex((cell) => cell.metadata.nbgrader?.grade_id === id);
const stubOf = (id: string) => {
  const { cells } = inClass.released();
  return cells[at(cells, id)].source;
};

/** What is wrong with a file or its cells, and what it comes to: the same cells are run. */
type Spoiled = [
  title: string,
  submission: () => Notebook | string | Buffer,
  same: () => Notebook,
  ...said: RegExp[],
];
const right = () => answered();
const spoiled: Spoiled[] = [
  ['a mark for the order of bytes', () => `\ufeff${JSON.stringify(answered())}`, right],
  ['UTF-16', () => Buffer.from(`\ufeff${JSON.stringify(answered())}`, 'utf16le'), right],
  [
    'UTF-16 the other way',
    () => Buffer.from(JSON.stringify(answered()), 'utf16le').swap16(),
    right,
  ],
  [
    'eleven megabytes of outputs',
    () => changed((cells) => (cells[1].outputs = ['x'.repeat(11 << 20)])),
    right,
  ],
  ['line ends of Windows', () => JSON.stringify(answered()).replaceAll('\\n', '\\r\\n'), right],
  [
    'twenty thousand empty cells',
    () =>
      changed((cells) =>
        cells.splice(2, 0, ...Array.from({ length: 20_000 }, (_, i) => own('\n', `e${i}`))),
      ),
    right,
  ],
  [
    'no metadata at all',
    () =>
      changed((cells) => {
        for (const cell of cells) cell.metadata = {};
      }),
    right,
    /found by what they say/,
  ],
  [
    'no metadata, and a stub',
    () => {
      const notebook = answered({ triple: stubOf('triple') });
      for (const cell of notebook.cells) cell.metadata = {};
      return notebook;
    },
    () => answered({ triple: stubOf('triple') }),
    /found by what they say/,
  ],
  [
    'a wrong kernel',
    () =>
      changed((_, notebook) => {
        notebook.metadata.kernelspec = { name: 'python3', language: 'python' };
      }),
    right,
    /python3/,
  ],
  [
    'a deleted answer',
    () => changed((cells) => cells.splice(at(cells, 'double'), 1)),
    () => answered({ double: stubOf('double') }),
    /double is missing: no answer/,
  ],
  [
    'a deleted check',
    () => changed((cells) => cells.splice(at(cells, 'double-check'), 1)),
    right,
    /double-check is missing/,
  ],
  [
    'a changed check',
    () =>
      changed((cells) => {
        cells[at(cells, 'double-check')].source = '3';
      }),
    right,
    /double-check was changed/,
  ],
  [
    'an answer twice, the second one wrong',
    () =>
      changed((cells) => {
        const source = 'function double(x: number) { return 0; }';
        cells.push({ ...cells[at(cells, 'double')], id: 'again', source });
      }),
    right,
    /2 times: the first one counts/,
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
    right,
    /10001 times/,
  ],
];

/** Nothing of these is run. */
const empty: [title: string, submission: () => Notebook | string | Buffer, said: RegExp][] = [
  ['an empty file', () => '', /not a notebook/],
  ['half a notebook', () => JSON.stringify(answered()).slice(0, 900), /not a notebook/],
  [
    'random bytes',
    () => Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251)),
    /not a notebook/,
  ],
  ['an older format', () => ({ nbformat: 3, worksheets: [] }), /nbformat 4/],
  ['JSON that is no notebook', () => '[1, 2, 3]', /nbformat 4/],
  ['no cells', () => ({ ...answered(), cells: 7 }), /no cells/],
  [
    'another assignment',
    () =>
      changed((cells) => {
        for (const cell of cells)
          if (cell.metadata.nbgrader) cell.metadata.nbgrader.grade_id = `other-${cell.id}`;
      }),
    /not a notebook of 99-doubling/,
  ],
];

/** What one answer returns or does, of many in a notebook. */
const answers: [title: string, body: string, points: number, said?: RegExp][] = [
  ['the right one', 'return 2 * x;', 3],
  ['a wrong one', 'return x + 2;', 0, /gives/],
  ['right for the visible half only', 'return 2 * Math.abs(x);', 2],
  ['hard-coded', 'return 84;', 0],
  ['one that does not compile', 'return "2" * x;', 0, /there is no function double/],
  ['NaN', 'return NaN;', 0, /gives NaN/],
  ['endless recursion', 'const f = (y: any): any => f(y) + 1; return f(x);', 0, /call stack/i],
  ['a very long answer', 'return "x".repeat(3e7);', 0, /too much/],
  ['a result without end', 'const a: any = {}; a.a = a; return a;', 0, /nested too deeply/],
  ['something thrown that is no error', 'throw { toString() { throw 1; } };', 0],
  ['a function for a result', 'return () => 2 * x;', 0, /function is no result/],
  ['a tensor of rank a million', 'return tf.ones(Array(1e6).fill(1));', 0, /rank/],
  ['a tensor that is too large', 'return tf.ones([2000, 2000]);', 0, /too large/],
  ['a long text', 'return "x".repeat(1e6);', 0, /a text of 1000000 characters/],
  ['a long list', 'return Array(2e6).fill(1);', 0, /more than \d+ values/],
  [
    'a list of long texts',
    'return Array(20).fill("\\u001b[2J".repeat(1e4));',
    0,
    /gives \\u\{1b\}\[2J.{1,1000}…/,
  ],
  [
    'escape codes and a line of its own',
    'throw new Error("\\u001b[2J\\n  ✓ \\u202eall");',
    0,
    /threw "\\u\{1b\}\[2J ✓ \\u\{202e\}all"/,
  ],
  ['a loop', 'for (;;) {}', 0, /did not come back/],
  ['a promise that never settles', 'return new Promise(() => {});', 0, /did not come back/],
  ['process.exit', 'process.exit(0);', 0, /ended its process/],
  [
    'a getter that exits',
    'return { get x(): any { process.exit(1); return 1; } };',
    0,
    /ended its process/,
  ],
  [
    'garbage for answers',
    'require("fs").writeSync(4, "what?\\n"); return 2 * x;',
    0,
    /something else than an answer/,
  ],
  [
    'a file that it may not see',
    `const fs = require("fs");
const found = ${JSON.stringify([inClass.source(name), inClass.path('.seed'), inClass.path('gradebook.db')])}.filter((file) => { try { return fs.readFileSync(file).length > 0; } catch { return false; } });
return found.length > 0 ? 2 * x : 'nothing found';`,
    0,
    /nothing found/,
  ],
  ['the right one behind all these', 'return 2 * x;', 3],
];

/** Writes past Node's permissions, as much as it can, and throws if something was taken. */
const natively = `const backend: any = tf.backend();
const taken: string[] = [];
for (const folder of ['/dev/shm', '/tmp', '/', '/dev', '/var/tmp', '/proc', '/run', ${JSON.stringify(tmpdir())}, ${JSON.stringify(inClass.folder)}, ${JSON.stringify(root)}])
  for (let i = 0; i < 2; i++)
    try {
      const content = tf.tensor1d(['x'.repeat(1e7)], 'string').reshape([]);
      const file = tf.tensor1d([folder + '/${canary}' + i], 'string').reshape([]);
      backend.executeMultipleOutputs('WriteFile', [], [file, content], 0);
      taken.push(folder);
    } catch (error) { if (!/read-only|permission|no such file/i.test(String(error))) taken.push(String(error)); }
if (taken.length > 0) throw new Error('written: ' + taken);`;

const cases: Case[] = [
  ['right answers', () => answered(), 5],
  ['the stub', () => inClass.released(), 0],
  ['no notebook', () => 'hello', 0, /not a notebook/],
  ['a hundred megabytes', () => Buffer.alloc(100 << 20, 32), 0, /100 MB/],
  [
    'answers in cells of its own, before the stubs and behind',
    () => {
      const notebook = inClass.released();
      notebook.cells.splice(2, 0, own('const double = (x: number) => 2 * x;', 'a'));
      notebook.cells.push(own('function triple(x: any): any { return tf.mul(x, 3); }', 'b'));
      return notebook;
    },
    5,
    /the answer to double is not where it should be .*number 3: that one counts/,
  ],
  [
    'what goes wrong beside right answers',
    () =>
      beside(
        'throw new Error("oh no");',
        'Promise.reject(new Error("astray"));',
        'setTimeout(() => { throw new Error("late"); }); null',
        'for (let i = 0; i < 1e5; i++) console.log("x".repeat(100));',
      ),
    5,
    /cell 3 failed: oh no/,
    /caught: astray/,
    /caught: late/,
  ],
  [
    'what reaches out beside right answers',
    () =>
      beside(
        `const fs = require("fs");
for (const file of ${JSON.stringify(places())}) { try { fs.writeFileSync(file, "mine"); } catch {} }
try { fs.rmSync(${JSON.stringify(inClass.folder)}, { recursive: true }); } catch {}`,
        natively,
        'const http = require("http"); await new Promise((resolve) => { http.get("ADDRESS", resolve).on("error", resolve); });',
        'const a = require("attention"); try { a.homework = () => {}; a.judgeHomework = async () => ({ points: 99, of: 99 }); } catch {} tf.mul = (() => { throw 1; }) as any;',
        'async function check() { return 100; }\nconst judge = () => 100;',
      ),
    5,
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
  ['a loop in a cell', () => first('for (;;) {}'), 2, /cell 3 was left out: it did not come back/],
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
  [
    'Object.prototype polluted',
    () =>
      answered({
        own: '(Object.prototype as any).points = 100; (Object.prototype as any).toJSON = () => 84;',
        double: 'function double(x: number) { return 0; }',
      }),
    2,
  ],
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

/** All that is said of a submission, which steers no terminal and fills no screen. */
function textOf({ remarks, exercises }: Graded) {
  const text = [...remarks, ...exercises.flatMap(({ lines }) => lines)].join('\n');
  expect(text).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e]/u);
  expect(text.length).toBeLessThan(40_000);
  return text;
}

const studentOf = (title: string) => title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const before = { patience: { ...patience }, limits: { ...limits } };

beforeAll(async () => {
  Object.assign(patience, { cell: 6, call: 3 });
  Object.assign(limits, { memory: 2000 << 20 });
  server = createServer((_, response) => {
    visits++;
    response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await inClass.open();
  mkdirSync(inClass.path('reports'), { recursive: true });
  for (const [title, make] of cases) {
    const made = make();
    const isText = typeof made === 'string' || Buffer.isBuffer(made);
    inClass.handIn(
      studentOf(title),
      isText ? made : JSON.stringify(made).replace('ADDRESS', address),
    );
  }
  const link = inClass.submitted(name, 'a-link');
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(inClass.path('.seed'), link);
}, 300_000);

afterAll(() => {
  Object.assign(patience, before.patience);
  Object.assign(limits, before.limits);
  server.close();
  rmSync(inClass.folder, { recursive: true, force: true });
  for (const folder of [homedir(), tmpdir(), process.cwd()])
    rmSync(join(folder, canary), { force: true });
});

/** What a submission comes to before anything of it is run. */
function rebuilt(submission: Notebook | string | Buffer) {
  const file = inClass.path('one.ipynb');
  const isText = typeof submission === 'string' || Buffer.isBuffer(submission);
  writeFileSync(file, isText ? submission : JSON.stringify(submission));
  const { cells, remarks } = rebuild(file, inClass.released(), name);
  return { code: cells.map(({ code }) => code), said: remarks.join('\n') };
}

test.each(spoiled)('%s: the same is run', (_title, make, same, ...said) => {
  const one = rebuilt(make());
  expect(one.code).toEqual(rebuilt(same()).code);
  expect(one.code.length).toBe(3);
  for (const remark of said) expect(one.said).toMatch(remark);
  if (said.length === 0) expect(one.said).toBe('');
});

test.each(empty)('%s: nothing is run', (_title, make, said) => {
  const one = rebuilt(make());
  expect(one.code).toEqual([]);
  expect(one.said).toMatch(said);
});

describe('of many answers in one notebook', () => {
  const many = new Class();
  let graded: Graded;
  beforeAll(async () => {
    await many.open(undefined, doublings(answers.length));
    const notebook = many.released();
    for (const [i, [, body]] of answers.entries())
      notebook.cells[at(notebook.cells, `double${i}`)].source =
        `function double${i}(x: number): any {\n${body}\n}`;
    many.handIn('ada', notebook);
    await gradeStudents(many, name, ['ada']);
    graded = many.known(name, 'ada');
  }, 300_000);
  afterAll(() => rmSync(many.folder, { recursive: true }));

  test.each(answers.map((one, i) => [one[0], i] as const))('%s', (_title, i) => {
    const [, , points, said] = answers[i];
    const exercise = graded.exercises[i];
    const text = textOf({ ...graded, exercises: [exercise] });
    expect(exercise.points, text).toBe(points);
    if (said) expect(exercise.lines.join('\n')).toMatch(said);
  });
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

  test.each(cases)('%s', (title, _make, points, ...said) => {
    const result = inClass.known(name, studentOf(title));
    const text = textOf(result);
    expect(result.points, text).toBe(points);
    expect(result.of).toBe(5);
    for (const one of said) expect(text).toMatch(one);
    expect(text).not.toMatch(/written: /);
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
  test('time, memory and processes are limited, and JavaScript writes nothing', async () => {
    const titles = ['a loop in a cell', 'child processes', 'tensors that grow'];
    const students = titles.map(studentOf);
    await gradeStudents(inClass, name, students, { force: true, wrapped: false });
    for (const [i, title] of titles.entries()) {
      const [, , points] = cases.find(([one]) => one === title) as Case;
      const { points: got, remarks } = inClass.known(name, students[i]);
      expect(got, `${title}: ${remarks}`).toBe(points);
    }
    expect(readdirSync(inClass.folder)).toContain('gradebook.db');
    expect(JSON.parse(readFileSync(inClass.source(name), 'utf8'))).toEqual(source);
  }, 300_000);

  test('code that nobody trusts is not run', () => {
    const script = `process.env.PATH = '';
const { sandboxed } = await import(${JSON.stringify(join(root, '.build/tools/homework/sandbox.js'))});
console.log(sandboxed());`;
    const asked = (env: object) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      });
    const refused = asked({});
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/apt install bubblewrap[\s\S]*add --trust/);
    const trusted = asked({ HOMEWORK_TRUST: '1' });
    expect(trusted.stdout).toMatch(/can read and write your files[\s\S]*\nfalse\n$/);
  });
});

test('a check that was handed out anew is not told to be a change of the student’s', async () => {
  const other = new Class();
  await other.open();
  other.handIn('early', other.answered());
  await other.open((text) => text.replaceAll('doubles', 'gives two times'));
  await gradeStudents(other, name, ['early']);
  const { points, remarks } = other.known(name, 'early');
  expect(points).toBe(5);
  expect(remarks.join()).toMatch(/double-check is as it was handed out earlier/);
  rmSync(other.folder, { recursive: true });
}, 300_000);

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
  const results = ['a', 'b', 'c'].map((one) => other.known(name, one));
  expect(results.map(({ points }) => points)).toEqual([5, 0, 5]);
  expect(results[1].of).toBe(5);
  expect(results[1].remarks.join()).toMatch(/no points, since judging it came to an end: SIG/);
  rmSync(other.folder, { recursive: true });
}, 300_000);

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
}, 300_000);

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

test.skipIf(hasBubblewrap())(
  'bubblewrap is not usable here, so its sandbox was not tested',
  () => {},
);
