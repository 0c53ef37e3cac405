// @ts-check
/**
 * Pairs of submissions whose answers are alike beyond chance. Fingerprints of a dozen words each
 * (winnowing, by Dolos) are compared; names do not count. What many wrote says little: a fingerprint
 * that c of n have weighs log2(n / c) bits, and the course's own solutions are among the n.
 */
import { readFileSync } from 'node:fs';
import { File, FingerprintIndex, Region, TokenizedFile } from '@dodona/dolos-core';
import { SetupError } from '../setup/errors.mjs';
import { readAssignment, ts } from './assignment.mjs';
import { homeworkOf } from './class-folder.mjs';
import { rebuild } from './rebuild.mjs';
import { solutions } from './trials.mjs';

/** Words of a fingerprint, and fingerprints of which one at least is kept. */
const fingerprint = { words: 12, window: 4 };
/** What a pair must have in common: bits, and of what either has that many have not, that share. */
export const least = { bits: 40, share: 0.5 };

/** @typedef {{ who: string, answers: Record<string, string> }} Work answers by the exercise's id */

/**
 * Words of a program, whatever its names are: of those, only what is asked of an object stays.
 *
 * @param {string} code
 */
function words(code) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, undefined, code);
  const result = [];
  let last = '';
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const isName = kind === ts.SyntaxKind.Identifier && last !== '.';
    last = scanner.getTokenText();
    result.push(isName ? 'name' : last);
  }
  return result;
}

/** @param {Work} work @param {string[]} ids of the exercises, in order */
function tokenized({ who, answers }, ids) {
  /** @type {string[]} */
  const tokens = [];
  /** @type {Region[]} */
  const places = [];
  for (const [i, id] of ids.entries())
    for (const [at, word] of words(answers[id] ?? '').entries()) {
      tokens.push(word);
      places.push(new Region(i, at, i, at));
    }
  return new TokenizedFile(new File(who, ''), tokens, places);
}

/**
 * @param {Work[]} works of those who are compared
 * @param {Work[]} others that tell what is common
 * @param {string[]} ids of the exercises
 * @returns {{ pair: [string, string], bits: number, share: number, where: string[] }[]} the most alike first
 */
export function alike(works, others, ids) {
  const index = new FingerprintIndex(fingerprint.words, fingerprint.window);
  const files = [...works, ...others].map((work) => tokenized(work, ids));
  index.addFiles(files);
  const shared = index.sharedFingerprints();
  /** @param {import('@dodona/dolos-core').SharedFingerprint} one */
  const bits = (one) => Math.log2(files.length / one.fileCount());
  const sum = (/** @type {typeof shared} */ list) => list.reduce((all, one) => all + bits(one), 0);
  const of = new Map(
    files.map((file) => [file, shared.filter((one) => one.occurrencesOf(file).length > 0)]),
  );
  const found = [];
  for (let i = 0; i < works.length; i++)
    for (let j = i + 1; j < works.length; j++) {
      const [mine, theirs] = [of.get(files[i]) ?? [], of.get(files[j]) ?? []];
      const known = new Set(theirs);
      const both = mine.filter((one) => known.has(one));
      const common = sum(both);
      const share = common / Math.max(1, Math.min(sum(mine), sum(theirs)));
      if (common < least.bits || share < least.share) continue;
      const rows = both.flatMap((one) =>
        one.occurrencesOf(files[i]).map(({ side }) => side.location.startRow),
      );
      const where = ids.filter((_, row) => rows.includes(row));
      const pair = /** @type {[string, string]} */ ([works[i].who, works[j].who]);
      found.push({ pair, bits: Math.round(common), share, where });
    }
  return found.sort((a, b) => b.bits - a.bits);
}

/**
 * @param {import('./class-folder.mjs').ClassFolder} folder
 * @param {string[]} words the number of the assignment
 */
export function similar(folder, [number]) {
  const { name, room } = homeworkOf(number);
  folder.requireRelease(name);
  const { exercises } = readAssignment(folder.source(name));
  const ids = exercises.map(({ id }) => id);
  const released = JSON.parse(readFileSync(folder.release(name), 'utf8'));
  const stubs = answersIn(released, ids);
  const works = folder.students(name).map((who) => {
    const { notebook } = rebuild(folder.submitted(name, who), released, name);
    const answers = answersIn(notebook, ids);
    for (const id of ids) if (answers[id] === stubs[id]) delete answers[id];
    return { who, answers };
  });
  if (works.length < 2) throw new SetupError(`Fewer than two have handed in homework ${name}.`);
  const found = alike(works, ownSolutions(room, exercises), ids);
  for (const { pair, bits, share, where } of found)
    console.log(
      `${pair.join(' and ')}: ${bits} bits, ${Math.round(100 * share)} % of what is not common: ${where.join(', ')}`,
    );
  console.log(
    found.length > 0
      ? '\nThese are places to look at, not verdicts: who worked together, or from the same page, is alike, too.'
      : `No two of ${works.length} are alike beyond chance.`,
  );
}

/** @param {any} notebook @param {string[]} ids @returns {Record<string, string>} */
const answersIn = (notebook, ids) =>
  Object.fromEntries(
    notebook.cells.flatMap((/** @type {any} */ { metadata, source }) => {
      const id = metadata.nbgrader?.grade_id;
      return ids.includes(id) ? [[id, [source].flat().join('')]] : [];
    }),
  );

/**
 * Solutions that nobody copied: the reference, the right and the wrong ones of the room.
 *
 * @param {string} room
 * @param {import('./assignment.mjs').Exercise[]} exercises
 * @returns {Work[]}
 */
function ownSolutions(room, exercises) {
  const all = exercises.map(({ id, solution }) => [
    solution,
    ...['right', 'wrong'].flatMap((kind) =>
      solutions(room, /** @type {'right' | 'wrong'} */ (kind))
        .filter((one) => one.id === id)
        .map(({ code }) => code),
    ),
  ]);
  const most = Math.max(...all.map((list) => list.length));
  return Array.from({ length: most }, (_, i) => ({
    who: `solution ${i + 1}`,
    answers: Object.fromEntries(exercises.map(({ id }, at) => [id, all[at][i] ?? ''])),
  }));
}
