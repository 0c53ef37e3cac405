/**
 * Pairs of submissions whose answers are alike beyond chance. Fingerprints of a dozen words each
 * (winnowing, by Dolos) are compared; names do not count. What many wrote says little: a fingerprint
 * that c of n have weighs log2(n / c) bits, and the course's own solutions are among the n.
 */
import { readFileSync } from 'node:fs';
import { File, FingerprintIndex, Region, TokenizedFile } from '@dodona/dolos-core';
import { ts } from '../kernel/typescript.ts';
import { joined, type Notebook } from '../notebooks/nbformat.ts';
import { SetupError } from '../setup/errors.mjs';
import { type Exercise, readAssignment } from './assignment.ts';
import { type ClassFolder, homeworkOf } from './class-folder.ts';
import { rebuild } from './rebuild.ts';
import { solutions } from './trials.ts';

/** Words of a fingerprint, and fingerprints of which one at least is kept. */
const fingerprint = { words: 12, window: 4 };
/** What two answers must have in common: bits, and their share in all bits of the smaller one. */
export const least = { bits: 40, share: 0.5 };

/** Answers by the exercise's id. */
type Work = { who: string; answers: Record<string, string> };

/** Words of a program, whatever its names are: of those, only what is asked of an object stays. */
function words(code: string) {
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

function tokenized(who: string, code: string) {
  const tokens = words(code);
  const places = tokens.map((_, at) => new Region(0, at, 0, at));
  return new TokenizedFile(new File(who, ''), tokens, places);
}

/**
 * @param works of those who are compared
 * @param others that tell what is common
 * @param ids of the exercises
 * @returns who is alike and in which exercises, the most alike first
 */
export function alike(
  works: Work[],
  others: Work[],
  ids: string[],
): { pair: string[]; bits: number; where: string[] }[] {
  const found = new Map<string, { pair: string[]; bits: number; where: string[] }>();
  for (const id of ids)
    for (const { pair, bits } of alikeIn(works, others, id)) {
      const one = found.get(pair.join('\n')) ?? { pair, bits: 0, where: [] };
      one.bits += bits;
      one.where.push(id);
      found.set(pair.join('\n'), one);
    }
  return [...found.values()].sort((a, b) => b.bits - a.bits);
}

/** @param id of an exercise */
function alikeIn(works: Work[], others: Work[], id: string) {
  const files = [...works, ...others].flatMap(({ who, answers }, i) =>
    answers[id] ? [{ who, isOurs: i < works.length, file: tokenized(who, answers[id]) }] : [],
  );
  const index = new FingerprintIndex(fingerprint.words, fingerprint.window);
  index.addFiles(files.map(({ file }) => file));
  const all = index.sharedFingerprints().map((one) => ({
    files: new Set(one.files()),
    bits: Math.log2(files.length / one.fileCount()),
  }));
  const sum = (list: typeof all) => list.reduce((total, { bits }) => total + bits, 0);
  const ours = files
    .filter(({ isOurs }) => isOurs)
    .map((one) => ({ ...one, prints: all.filter(({ files }) => files.has(one.file)) }));
  return ours.flatMap((mine, i) =>
    ours.slice(i + 1).flatMap((theirs) => {
      const common = sum(mine.prints.filter(({ files }) => files.has(theirs.file)));
      const share = common / Math.min(sum(mine.prints), sum(theirs.prints));
      return common >= least.bits && share >= least.share
        ? [{ pair: [mine.who, theirs.who], bits: common }]
        : [];
    }),
  );
}

/** @param words the number of the assignment */
export function similar(folder: ClassFolder, [number]: string[]) {
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
  for (const { pair, bits, where } of found)
    console.log(`${pair.join(' and ')}: ${where.join(', ')} (${Math.round(bits)} bits)`);
  console.log(
    found.length > 0
      ? '\nThese are places to look at, not verdicts: who worked together, or from the same page, is alike, too.'
      : `No two of ${works.length} are alike beyond chance.`,
  );
}

const answersIn = (notebook: Notebook, ids: string[]): Record<string, string> =>
  Object.fromEntries(
    notebook.cells.flatMap(({ metadata, source }) => {
      const id = metadata.nbgrader?.grade_id ?? '';
      return ids.includes(id) ? [[id, joined(source)]] : [];
    }),
  );

/** Solutions that nobody copied: the reference, the right and the wrong ones of the room. */
export function ownSolutions(room: string, exercises: Exercise[]): Work[] {
  const all = exercises.map(({ id, solution }) => [
    solution,
    ...['right', 'wrong'].flatMap((kind) =>
      solutions(room, kind as 'right' | 'wrong')
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
