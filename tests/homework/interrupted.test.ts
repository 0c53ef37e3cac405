/** Commands that end at any moment, come twice, or are overtaken: nothing half-written, nothing lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { random } from 'attention';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { homeworkOf } from '../../tools/homework/class-folder';
import { gradeStudents } from '../../tools/homework/grade';
import { readTable } from '../../tools/homework/table';
import { root } from '../../tools/setup/paths.mjs';
import { Class, name as doubling } from './fixture';

const { name, source, handout } = homeworkOf('00');
const inClass = new Class();
const inbox = inClass.path('inbox');
const students = ['ada', 'ben', 'cem'];
const points = () =>
  readTable(inClass.path('reports', `${name}.csv`)).rows.map((row) => [row.student, row.points]);

/** A command in a group of its own, as in a terminal. */
function started(...args: string[]) {
  const words = [join(root, 'tools/run.cjs'), 'homework', ...args, '--class', inClass.folder];
  const child = spawn(process.execPath, words, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data));
  const done = once(child, 'close').then(([code]) => ({ code, text }));
  return { child, done };
}

beforeAll(async () => {
  await inClass.handOut(name, source);
  const half = JSON.parse(readFileSync(source, 'utf8'));
  const answers = half.cells.filter((cell: any) => cell.metadata.nbgrader?.solution);
  answers[0].source = 'const nothing = 0;';
  for (const [student, content] of [
    ['ada', JSON.stringify(half)],
    ['ben', readFileSync(handout)],
    ['cem', 'not a notebook'],
  ] as const)
    inClass.write(join(inbox, `${student}.ipynb`), content);
}, 300_000);
afterAll(() => rmSync(inClass.folder, { recursive: true, force: true }));

/** Every file there is what a command writes as a whole. */
function expectWhole() {
  const files = readdirSync(inClass.folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => !file.startsWith('.part'),
  );
  for (const file of files) {
    const path = inClass.path(file);
    if (/^(\.grades|\.collected|\.released).*\.json$/.test(file))
      expect(() => JSON.parse(readFileSync(path, 'utf8')), file).not.toThrow();
    if (/^submitted.*\.ipynb$/.test(file)) {
      const student = file.split('/')[1];
      expect(readFileSync(path).equals(readFileSync(join(inbox, `${student}.ipynb`))), file).toBe(
        true,
      );
    }
    if (/^reports.*\.csv$/.test(file)) {
      expect(readTable(path).rows.map(({ student }) => student)).toEqual(students);
      expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
    }
  }
}

test('collecting and grading, killed at ten random moments, leave nothing half-written', async () => {
  await started('collect', '00', inbox).done;
  const start = performance.now();
  const first = await started('grade', '00').done;
  expect(first.code, first.text).toBe(0);
  const whole = performance.now() - start;
  const wanted = points();
  const next = random(14);
  for (let i = 0; i < 10; i++) {
    if (i % 3 === 0) rmSync(inClass.path('submitted'), { recursive: true, force: true });
    const command = i % 3 === 0 ? ['collect', inbox] : ['grade', '--force'];
    const { child, done } = started(command[0], '00', command[1]);
    await new Promise((resolve) => setTimeout(resolve, next() * whole * (i % 3 === 0 ? 0.3 : 1)));
    try {
      process.kill(-(child.pid as number), i % 2 ? 'SIGINT' : 'SIGKILL');
    } catch {} // it was through
    await done;
    expectWhole();
    if (command[0] === 'collect') await started('collect', '00', inbox).done;
  }
  expect((await started('grade', '00').done).text).toContain('ada');
  expect(points()).toEqual(wanted);
  expectWhole();
}, 900_000);

test('two gradings at once come one after the other', async () => {
  const both = await Promise.all([1, 2].map(() => started('grade', '00', '--force').done));
  for (const { code, text } of both) expect(code, text).toBe(0);
  const waited = both.filter(({ text }) => text.includes('this one waits for it'));
  expect(waited.length).toBe(1);
  expectWhole();
}, 300_000);

test('what is replaced while it is graded is graded again', async () => {
  await inClass.open();
  inClass.handIn('early', inClass.released());
  const grading = gradeStudents(inClass, doubling, ['early']);
  await new Promise((resolve) => setTimeout(resolve, 200));
  inClass.handIn('early', inClass.answered());
  await grading;
  expect(inClass.result(doubling, 'early')).toBeUndefined();
  await gradeStudents(inClass, doubling, ['early']);
  expect(inClass.known(doubling, 'early').points).toBe(5);
}, 300_000);
