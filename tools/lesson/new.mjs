// @ts-check
/** A new lesson: its room, its notebook with the eleven headings, its homework. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { rooms } from '../lessons.mjs';
import { SetupError } from '../setup/errors.mjs';
import { notebooks, root } from '../setup/paths.mjs';

/** The parts of every lesson, in their order. */
export const parts = [
  'The problem',
  'Derivation',
  'By hand',
  'The shared implementation',
  'On real data',
  'Heatmaps',
  'The paper’s claim in miniature',
  'Where it breaks',
  'Exercises',
  'Test yourself',
  'Paper against this code',
];

/**
 * Makes what is missing of a lesson; nothing that is there is changed.
 *
 * @param {string} number '03'
 * @param {string} slug 'six-score-functions'
 * @returns {string[]} the files that were made
 */
export function newLesson(number, slug) {
  if (!/^\d\d$/.test(number) || !/^[a-z][a-z0-9-]*$/.test(slug)) {
    throw new SetupError('A lesson has a number and a name: `new 03 six-score-functions`.');
  }
  const name = `${number}-${slug}`;
  const other = readdirSync(rooms).find((room) => room.startsWith(`${number}-`) && room !== name);
  if (other) throw new SetupError(`Lesson ${number} is called ${other}.`);
  const room = join(rooms, name);
  /** @type {string[]} */
  const made = [];
  const make = (/** @type {string} */ file, /** @type {string | object} */ content) => {
    if (existsSync(file)) return;
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 1)}\n`;
    writeFileSync(file, text);
    made.push(relative(root, file));
  };
  mkdirSync(room, { recursive: true });
  make(join(room, 'lesson.json'), { title: slug, sees: 'what a reader sees', slides: [] });
  const { title } = JSON.parse(readFileSync(join(room, 'lesson.json'), 'utf8'));
  make(join(room, 'exercises.ts'), exercises(number));
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
  make(
    join(notebooks, `${name}.ipynb`),
    notebook([
      markdown(
        'title',
        `# ${number} · ${title}\n\n**Paper**\nAuthors, year, venue\n\n**Slides of the deck:**\n\n**You will be able to**\n\n**Time:** minutes to read, seconds to run on two cores.`,
      ),
      code('imports', `import { check, claim, lesson${number}, show, tf } from 'attention';`),
      ...parts.map((part, i) => markdown(`part-${i + 1}`, `## ${i + 1} · ${part}`)),
    ]),
  );
  const index = join(rooms, 'index.ts');
  const line = `export { lesson${number} } from './${name}/exercises';`;
  const lines = readFileSync(index, 'utf8').trim().split('\n');
  if (!lines.includes(line)) {
    writeFileSync(index, `${[...lines, line].sort().join('\n')}\n`);
    made.push(relative(root, index));
  }
  return made;
}

/** @param {string} number */
const exercises = (number) => `import { type Exercise, near } from '../../notebook/check';

/** ${Number(number)}.1: with a pencil. */
const pencil: Exercise<{ answer: number }> = {
  name: '${Number(number)}.1',
  behaviours: [{ does: 'is right', look: ({ answer }) => near('the answer', answer, 0) }],
};

export const lesson${number} = { pencil };
`;

/** @param {string} id @param {string} source */
const markdown = (id, source) => ({ cell_type: 'markdown', id, metadata: {}, source });

/** @param {string} id @param {string} source */
const code = (id, source) => ({
  ...markdown(id, source),
  cell_type: 'code',
  execution_count: null,
  outputs: [],
});

/** @param {object[]} cells */
const notebook = (cells) => ({
  cells,
  metadata: {
    kernelspec: { display_name: 'TypeScript (tslab)', language: 'typescript', name: 'tslab' },
    language_info: { file_extension: '.ts', mimetype: 'text/typescript', name: 'typescript' },
  },
  nbformat: 4,
  nbformat_minor: 5,
});
