/** What every lesson must keep, read from its committed notebook; nothing is executed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results } from '../../src/notebook/stored-results.ts';
import type { Lesson } from '../lessons.ts';
import { plotlyMime } from '../notebooks/nbformat.ts';
import { callsOf, claimsIn } from './claims.ts';
import {
  type Block,
  type Cell,
  type Notebook,
  readNotebook,
  sentenceAt,
  words,
} from './notebook.ts';
import { comesFrom, printedNumbers, quotedNumbers } from './numbers.ts';
import { parts, toWrite } from './skeleton.ts';

type Budget = { words?: number; cells?: number; bytes?: number };

/** A lesson as its rules see it. */
export interface Subject {
  notebook: Notebook;
  /** Of its lesson.json: numbers, and where they stand. */
  quoted?: Record<string, string>;
  /** Of its lesson.json. */
  budget?: Budget;
  /** Its results.json. */
  results?: Results;
}

interface Complaint {
  cell?: Cell;
  what: string;
}

/** What a lesson may take, if its lesson.json does not say otherwise. */
export const budget = { words: 4500, cells: 65, bytes: 1_000_000 };

const claimSection = 7;
const exercises = 9;
const selfTest = 10;

export function subjectOf(lesson: Lesson): Subject {
  const stored = join(lesson.room, 'results.json');
  return {
    notebook: readNotebook(lesson.notebook),
    quoted: lesson.quoted,
    budget: lesson.budget,
    results: existsSync(stored) ? JSON.parse(readFileSync(stored, 'utf8')) : undefined,
  };
}

/** A complaint as a line: 'cell 46 (heatmaps-2): …'. */
export const lineOf = ({ cell, what }: Complaint) =>
  cell ? `cell ${cell.index} (${cell.id}): ${what}` : what;

export const rules: Record<string, (subject: Subject) => Complaint[]> = {
  'has all parts in order, formulas and code that fit, and clean outputs': form,
  'prints every number that its text quotes, or says where it stands': numbers,
  'has text before and after each figure': figures,
  'keeps its budget of words, cells and bytes': size,
  'draws weights whole: each row sums to 1 over its keys': weights,
  'has claims that are measured, print their verdict and are in the talk': claims,
  'shows that its own run lies among the stored ones': storedRuns,
  'folds code that only draws, and notes for the lecturer': folded,
  'is written to its end': unwritten,
  'has exercises with minutes and hint, and five questions with folded answers': questions,
};

function form({ notebook: { cells } }: Subject): Complaint[] {
  const prose = cells.filter(({ type }) => type === 'markdown');
  const code = cells.filter(({ type }) => type === 'code');
  const headings = prose.flatMap(({ source }) => source.match(/^## .*$/gm) ?? []).join('\n');
  const wanted = parts.map((part, i) => `## ${i + 1} · ${part}`).join('\n');
  const fences = prose.flatMap((cell) => {
    const lines = cell.source.split('\n').filter((line) => line.includes('$$'));
    return lines.length % 2 === 0 && lines.every((line) => line.trim() === '$$')
      ? []
      : [{ cell, what: 'a formula that is not closed, or shares a line with its $$' }];
  });
  const large = code.flatMap((cell) => {
    const lines = cell.source.split('\n');
    const long = lines.find((line) => line.length > 100);
    return [
      ...(lines.length < 40 ? [] : [{ cell, what: `${lines.length} lines of code, not under 40` }]),
      ...(long ? [{ cell, what: `${long.length} characters in a line, not 100: ${long}` }] : []),
    ];
  });
  const unclean = code.flatMap((cell) =>
    cell.outputs.flatMap(({ type, stream, data }) => [
      ...(type === 'error' || stream === 'stderr'
        ? [{ cell, what: `an output is ${stream ?? type}` }]
        : []),
      ...(data[plotlyMime] && !(data['image/png'] && data['text/plain'])
        ? [{ cell, what: 'a figure without its image and its words' }]
        : []),
    ]),
  );
  return [
    ...(headings === wanted ? [] : [{ what: `its parts are\n${headings}\nnot\n${wanted}` }]),
    ...fences,
    ...large,
    ...unclean,
  ];
}

function numbers({ notebook: { cells, blocks }, quoted = {}, results }: Subject): Complaint[] {
  const headings = cells.flatMap(({ type, source }) =>
    type === 'markdown' ? (source.match(/(?<=^#+ )\d+\.\d+(?= )/gm) ?? []) : [],
  );
  const sections = new Set(headings);
  const printed = cells
    .filter(({ type }) => type === 'code')
    .flatMap(({ source, outputs }) => [
      ...printedNumbers(source, { code: true }),
      ...outputs.flatMap(({ text }) => printedNumbers(text)),
    ]);
  for (const runs of Object.values(results?.numbers ?? {})) {
    const mean = runs.reduce((sum, x) => sum + x, 0) / runs.length;
    printed.push(...printedNumbers([...runs, mean].join(' ')));
  }
  const bare = (text: string) => text.replace(/[\s\u00a0,]/g, '');
  const unused = new Map(Object.keys(quoted).map((key) => [bare(key), key]));
  let citing = false;
  const missing: Complaint[] = [];
  for (const { cell, text, kind, section, folded } of blocks) {
    citing = kind !== 'heading' && (citing || text === 'References');
    if (citing && text.startsWith('- ')) continue;
    // What an exercise or a question gives is no result; what a study found is, and an answer.
    if (section === exercises && !/found/i.test(folded)) continue;
    if (section === selfTest && text === folded) continue;
    for (const number of quotedNumbers(text, sections)) {
      const keys = [bare(number.text), bare(number.text).replace(/[^\d.e−-].*/, '')];
      const listed = keys.some(
        (key) => unused.has(key) || Object.keys(quoted).map(bare).includes(key),
      );
      for (const key of keys) unused.delete(key);
      if (listed || printed.some((one) => comesFrom(number, one))) continue;
      const what = `nothing prints ${number.text}: “${sentenceAt(text, number.at)}”`;
      missing.push({ cell, what });
    }
  }
  const idle = [...unused.values()].map((key) => ({
    what: `lesson.json: the text does not quote ${key} any more`,
  }));
  return [...missing, ...idle];
}

/** Plotly's JSON of a figure, as far as rules read it. */
interface Figure {
  data: {
    type?: string;
    meta?: { weights?: boolean };
    zmin?: number;
    z?: (number | null)[][];
  }[];
  layout: { title?: { text?: string }; meta?: { weights?: boolean } };
}

const figuresOf = ({ outputs }: Cell) =>
  outputs.flatMap(({ data }) => (data[plotlyMime] as Figure | undefined) ?? []);

function figures({ notebook: { cells, blocks } }: Subject): Complaint[] {
  const drawn = cells.filter((cell) => figuresOf(cell).length > 0);
  const said = blocks.filter(({ cell, kind }) => !cell.notes && kind !== 'slide');
  return drawn.flatMap((cell, i) => {
    const before = said.filter(
      (block) => block.cell.index < cell.index && block.cell.index > (drawn[i - 1]?.index ?? -1),
    );
    const after = said.filter(
      (block) =>
        block.cell.index > cell.index && block.cell.index < (drawn[i + 1]?.index ?? cells.length),
    );
    const heading = after.findIndex(({ kind }) => kind === 'heading');
    const then = heading < 0 ? after : after.slice(0, heading);
    const begins = before.map(({ kind }) => kind).lastIndexOf('heading');
    const first = before.slice(begins + 1);
    // One text between two figures serves both: it says what is there, and what to look for next.
    const shared = heading < 0 && i + 1 < drawn.length;
    return [
      ...(sentences(first) > 0 ? [] : ['no text before the figure says what to look for']),
      ...(sentences(then) > 0 ? [] : ['no text after the figure says what is there']),
      ...(shared && sentences(then) === 1
        ? ['one sentence between this figure and the next cannot serve both']
        : []),
    ].map((what) => ({ cell, what }));
  });
}

const sentences = (blocks: Block[]) =>
  blocks
    .filter(({ text }) => words(text) > 3)
    .map(({ text }) => text.split(/[.!?]["”*)]*(?: |$)/).filter(Boolean).length)
    .reduce((a, b) => a + b, 0);

function size({ notebook: { cells, blocks, bytes }, budget: own = {} }: Subject): Complaint[] {
  const most = { ...budget, ...own };
  const count = countWords(blocks);
  return [
    { is: count.line, most: most.words, of: `words (and ${count.optional} in optional parts)` },
    { is: cells.length, most: most.cells, of: 'cells' },
    { is: bytes, most: most.bytes, of: 'bytes' },
  ]
    .filter((one) => one.is > one.most)
    .map((one) => ({ what: `${one.is} ${one.of}, but at most ${one.most}` }));
}

/**
 * The words of a lesson, without the lecturer's notes; those below a heading that ends in
 * '(optional)' apart.
 */
export function countWords(blocks: Block[]) {
  const count = { line: 0, optional: 0 };
  let apart = 0;
  for (const { cell, text, kind, level } of blocks) {
    if (cell.notes || kind === 'slide') continue;
    if (kind === 'heading' && (apart === 0 || level <= apart)) {
      apart = text.endsWith('(optional)') ? level : 0;
    }
    count[apart > 0 ? 'optional' : 'line'] += words(text);
  }
  return count;
}

function weights({ notebook: { cells } }: Subject): Complaint[] {
  return cells.flatMap((cell) =>
    figuresOf(cell).flatMap(({ data, layout }) => {
      // Over an image, it is a whole map that sums to 1.
      if (data.some(({ type }) => type === 'image')) return [];
      const odd = data
        .filter((trace) => trace.type === 'heatmap')
        .filter(({ meta, zmin }) => meta?.weights ?? layout.meta?.weights ?? zmin === 0)
        .flatMap(({ z = [] }, panel) => oddRows(z, panel));
      if (odd.length === 0) return [];
      const what = `“${layout.title?.text}”: ${odd[0]}, not 1. Is a key cut off? If these are no weights: \`weights: false\``;
      return [{ cell, what }];
    }),
  );
}

/** The rows that are no weights; that of a query that sees nothing is all zeros. */
function oddRows(rows: (number | null)[][], panel: number): string[] {
  const is = (sum: number, x: number) => Math.abs(sum - x) < 0.005;
  return rows
    .map((row) => row.reduce((sum: number, x) => sum + (x ?? 0), 0))
    .flatMap((sum, i) =>
      is(sum, 1) || is(sum, 0)
        ? []
        : [`in panel ${panel + 1}, row ${i + 1} sums to ${sum.toFixed(3)}`],
    );
}

function claims({ notebook: { cells } }: Subject): Complaint[] {
  const code = cells.filter(({ type }) => type === 'code');
  const made = code.filter(({ source }) => callsOf(source, 'claim').length > 0);
  if (!made.some(({ section }) => section === claimSection)) {
    return [{ what: `no cell of section ${claimSection} calls claim(…)` }];
  }
  const constant = claimsIn(code.map(({ source }) => source))
    .filter((one) => one.constant)
    .map(({ cell, ours }) => ({
      cell: code[cell],
      what: `a claim that nothing measures: ours is ${ours}`,
    }));
  const shown = made.flatMap((cell) => [
    ...(cell.outputs.some(({ text }) => /^\| [✓✗]/m.test(text))
      ? []
      : [{ cell, what: 'the claim printed no verdict: run the lesson' }]),
    ...(cell.tags.includes('core')
      ? []
      : [{ cell, what: 'the claim is not in the talk: tag its cell `core`' }]),
  ]);
  return [...constant, ...shown];
}

function storedRuns({ notebook: { cells }, results }: Subject): Complaint[] {
  if (!results) return [];
  const compared = cells.filter(
    ({ type, source }) => type === 'code' && callsOf(source, 'compareWithStored').length > 0,
  );
  if (compared.length === 0) {
    return [{ what: 'its room has results.json, but no cell calls compareWithStored(…)' }];
  }
  return compared.flatMap((cell) => {
    const names = callsOf(cell.source, 'compareWithStored').flatMap(({ texts }) => texts);
    const few = names
      .filter((name) => (results.numbers[name]?.length ?? 3) < 3)
      .map((name) => ({ cell, what: `“${name}” has fewer than three stored runs` }));
    const text = cell.outputs.map((output) => output.text).join('\n');
    if (!/^✓ .*: this run /m.test(text)) {
      few.push({ cell, what: 'compareWithStored printed no ✓' });
    }
    for (const [line] of text.matchAll(/^✗ .*: this run .*$/gm)) {
      few.push({ cell, what: `its own run lies outside of the stored ones: ${line}` });
    }
    return few;
  });
}

function folded({ notebook: { cells } }: Subject): Complaint[] {
  return cells.flatMap((cell) => {
    const { type, tags, notes, folded: is, source } = cell;
    const kind = notes ? 'notes for the lecturer' : 'code tagged hide-input';
    const fold = notes || (type === 'code' && tags.includes('hide-input'));
    const shown = notes && !/^> \*\*[^*\n]*\*\*$/m.test(source.split('\n')[0]);
    if (fold === is && !shown) return [];
    const what = !fold
      ? 'folded, but neither code tagged hide-input nor notes'
      : is
        ? 'notes whose first line, which the Lab shows, says more than whom they are for'
        : `${kind}, not folded`;
    return [{ cell, what: `${what}: \`npm run lesson -- fold\`` }];
  });
}

/** What the skeleton has where an author's words come. */
const left = /\bTODO|^(?:- )?…$|: …\.$|\| … \||(?:lesson|from) …(?:\?|$)/m;

function unwritten({ notebook: { cells } }: Subject): Complaint[] {
  const bare = toWrite.replace(/\*/g, '');
  return cells
    .filter(({ source }) => source.includes(toWrite) || left.test(source))
    .map((cell) => ({ cell, what: `“${bare}” or “…” is left of the skeleton` }));
}

function questions({ notebook: { blocks } }: Subject): Complaint[] {
  const complaints: Complaint[] = [];
  const inPart = (part: number) => blocks.filter(({ section }) => section === part);
  const asked = inPart(exercises).filter(({ level }) => level === 3);
  if (asked.length < 3 || asked.length > 4) {
    complaints.push({ what: `${asked.length} exercises, not three or four` });
  }
  for (const { cell, text } of asked) {
    if (!/\(.*\d+ minutes\)$/.test(text)) {
      complaints.push({ cell, what: `“${text}” does not end in (difficulty, N minutes)` });
    }
    if (!/<summary>[^<]*hint/i.test(cell.source)) {
      complaints.push({ cell, what: `“${text}” has no folded hint` });
    }
  }
  const study = asked.find(({ text }) => /study/.test(text));
  if (!study) complaints.push({ what: 'no exercise is a small study' });
  else if (!inPart(exercises).some(({ folded }) => /found/i.test(folded))) {
    complaints.push({ cell: study.cell, what: 'what we found in the study is not folded in' });
  }
  const answers = new Set(inPart(selfTest).map(({ folded }) => folded));
  answers.delete('');
  if (answers.size !== 5) {
    complaints.push({ what: `${answers.size} questions with folded answers, not five` });
  }
  return complaints;
}
