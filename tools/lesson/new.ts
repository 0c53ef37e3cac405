/** A new lesson: its room with a notebook, exercises and their test, homework. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rooms } from '../lessons.ts';
import { SetupError } from '../setup/errors.mjs';
import { notebooks, root } from '../setup/paths.mjs';
import { code, lessonCells, markdown } from './skeleton.ts';

/**
 * Makes what is missing of a lesson; nothing that is there is changed.
 *
 * @param number '03'
 * @param slug 'six-score-functions'
 * @returns the files that were made
 */
export function newLesson(number: string, slug: string): string[] {
  if (!/^\d\d$/.test(number) || !/^[a-z][a-z0-9-]*$/.test(slug)) {
    throw new SetupError('A lesson has a number and a name: `new 03 six-score-functions`.');
  }
  const name = `${number}-${slug}`;
  const other = readdirSync(rooms).find((room) => room.startsWith(`${number}-`) && room !== name);
  if (other) throw new SetupError(`Lesson ${number} is called ${other}.`);
  const room = join(rooms, name);
  const made: string[] = [];
  const make = (file: string, content: string | object) => {
    if (existsSync(file)) return;
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 1)}\n`;
    writeFileSync(file, text);
    made.push(relative(root, file));
  };
  mkdirSync(room, { recursive: true });
  make(join(room, 'lesson.json'), { title: slug, sees: 'what a reader sees', slides: [] });
  const { title, slides } = JSON.parse(readFileSync(join(room, 'lesson.json'), 'utf8'));
  make(join(room, 'exercises.ts'), exercises(number));
  const tests = join(root, 'tests', 'lessons', name);
  mkdirSync(tests, { recursive: true });
  make(join(tests, 'exercises.test.ts'), exerciseTest(number));
  make(
    join(room, 'wrong.md'),
    `# Wrong solutions of homework ${number}\n\nEach must lose points.\n`,
  );
  make(
    join(room, 'right.md'),
    `# Right solutions of homework ${number}\n\nEach must get full marks.\n`,
  );
  make(
    join(room, 'homework.ipynb'),
    notebook([
      markdown('title', `# Homework ${number} · ${title}`),
      code('setup', "import { homework, tf } from 'attention';"),
    ]),
  );
  make(join(notebooks, `${name}.ipynb`), notebook(lessonCells({ number, title, slides })));
  const index = join(rooms, 'index.ts');
  const line = `export { lesson${number} } from './${name}/exercises';`;
  const exported = readFileSync(index, 'utf8');
  if (!exported.includes(line)) {
    writeFileSync(index, withExport(exported, line));
    made.push(relative(root, index));
  }
  return made;
}

/** A file of exports with one more, in the order of their paths. An export may take several lines. */
export function withExport(exported: string, line: string): string {
  const pathOf = (statement: string) => /from '(.*)'/.exec(statement)?.[1] ?? '';
  const statements = [...exported.split(/(?<=;)\n/).filter(Boolean), line];
  const sorted = statements.sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  return `${sorted.join('\n')}\n`;
}

const exercises = (number: string) => `import { type Exercise, near } from '../../notebook/check';

/** ${Number(number)}.1: with a pencil. */
const pencil: Exercise<{ answer: number }> = {
  name: '${Number(number)}.1',
  behaviours: [{ does: 'is right', look: ({ answer }) => near('the answer', answer, 0) }],
};

/** ${Number(number)}.2: a function. */
const step: Exercise<(x: number) => number> = {
  name: '${Number(number)}.2',
  behaviours: [{ does: 'doubles', look: (double) => near('twice 3', double(3), 6) }],
};

export const lesson${number} = { pencil, step };
`;

const exerciseTest = (
  number: string,
) => `import { type Exercise, judge, lesson${number} } from 'attention';
import { expect, test } from 'vitest';

const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');

test('${Number(number)}.1 accepts the right number, and leads on from a wrong one', () => {
  expect(marks(lesson${number}.pencil)).toBe('○');
  expect(marks(lesson${number}.pencil, { answer: 0 })).toBe('✓');
  expect(marks(lesson${number}.pencil, { answer: 1 })).toBe('✗');
});

test('${Number(number)}.2 waits for an answer, and tells each mistake apart', () => {
  const stub = () => {
    throw new Error('not implemented');
  };
  expect(marks(lesson${number}.step, stub)).toBe('○');
  expect(marks(lesson${number}.step, (x) => 2 * x)).toBe('✓');
  expect(marks(lesson${number}.step, (x) => x)).toBe('✗');
});
`;

const notebook = (cells: object[]) => ({
  cells,
  metadata: {
    kernelspec: { display_name: 'TypeScript (tslab)', language: 'typescript', name: 'tslab' },
    language_info: { file_extension: '.ts', mimetype: 'text/typescript', name: 'typescript' },
  },
  nbformat: 4,
  nbformat_minor: 5,
});
