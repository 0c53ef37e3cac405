/** The cells of a lesson that is still to be written, each saying what belongs there. */

/** The parts of every lesson, in their order, and what each must do. */
const belongs: Record<string, string> = {
  'The problem': `What the step before could not do, shown by running it and failing. If there is an absurd failure, it comes first: it is remembered longer than a table. Then a **bet**: before anything is trained, the reader writes down a guess (a number, a name, a picture), and a later cell scores it. The last sentence says what is missing.`,
  Derivation: `A table of the symbols with their shapes. Then, in sections 2.1, 2.2 …, each formula on lines of its own between $$, numbered as the paper numbers it, every step from the one before justified, with every factor. What it costs. Where the paper or the deck is loose or wrong, say so. A proof names its assumptions, and the task below satisfies them; a counterexample is searched for by running a search.`,
  'By hand': `The formula on numbers small enough for a pencil, in plain arrays. Ask for the result before the cell prints it.`,
  'The shared implementation': `First the mechanism whole, in one cell of at most thirty lines that a learner can read, change and train: plain tensor operations, a comment where a shape changes, some dozens of steps in which its loss falls. Then \`showSource('name')\`, which shows formula and core and folds the rest, and \`same('name', mine, theirs)\`, which holds the two to one another. A \`stepper\` walks one query through scores, mask, softmax and context.`,
  'On real data': `A natural task; a toy may stand beside it. First the floor or the level of chance, predicted from theory, and drawn as a line later. What an earlier lesson trained is loaded from its checkpoint. Training with \`progress\`, at most a minute; the loss curve; figures on held-out data. The bet is scored.`,
  Heatmaps: `Before each one what to look for, after it what is there, misses included: what a pale row or column means, and what a weight does *not* show. Tokens as ticks, layer and head named, no key cut off.`,
  'The paper’s claim in miniature': `Which table or figure; the paper's number, ours, on what smaller setting, and how near counts. The cell below prints the verdict. At least three seeds with their spread: if the lesson has time for one only, the others are stored (\`results.ts\` in the room, \`npm run results\`), and \`compareWithStored\` shows that the lesson's own run is one of them. A sentence that says *because* has its control at equal budget. An honest failure stays, with its reason.`,
  'Where it breaks': `The *trained* model broken on purpose (no mask, no √d, wrong axis …), each mistake drawn, and how to notice it.`,
  Exercises: `Three or four, from a pencil to a small study; none repeats another lesson's, and one is a toy or a contest. Each has its difficulty and minutes in the heading, a folded hint, and a check that leads on without printing the answer.`,
  'Test yourself': `Five questions that a reader of this lesson can answer and nobody else.`,
  'Paper against this code': `What we simplified, row by row. Then the references, and where the next lesson goes on.`,
};

export const parts = Object.keys(belongs);

/** What begins a text that tells its author what to write: no lesson keeps it. */
export const toWrite = '**To write.**';

export function lessonCells({
  number,
  title,
  slides,
}: {
  number: string;
  title: string;
  slides: { slide: string }[];
}): object[] {
  const n = Number(number);
  const rows = slides.map(({ slide }) => `*${slide}*`).join(', ');
  const heading = (part: string, ...more: string[]) => {
    const i = parts.indexOf(part) + 1;
    const text = [`## ${i} · ${part}`, `> ${toWrite} ${belongs[part]}`, ...more].join('\n\n');
    return markdown(`part-${i}`, text, i === 9 || i === 10 ? lessonOnly : slide);
  };
  const fold = (summary: string, text = '…') =>
    `<details><summary>${summary}</summary>\n\n${text}\n</details>`;
  const exercise = (i: number, name: string, note: string, ...more: string[]) =>
    markdown(
      `exercise-${i}`,
      [`### ${n}.${i} · ${name} (${note})`, '…', fold('Hint'), ...more].join('\n\n'),
      lessonOnly,
    );
  return [
    markdown(
      'title',
      `# ${number} · ${title}

**Title of the paper**
All authors. Venue, year.

Slides of the deck: ${rows || '…'}.

After this lesson you can

- …

> ${toWrite} You need lesson …. Reading: … minutes. Running: … seconds on two CPU cores.`,
      slide,
    ),
    code(
      'imports',
      `import { check, claim, lesson${number}, show, showSource, table, tf } from 'attention';`,
      skip,
    ),
    heading('The problem'),
    code('bet', 'let bet: number | undefined; // your guess: bet = ?'),
    heading('Derivation'),
    heading('By hand'),
    heading('The shared implementation'),
    heading('On real data'),
    heading('Heatmaps'),
    heading('The paper’s claim in miniature'),
    code(
      'claim',
      `// claim({
//   claim: 'what the paper says', source: 'Authors year, Table 1', measure: 'error, in %',
//   paper: 12.3, ours: measured, within: 2, unit: ' %', digits: 1,
// });`,
      { tags: ['core', 'hide-input'], jupyter: { source_hidden: true } },
    ),
    heading('Where it breaks'),
    heading('Exercises'),
    exercise(1, 'With a pencil', 'easy, 5 minutes'),
    code(
      'check-1',
      `let answer${n}1: { answer: number } | undefined;
// answer${n}1 = { answer: ? };
check(lesson${number}.pencil, answer${n}1);`,
      answer,
    ),
    exercise(2, 'A function', 'medium, 15 minutes'),
    code(
      'check-2',
      `function step(x: number): number {
  // YOUR CODE HERE
  throw new Error('not implemented');
}
check(lesson${number}.step, step);`,
      answer,
    ),
    exercise(3, 'A question', 'a small study, 30 minutes', fold('What we found')),
    heading(
      'Test yourself',
      ...[1, 2, 3, 4, 5].map((i) => fold(`${i}. What follows from …?`, '…')),
    ),
    heading(
      'Paper against this code',
      '| | paper | this code |\n|---|---|---|\n| sizes | … | … |',
      '**References**',
      '- Authors: *Title*. Venue, year.',
      '**Next:** lesson …',
    ),
  ];
}

const type = (slide_type: string) => ({ slideshow: { slide_type } });
const slide = type('slide');
const skip = type('skip');
const lessonOnly = { tags: ['lesson-only'] };
const answer = { tags: ['hide-output', 'lesson-only'] };

export const markdown = (id: string, source: string, metadata: object = {}) => ({
  cell_type: 'markdown',
  id,
  metadata,
  source,
});

export const code = (id: string, source: string, metadata: object = {}) => ({
  ...markdown(id, source, metadata),
  cell_type: 'code',
  execution_count: null,
  outputs: [],
});
