/** Answers that compute nothing but have the right shape: an exercise must not pay for them. */
import { createRequire } from 'node:module';
import type { Answers } from 'attention';
import type { Definition } from './assignment.ts';
import { encode } from './codec.ts';

const { judgeHomework, tf }: typeof import('attention') = createRequire(import.meta.url)(
  'attention',
);

/** A way of answering: makes something of the shape of what is right. */
type Way = (right: unknown, input: unknown[]) => unknown;

/** The numbers that a learner sees in the notebook. */
const notebookSeed = 1;

/** A row of zeros with a 1. */
const oneHot = (row: number[], at: number) => row.map((_, i) => (i === at ? 1 : 0));
const share = (row: number[]) => 1 / Math.max(1, row.filter((x) => x !== 0).length);

/**
 * Ways that look at nothing but the shape, and where the right answer has zeros. They make a row of
 * numbers from the right one; a number alone is a row of one.
 */
const rows: Record<string, (row: number[], place: number) => number[]> = {
  zeros: (row) => row.map(() => 0),
  ones: (row) => row.map(() => 1),
  'minus one everywhere': (row) => row.map(() => -1),
  'a half everywhere': (row) => row.map(() => 0.5),
  'a hundred everywhere': (row) => row.map(() => 100),
  uniform: (row) => row.map(() => 1 / row.length),
  'uniform where there is something': (row) => row.map((x) => (x === 0 ? 0 : share(row))),
  identity: (row, place) => oneHot(row, place),
  'one-hot at the first': (row) => oneHot(row, 0),
  'one-hot at the last': (row) => oneHot(row, row.length - 1),
  'one-hot at the largest': (row) => oneHot(row, row.indexOf(Math.max(...row))),
  'counted up': (row) => row.map((_, i) => i),
  'the number of the row': (row, place) => row.map(() => place),
};

/** What stands for a text, one way after another. */
const letters = 'abcdefghijklm';

function ways(): Record<string, Way> {
  const copies = [0, 1, 2, 3].map((at): [string, Way] => [
    `argument ${at + 1} copied`,
    (right, input) => filled(right, numbersIn(input[at])),
  ]);
  const looking = Object.entries(rows).map(([name, row], i): [string, Way] => [
    name,
    (right) => shaped(right, row, letters[i]),
  ]);
  return Object.fromEntries([...looking, ...copies]);
}

/** @returns the same shape with other numbers */
function shaped(
  right: unknown,
  row: (row: number[], place: number) => number[],
  letter: string,
  place = 0,
): unknown {
  if (typeof right === 'number') return row([right], place)[0];
  if (typeof right === 'string') return letter;
  if (Array.isArray(right) && right.length > 0 && right.every((one) => typeof one === 'number'))
    return row(right, place);
  return mapped(right, (one, i) => shaped(one, row, letter, i));
}

/** @returns the same shape, filled from a list over and over */
function filled(right: unknown, source: number[]): unknown {
  let at = 0;
  const fill = (value: unknown): unknown =>
    typeof value === 'number' ? (source[at++ % source.length] ?? 0) : mapped(value, fill);
  return fill(right);
}

/** @param value list, tensor, object or anything else */
function mapped(value: unknown, of: (one: unknown, i: number) => unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof tf.Tensor)
    return tf.tensor(of(value.arraySync(), 0) as number[], value.shape, value.dtype);
  if (Array.isArray(value)) return value.map(of);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, of(one, 0)]));
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number' || typeof value === 'boolean') return [Number(value)];
  if (value instanceof tf.Tensor) return Array.from(value.dataSync());
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(numbersIn);
}

/**
 * The answers of an exercise, each with a way of its own.
 *
 * @param definition with the reference solution
 * @param wayOf by the name of the answer
 */
function answering({ answers }: Definition, wayOf: Record<string, Way>): Answers {
  return Object.fromEntries(
    Object.entries(answers).map(([name, right]) => {
      const way = wayOf[name];
      const call = async (...input: unknown[]) => way(right(...input), input);
      // As if its gradient were of that kind, too.
      const gradients = async (input: unknown[]) =>
        input.flatMap((one) => (one instanceof tf.Tensor ? [way(one, input)] : []));
      return [name, Object.assign(call, { gradients })];
    }),
  );
}

/** Whatever the notebook's own look asks is looked up, and all else is 0. */
async function lookedUp(definition: Definition) {
  const known = new Set<string>();
  const key = (name: string, input: unknown[]) => JSON.stringify([name, encode(input, tf)]);
  const recording = Object.fromEntries(
    Object.entries(definition.answers).map(([name, right]) => [
      name,
      (...input: unknown[]) => {
        const result = right(...input);
        known.add(key(name, input));
        return result;
      },
    ]),
  );
  const behaviours = definition.behaviours.filter(({ hidden }) => !hidden);
  await judgeHomework({ ...definition, behaviours, answers: recording }, notebookSeed);
  const way: (name: string) => Way = (name) => (right, input) =>
    known.has(key(name, input)) ? right : shaped(right, rows.zeros, '');
  return Object.fromEntries(Object.keys(definition.answers).map((name) => [name, way(name)]));
}

/**
 * What each way of answering nothing would get, and what the best mixture of them.
 *
 * @param definition with the reference solution
 * @returns the best first
 */
export async function battery(
  definition: Definition,
  seed: number,
): Promise<{ way: string; points: number; held: string[] }[]> {
  const names = Object.keys(definition.answers);
  const all = ways();
  const judged = async (way: string, wayOf: Record<string, Way>) => {
    const answers = answering(definition, wayOf);
    const { points, outcomes } = await judgeHomework({ ...definition, answers }, seed);
    const held = outcomes.flatMap(({ mark, counts, line }) =>
      mark === '✓' && counts ? [line] : [],
    );
    return { way, points, held };
  };
  const mixed = (chosen: Record<string, string>) => {
    const used = [...new Set(Object.values(chosen))];
    const said = names.map((name) => `${name}: ${chosen[name]}`).join(', ');
    const wayOf = Object.fromEntries(names.map((name) => [name, all[chosen[name]]]));
    return judged(used.length === 1 ? used[0] : said, wayOf);
  };
  const result = [];
  let best = { points: -1, chosen: {} as Record<string, string> };
  const tried = async (chosen: Record<string, string>) => {
    const one = await mixed(chosen);
    result.push(one);
    if (one.points > best.points) best = { points: one.points, chosen };
  };
  for (const way of Object.keys(all))
    await tried(Object.fromEntries(names.map((name) => [name, way])));
  if (names.length > 1)
    for (const name of names)
      for (const way of Object.keys(all)) await tried({ ...best.chosen, [name]: way });
  result.push(await judged('the answers to what the notebook asks', await lookedUp(definition)));
  return result.sort((a, b) => b.points - a.points);
}
