/** Each rule refuses a notebook that was spoiled on purpose, and lets a good one pass. */
import { stepper } from 'attention';
import { describe, expect, test } from 'vitest';
import { notebookOf } from '../../tools/lesson/notebook';
import { comesFrom, printedNumbers, quotedNumbers } from '../../tools/lesson/numbers';
import { countWords, lineOf, rules, type Subject } from '../../tools/lesson/rules';
import { lessonCells, parts } from '../../tools/lesson/skeleton';
import { fold } from '../../tools/notebooks/fold';
import type { Cell } from '../../tools/notebooks/nbformat';

const plotly = 'application/vnd.plotly.v1+json';
let cells: object[];

function text(source: string, metadata: object = {}) {
  return { cell_type: 'markdown', id: `m${cells.length}`, metadata, source };
}

function code(source: string, outputs: object[] = [], metadata: object = {}) {
  return { cell_type: 'code', id: `c${cells.length}`, metadata, source, outputs };
}

const stream = (printed: string) => ({ output_type: 'stream', name: 'stdout', text: [printed] });
const figure = (z: (number | null)[][], meta: object = {}) => ({
  output_type: 'display_data',
  data: {
    [plotly]: {
      data: [{ type: 'heatmap', z, zmin: 0 }],
      layout: { title: { text: 'Head 1' }, meta },
    },
    'text/plain': 'Heatmap: Head 1.',
  },
});

/** The complaints of the one rule whose name has these words. */
function complaints(words: string, made: object[], more: Partial<Subject> = {}): string[] {
  const [, rule] = Object.entries(rules).find(([name]) => name.includes(words)) ?? [];
  if (!rule) throw new Error(`no rule ${words}`);
  return rule({ notebook: notebookOf({ cells: made as Cell[] }), ...more }).map(lineOf);
}

/** Cells made in order, so that each knows its number. */
function notebook(...makers: (() => object)[]): object[] {
  cells = [];
  for (const make of makers) cells.push(make());
  return cells;
}

describe('the form', () => {
  const lesson = (extra: () => object) =>
    complaints(
      'all parts',
      notebook(...parts.map((part, i) => () => text(`## ${i + 1} · ${part}`)), extra),
    );

  test('is all parts in order', () => {
    expect(lesson(() => text('A word.'))).toEqual([]);
    expect(lesson(() => text('## 12 · More')).join()).toContain('its parts are');
  });

  test('wants formulas on lines of their own between $$, all closed', () => {
    expect(lesson(() => text('$$\nx\n$$'))).toEqual([]);
    for (const wrong of ['$$x$$', '$$\nx', 'so $$\nx\n$$']) {
      expect(lesson(() => text(wrong)).join()).toContain('a formula');
    }
  });

  test('wants cells of less than 40 lines of at most 100 characters', () => {
    expect(lesson(() => code('1;\n'.repeat(38)))).toEqual([]);
    expect(lesson(() => code('1;\n'.repeat(39))).join()).toContain('40 lines');
    expect(lesson(() => code('1'.repeat(100)))).toEqual([]);
    expect(lesson(() => code('1'.repeat(101))).join()).toContain('101 characters');
  });

  test('refuses errors, stderr, and figures without an image', () => {
    const output = (more: object) => lesson(() => code('x', [more])).join();
    expect(output({ output_type: 'error' })).toContain('an output is error');
    expect(output({ output_type: 'stream', name: 'stderr', text: '!' })).toContain('is stderr');
    expect(output(stream('1'))).toBe('');
    expect(output(figure([[1]]))).toContain('without its image');
  });
});

describe('numbers in prose', () => {
  const lesson = (
    prose: string,
    printed = 'error 11.71 %, share 0.2871',
    source = 'const n = 900;',
  ) =>
    notebook(
      () => text(prose),
      () => code(source, [stream(printed)]),
    );
  const missing = (...args: Parameters<typeof lesson>) =>
    complaints('every number', lesson(...args)).map(
      (line) => /nothing prints (.*?): “/.exec(line)?.[1] ?? line,
    );

  test('are found in an output, rounded or as a share, or in code', () => {
    expect(missing('The error is 11.7 %, or 12 %, exactly 11.71 %.')).toEqual([]);
    expect(missing('That is 28.7 %, or 0.287, say 29 %.')).toEqual([]);
    expect(missing('It runs 1,200 steps at a rate of 0.003.', '', 'fit(1_200, 3e-3);')).toEqual([]);
    expect(missing('It took 8,000 words.', 'words 7990')).toEqual([]);
    expect(missing('A gain of 4.2 points, 3 times as much.', '4.23 points, 2.98')).toEqual([]);
  });

  test('are reported with cell and sentence if nothing prints them', () => {
    expect(complaints('every number', lesson('So it is. The error is 11.8 %. Good!'))).toEqual([
      'cell 0 (m0): nothing prints 11.8 %: “The error is 11.8 %.”',
    ]);
    expect(missing('- falls from 11.71 % to 3 %')).toEqual(['3 %']);
    expect(missing('| ours | 5.45 % | 23.6 |')).toEqual(['5.45 %', '23.6']);
    expect(missing('between 75.8 and 86.1 %', '75.8 %')).toEqual(['86.1 %']);
    expect(missing('74, 45 and 33 %', '74, 45.2 %, 34')).toEqual(['33 %']);
    expect(missing('It is 16 times as long, 7× as slow.', '16 and 7')).toEqual(['16 times', '7 ×']);
    expect(missing('a factor of 3, or 4 points', '3, 4')).toEqual(['3', '4 points']);
    expect(missing('of 12,345 words', '12.345')).toEqual(['12,345']);
  });

  test('are no numbers if they count things, or stand in formulas, code and addresses', () => {
    expect(missing('26 letters in 2017, at 10:24, `0.5` and $0.25\\,\\%$.')).toEqual([]);
    expect(missing('$$\nx = 0.125\n$$\n\n```\n0.75\n```\n\n[here](http://a.b/0.45)')).toEqual([]);
    expect(missing('![weights 0.06](a.svg)')).toEqual([]);
  });

  test('are no numbers if they name a section, an equation or a paper', () => {
    const sections = '### 2.1 · From hard to soft\n\nAs by 2.1 (see 2.1), and 2.1 % of all.';
    expect(missing(sections)).toEqual(['2.1 %']);
    expect(missing('Section 6.2, Table 3.1, eq. 4.2 and 4.3, arXiv 1409.0473')).toEqual([]);
    expect(missing('**References**\n\n- Somebody 2015, 12.75\n\nIt is 12.75.')).toEqual(['12.75']);
  });

  test('are listed in lesson.json, each with where it stands; nothing idle is listed', () => {
    const quoted = { '26.75': 'Bahdanau et al. 2015, Table 1', '31 %': 'g2p-seq2seq, README' };
    const prose = '26.75 BLEU and 31 %.';
    expect(complaints('every number', lesson(prose), { quoted })).toEqual([]);
    expect(complaints('every number', lesson('26.75 BLEU.'), { quoted })).toEqual([
      'lesson.json: the text does not quote 31 % any more',
    ]);
  });

  test('may come from stored results, each run or their mean', () => {
    const results = { setting: '', numbers: { error: [0.11, 0.12, 0.16] } };
    const prose = 'The error was 11 % to 16 %, 13 % on average, never 17 %.';
    expect(complaints('every number', lesson(prose, ''), { results })).toHaveLength(1);
  });

  test('that an exercise gives are free; what a study found is not, nor a slide’s title', () => {
    const exercise =
      '## 9 · Exercises\n\nTake 0.45.\n\n<details><summary>What we found</summary>\n';
    expect(missing(`${exercise}\nIt is 0.55.\n</details>`)).toEqual(['0.55']);
    expect(missing('<!-- slide: Attention halves the error to 6.5 % -->')).toEqual(['6.5 %']);
  });

  test('are read with their digits and units', () => {
    const read = (prose: string) => quotedNumbers(prose).map(({ text: said }) => said);
    expect(read('1.2e-7 and 8 × 8, −0.5, 2,359,296, 2.5-fold')).toEqual([
      '1.2e-7',
      '0.5',
      '2,359,296',
      '2.5 -fold',
    ]);
    const printed = (said: string) => printedNumbers(said).map(({ value }) => value);
    const many = printed('[0,100] 1,024 of <b style="width: 3%">5</b>');
    expect(many).toEqual(expect.arrayContaining([0, 100, 1024, 5]));
    expect(many).not.toContain(3);
  });

  test('a whole number of percent is no count that stands somewhere', () => {
    const [quoted] = quotedNumbers('5 % of them');
    const from = (said: string) => printedNumbers(said).some((one) => comesFrom(quoted, one));
    expect(from('5 words')).toBe(false);
    expect(from('5 %')).toBe(true);
    expect(from('0.053')).toBe(true);
    expect(from('0.056')).toBe(false);
  });
});

describe('figures', () => {
  const about = (...makers: (() => object)[]) => complaints('text before', notebook(...makers));
  const drawn = () => code('show(x)', [figure([[1]])]);
  const look = () => text('What to look for: which row is dark?');
  const seen = () => text('The third row is dark, the rest is not. Next, look at the columns.');

  test('have a text before and one after', () => {
    expect(about(look, drawn, seen)).toEqual([]);
    expect(about(look, drawn, () => code('more()'), seen, drawn, seen)).toEqual([]);
  });

  test('are reported without one', () => {
    expect(about(drawn, seen)).toEqual([
      'cell 0 (c0): no text before the figure says what to look for',
    ]);
    expect(about(look, drawn)).toEqual([
      'cell 1 (c1): no text after the figure says what is there',
    ]);
    const notes = () => text('Ask the room what they see.', { slideshow: { slide_type: 'notes' } });
    expect(about(look, drawn, notes)).toHaveLength(1);
  });

  test('need a text of their own: none that begins the next section, none for two', () => {
    const next = () => text('## 8 · Where it breaks\n\nFive classic mistakes, none of them loud.');
    expect(about(look, drawn, next)).toHaveLength(1);
    expect(about(look, drawn, drawn, seen)).toHaveLength(2);
    expect(about(look, drawn, look, drawn, seen)).toEqual([
      'cell 1 (c1): one sentence between this figure and the next cannot serve both',
    ]);
  });
});

describe('the budget', () => {
  const long = `${'word '.repeat(4600)}$x$ \`code\``;

  test('counts words, formulas and code as one each, optional parts and notes apart', () => {
    const made = notebook(
      () => text('# A title\n\nFive words and a $\\frac{1}{2}$.\n\n$$\na + b\n$$'),
      () => text('### More of it (optional)\n\nfour words are here\n\n### And on\n\nHere.'),
      () => text('For the lecturer.', { slideshow: { slide_type: 'notes' } }),
    );
    expect(countWords(notebookOf({ cells: made as Cell[] }).blocks)).toEqual({
      line: 10,
      optional: 8,
    });
  });

  test('refuses a lesson that is too long, unless its lesson.json says so', () => {
    const made = notebook(() => text(long));
    expect(complaints('budget', made)).toEqual([
      '4602 words (and 0 in optional parts), but at most 4500',
    ]);
    expect(complaints('budget', made, { budget: { words: 5000 } })).toEqual([]);
    const many = notebook(...Array.from({ length: 66 }, () => () => text('A cell.')));
    expect(complaints('budget', many)).toEqual(['66 cells, but at most 65']);
    const large = notebook(() => code('x', [stream('x'.repeat(1_000_001))]));
    expect(complaints('budget', large).join()).toContain('bytes, but at most 1000000');
  });
});

describe('heatmaps of weights', () => {
  const rows = (z: (number | null)[][], meta?: object) =>
    complaints(
      'weights whole',
      notebook(() => code('show(x)', [figure(z, meta)])),
    );

  test('have rows that sum to 1, or to 0 for a query that sees nothing', () => {
    expect(
      rows([
        [0.25, 0.75],
        [1, null],
        [0, 0],
      ]),
    ).toEqual([]);
  });

  test('are refused if a key is cut off', () => {
    const whole = [
      [0.1, 0.1, 0.014, 0.786],
      [0.9, 0.1, 0, 0],
    ];
    expect(rows(whole)).toEqual([]);
    expect(rows(whole.map((row) => row.slice(0, 3)))).toEqual([
      'cell 0 (c0): “Head 1”: in panel 1, row 1 sums to 0.214, not 1. Is a key cut off? If these are no weights: `weights: false`',
    ]);
  });

  test('are none in a stepper, which has compared its own', () => {
    const { data, layout } = stepper({
      ...{ title: 'One query', queries: ['a'], keys: ['a', 'b'], scores: [[0, Math.log(3)]] },
      ...{ weights: [[0.25, 0.75]], values: [[5], [6]] },
    });
    const output = { output_type: 'display_data', data: { [plotly]: { data, layout } } };
    const made = notebook(() => code('show(x)', [output]));
    expect(complaints('weights whole', made)).toEqual([]);
  });

  test('are none if the figure says so, or shows scores', () => {
    expect(rows([[3, 4]], { weights: false })).toEqual([]);
    const scores = figure([[3, -4]]);
    (scores.data[plotly] as any).data[0].zmin = -4;
    expect(
      complaints(
        'weights whole',
        notebook(() => code('x', [scores])),
      ),
    ).toEqual([]);
  });
});

describe('claims', () => {
  const verdict = stream('| ✓ | **longer is worse** | 2 | 2.1 |');
  const seven = () => text('## 7 · The paper’s claim in miniature');
  const lesson = (ours: string, { outputs = [verdict], tags = ['core'], before = '' } = {}) =>
    complaints(
      'claims that are measured',
      notebook(
        () => code(`const errors = measure();\n${before}`),
        seven,
        () =>
          code(`claim({ claim: 'longer is worse', paper: 2, ${ours}, atLeast: 1.5 })`, outputs, {
            tags,
          }),
      ),
    );

  test.each([
    'ours: errors[1] / errors[0]',
    'ours',
    'ours: runs.map((run) => run.error)',
    'ours: Math.max(...errors)',
    'ours: [one.error, 2.1]',
  ])('pass if they are measured: %s', (ours) => {
    expect(lesson(ours)).toEqual([]);
  });

  test.each([
    ['ours: 2.1', ''],
    ['ours: [1.9, -2.2]', ''],
    ['ours: 100 * (0.4 / 2)', ''],
    ['ours: Math.max(2.1, 2)', ''],
    ['ours: x', 'const x = 2.1;'],
    ['ours: typed.error', 'const typed = { error: 2.1 };'],
    ['ours: list[0]', 'const list = [2.1] as number[];'],
    ['ours', 'const ours = true ? 2.1 : 2;'],
  ])('are refused if nothing measures them: %s %s', (ours, before) => {
    const [complaint, ...others] = lesson(ours, { before });
    expect(complaint).toContain('a claim that nothing measures');
    expect(others).toEqual([]);
  });

  test('must be there, in section 7', () => {
    const elsewhere = notebook(
      seven,
      () => text('## 8 · Where it breaks'),
      () => code('claim(x)'),
    );
    expect(complaints('claims that are measured', elsewhere)).toEqual([
      'no cell of section 7 calls claim(…)',
    ]);
    const mentioned = notebook(seven, () => code('// claim(x)'));
    expect(complaints('claims that are measured', mentioned)).toHaveLength(1);
  });

  test('must have printed a verdict, and be in the talk', () => {
    expect(lesson('ours', { outputs: [] }).join()).toContain('printed no verdict');
    expect(lesson('ours', { tags: [] }).join()).toContain('not in the talk');
  });
});

describe('stored results', () => {
  const results = { setting: 'seeds 1 to 3', numbers: { error: [1, 2, 3], once: [1] } };
  const lesson = (source: string, printed: string) =>
    complaints(
      'among the stored',
      notebook(() => code(source, [stream(printed)])),
      { results },
    );
  const inside = '✓ error: this run 2.00; stored 2.00 (1.00 to 3.00, 3 runs): seeds 1 to 3';

  test('are compared with the lesson’s own run, which lies inside', () => {
    expect(lesson("compareWithStored(stored, 'error', x);", inside)).toEqual([]);
    expect(lesson('show(stored)', '')).toEqual([
      'its room has results.json, but no cell calls compareWithStored(…)',
    ]);
    expect(lesson("compareWithStored(stored, 'error', x);", '')).toHaveLength(1);
    const outside = inside.replace('✓', '✗');
    expect(lesson("compareWithStored(stored, 'error', x);", outside).join()).toContain(
      'lies outside',
    );
  });

  test('have three runs at least', () => {
    expect(lesson("compareWithStored(stored, 'once', x);", inside)).toEqual([
      'cell 0 (c0): “once” has fewer than three stored runs',
    ]);
  });

  test('are not asked of a lesson that has none', () => {
    expect(complaints('among the stored', notebook())).toEqual([]);
  });
});

test('code that only draws is folded, and notes, and nothing else, by one command', () => {
  const slide = { slideshow: { slide_type: 'slide' } };
  const notes = { slideshow: { slide_type: 'notes' } };
  const hidden = { jupyter: { source_hidden: true } };
  const made = notebook(
    () => code('show(x)', [], { tags: ['hide-input'], ...slide }),
    () => code('learn(x)', [], hidden),
    () => text('> **For the lecturer.** Ask the room.', notes),
    () => text('A note of another kind.', { ...notes, ...hidden }),
  );
  expect(complaints('folds', made)).toHaveLength(4);
  fold({ cells: made as Cell[] });
  expect(complaints('folds', made)).toEqual([
    'cell 3 (m3): notes whose first line, which the Lab shows, says more than whom they are for: `npm run lesson -- fold`',
  ]);
  expect(made).toMatchObject([
    { metadata: { ...slide, ...hidden } },
    { metadata: {} },
    { metadata: { ...notes, ...hidden }, source: '> **For the lecturer.**\n> Ask the room.' },
    { source: 'A note of another kind.' },
  ]);
});

test('nothing is left of the skeleton, of which each part says what belongs there', () => {
  const skeleton = lessonCells({ number: '03', title: 'Six', slides: [] });
  const left = complaints('written to its end', skeleton);
  for (const part of parts.keys()) expect(left.join('\n')).toContain(`(part-${part + 1})`);
  expect(complaints('has exercises', skeleton)).toEqual([]);
  expect(complaints('folds', skeleton)).toEqual([]);
  expect(complaints('written to its end', notebook(seen))).toEqual([]);
  function seen() {
    return text('All is there, and so on … to the end.');
  }
});

describe('exercises and questions', () => {
  const hint = '<details><summary>Hint</summary>\n\nLook.\n</details>\n';
  const exercise = (i: number, title: string) => () =>
    text(`### 3.${i} · ${title}\n\nWrite it.\n\n${hint}`);
  const found = '<details><summary>What we found</summary>\n\nIt falls.\n</details>';
  const answer = (i: number) => `<details><summary>${i}. Why?</summary>\n\nSo.\n</details>\n`;
  const good = [
    () => text('## 9 · Exercises'),
    exercise(1, 'With a pencil (easy, 5 minutes)'),
    exercise(2, 'A step (medium, 15 minutes)'),
    exercise(3, 'Who wins? (a small study, 30 minutes)'),
    () => text(found),
    () => text(`## 10 · Test yourself\n\n${[1, 2, 3, 4, 5].map(answer).join('\n')}`),
  ];
  const without = (i: number, ...instead: (() => object)[]) => [
    ...good.slice(0, i),
    ...instead,
    ...good.slice(i + 1),
  ];
  const check = (...makers: (() => object)[]) => complaints('exercises', notebook(...makers));

  test('pass with minutes, hints, what we found, and five answers', () => {
    expect(check(...good)).toEqual([]);
  });

  test('are refused without', () => {
    expect(check(...without(1))).toEqual(['2 exercises, not three or four']);
    expect(check(...without(1, exercise(1, 'With a pencil'))).join()).toContain(
      'does not end in (difficulty, N minutes)',
    );
    const bare = () => text('### 3.1 · With a pencil (easy, 5 minutes)');
    expect(check(...without(1, bare)).join()).toContain('no folded hint');
    expect(check(...without(4)).join()).toContain('what we found');
    expect(check(...good.slice(0, 5))).toEqual(['0 questions with folded answers, not five']);
  });
});
