/**
 * Every function of the library, given what does not fit: right, or refused in words. The table that
 * comes out is stored in `entrances.md`; `npx vitest run tests/attention/entrances.test.ts -u` renews it.
 */
/// <reference types="vite/client" />
import * as attention from 'attention';
import { tf } from 'attention';
import { expect, test } from 'vitest';
import { argumentsOf, called, hidden, masks } from './calls';

const library = attention as unknown as Record<string, unknown>;

/** Functions that take words, numbers, files or whole models: each has its own tests. */
const rooms = import.meta.glob('../../src/{data,lessons,notebook,plots}/**/*.ts', { eager: true });
const elsewhere = new Set([
  ...Object.values(rooms).flatMap((room) => Object.keys(room as object)),
  ...[
    'backendName',
    'checkpointFile',
    'loadCheckpoint',
    'saveCheckpoint',
    'taped',
    'train',
    'flatten',
    'variables',
    'recompute',
    'Adam',
  ],
  ...['errorByLength', 'guessesGivenTruth', 'pronounce', 'pronunciationErrors', 'spellingPairs'],
  'bucketsFor',
  'wordsOfLength',
  ...['languageModel', 'attentionInHeads', 'trainOnStreams', 'bitsPerCharacter', 'bitsInWindow'],
  'bitsByContext',
  ...['movingBaseline', 'captionerParameters', 'captioner', 'writeCaptions'],
  ...['eyeParameters', 'annotate'],
  'numberErrors',
  ...['intersectionOverUnion', 'suppress', 'averagePrecision', 'areaUnderPrecision'],
  'measureMemory',
]);

test('every exported function is looked at here or has its own tests', () => {
  const functions = Object.keys(library).filter((name) => typeof library[name] === 'function');
  expect(functions.filter((name) => !called.includes(name) && !elsewhere.has(name))).toEqual([]);
});

type Path = (string | number)[];
type Leaf = { path: Path; value: unknown };

/** Everything inside arguments: tensors, numbers, functions, and the objects that hold them. */
function leaves(value: unknown, path: Path = []): Leaf[] {
  const inside =
    value && typeof value === 'object' && !(value instanceof tf.Tensor)
      ? Object.entries(value)
      : [];
  const here = path.length > 0 ? [{ path, value }] : [];
  return [...here, ...inside.flatMap(([key, child]) => leaves(child, [...path, key]))];
}

function put(value: unknown, [key, ...rest]: Path, leaf: unknown): unknown {
  if (key === undefined) return leaf;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as never;
  copy[key] = put(copy[key], rest, leaf) as never;
  return copy;
}

/** Calls with arguments of n keys, one of them spoilt. */
function call(name: string, spoil?: { path: Path; by: (value: any) => unknown }, n = 4): unknown {
  let given: unknown = argumentsOf(name, n);
  if (spoil) {
    const value = spoil.path.reduce((inner, key) => (inner as never)[key], given) as tf.Tensor;
    const spoilt = spoil.by(value);
    if (hidden.has(value) && spoilt instanceof tf.Tensor) hidden.add(spoilt);
    given = put(given, spoil.path, spoilt);
  }
  return invoke(name, given as unknown[]);
}

function invoke(name: string, given: unknown[]): unknown {
  const f = library[name] as (...given: unknown[]) => unknown;
  const made = /^[A-Z]/.test(name)
    ? new (f as never as new (..._: unknown[]) => unknown)(...given)
    : f(...given);
  // What an aligner would say at its first step, it says now.
  if (name === 'additiveAligner') return (made as any)(tf.ones([2, 1, 4]));
  if (name === 'locationSensitiveAligner')
    return (made as any)(tf.ones([2, 1, 4]), tf.ones([2, 1, 4]));
  return made;
}

/** All numbers of a result, one list for each tensor. */
function numbers(result: unknown): number[][] {
  if (result instanceof tf.Tensor) return [Array.from(result.dataSync())];
  if (typeof result === 'number') return [[result]];
  if (!result || typeof result !== 'object') return [];
  return Object.values(result).flatMap(numbers);
}

const near = (a: number, b: number) =>
  Object.is(a, b) || Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));
const alike = (a: number[][], b: number[][]) =>
  a.length === b.length &&
  a.every((list, i) => list.length === b[i].length && list.every((x, j) => near(x, b[i][j])));

/** Alike as far as they go: what works on any rank gives a row alone what it gives it among others. */
const begins = (a: number[][], b: number[][]) =>
  alike(
    a,
    b.map((list, i) => list.slice(0, a[i]?.length)),
  );

/** Whether an error is in the words of the library, or JavaScript's own, where they name what is missing. */
function isClear(error: unknown, missing?: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (
    /disposed|unknown dtype|^Cannot destructure property|^\S+ is not a function$/.test(
      error.message,
    )
  )
    return true;
  const read = /^Cannot read properties of undefined \(reading '(\w+)'\)$/.exec(error.message)?.[1];
  if (read) return Object.keys(missing ?? {}).includes(read);
  const frame = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return error.constructor === Error && Boolean(frame?.includes('/src/'));
}

type Verdict = 'right' | 'refused' | string;

/** Runs a spoilt call, and judges it by its error, or by `isRight` of its result. */
function judge(
  run: () => unknown,
  isRight: (result: unknown) => boolean,
  missing?: unknown,
): Verdict {
  try {
    return tf.tidy(() => (isRight(run()) ? 'right' : 'WRONG')) as unknown as string;
  } catch (error) {
    return isClear(error, missing)
      ? 'refused'
      : `INTERNAL ${(error as Error).message?.slice(0, 90)}`;
  }
}

const tensors = (name: string) =>
  leaves(argumentsOf(name, 4)).filter(({ value }) => value instanceof tf.Tensor) as {
    path: Path;
    value: tf.Tensor;
  }[];

/** The same call with other values of one tensor. */
const against = (
  name: string,
  path: Path,
  by: (x: tf.Tensor) => unknown,
  expected: () => unknown,
) =>
  judge(
    () => call(name, { path, by }),
    (result) => alike(numbers(result), numbers(expected())),
  );

function lastIsNaN(x: tf.Tensor): tf.Tensor {
  const perRow = x.rank === 3 && x.shape[1] === 2 ? 1 : (x.shape.at(-1) as number); // logits: a key a column
  const values = x.dataSync().slice();
  const rows = values.length / perRow;
  const length = perRow === 1 ? (x.shape[2] as number) : (x.shape[x.rank - 2] as number);
  for (let i = 0; i < values.length; i++)
    if (Math.floor(i / perRow) % length === length - 1 && rows > 0) values[i] = Number.NaN;
  return tf.tensor(values, x.shape);
}

/** What the queries in sight get: all that is finite, and not the rows of the hidden position. */
function seen(result: unknown, base: unknown): boolean {
  const [after, before] = [numbers(result), numbers(base)];
  return after.every((list, i) => {
    // A hidden position that is a query, too, may get what it likes: at most one row in four.
    const odd = list.filter((x, j) => !near(x, before[i][j]));
    return list.length === before[i].length && odd.length <= list.length / 4;
  });
}

/** The gradient of what the queries in sight get, for each tensor that is not hidden itself. */
function gradients(name: string, spoil: (x: tf.Tensor) => tf.Tensor): number[][] {
  const given = argumentsOf(name, 4);
  const inside = leaves(given).filter(({ value }) => value instanceof tf.Tensor);
  const learned = inside.filter(
    ({ value: x }) => (x as tf.Tensor).dtype === 'float32' && !masks.has(x as tf.Tensor),
  );
  const start = learned.map(({ value }) =>
    hidden.has(value as tf.Tensor) ? spoil(value as tf.Tensor) : value,
  ) as tf.Tensor[];
  const f = (...xs: tf.Tensor[]) => {
    const now = learned.reduce<unknown>(
      (all, { path }, i) => put(all, path, xs[i]),
      given,
    ) as unknown[];
    const result = invoke(name, now) as any;
    const y: tf.Tensor = result.context ?? result.output ?? result.states ?? result.h ?? result;
    const rows =
      y.rank > 1
        ? y.slice(
            y.shape.map(() => 0),
            y.shape.map((n, axis) => (axis === y.rank - 2 && n === 4 ? 3 : n)),
          )
        : y;
    // TensorFlow.js refuses a gradient by what was not used.
    const used = xs
      .filter((_, i) => !hidden.has(learned[i].value as tf.Tensor))
      .map((x) => tf.sum(tf.mul(x, 0)));
    return tf.addN([tf.sum(tf.sin(tf.add(rows, 0.3))), ...used]);
  };
  const wanted = learned.flatMap(({ value }, i) => (hidden.has(value as tf.Tensor) ? [] : [i]));
  if (wanted.length === 0) return [];
  const at = (...xs: tf.Tensor[]) =>
    f(...start.map((x, i) => (wanted.includes(i) ? xs[wanted.indexOf(i)] : x)));
  return tf
    .grads(at)(wanted.map((i) => start[i]))
    .map((g) => Array.from(g.dataSync()));
}

/** A matrix for all heads in place of one for each; a table of one row; a mask for all. */
const anotherMeaning = [
  'spectralNorm 0',

  'headwiseDense 1',
  'reformer 2.rotations.0.0',
  'reformerLoss 2.rotations.0.0',
];

const noGradient = [
  'nearestNeighbours',
  'updateCentroids',
  'additiveAligner',
  'locationSensitiveAligner',
  'hardAttention',
];

const columns: Record<string, (name: string) => [Path, Verdict][]> = {
  'mask not 0 and 1': (name) =>
    tensors(name)
      .filter(({ value }) => masks.has(value))
      .flatMap(({ path }) =>
        [-1e9, 0.5, 255].map((odd): [Path, Verdict] => [
          path,
          judge(
            () => call(name, { path, by: (m) => tf.where(tf.equal(m, 1), odd, 0) }),
            () => false,
          ),
        ]),
      ),
  'hidden NaN': (name) => {
    const inside = tensors(name).filter(({ value }) => hidden.has(value));
    if (inside.length === 0 || !tensors(name).some(({ value }) => masks.has(value))) return [];
    const base = call(name);
    const forward = inside.map(({ path }): [Path, Verdict] => [
      path,
      judge(
        () => call(name, { path, by: lastIsNaN }),
        (result) => seen(result, base),
      ),
    ]);
    if (noGradient.includes(name)) return forward;
    const wanted = gradients(name, (x) => x);
    return [
      ...forward,
      [
        ['gradient'],
        judge(
          () => gradients(name, lastIsNaN),
          (g) => alike(g as number[][], wanted),
        ),
      ],
    ];
  },
  'length 0': (name) => {
    const tensorsInside =
      tensors(name).length > 0 ||
      leaves([call(name)]).some(({ value }) => value instanceof tf.Tensor);
    if (!tensorsInside || JSON.stringify(leavesOf(name, 4)) === JSON.stringify(leavesOf(name, 5)))
      return [];
    return [
      [
        ['n'],
        judge(
          () => call(name, undefined, 0),
          () => false,
        ),
      ],
    ];
  },
  int32: (name) =>
    tensors(name)
      .filter(({ value }) => value.dtype === 'float32' && !masks.has(value))
      .map(({ path }) => {
        const whole = (x: tf.Tensor) => tf.cast(tf.mul(x, 3), 'int32');
        const same = () => call(name, { path, by: (x) => tf.cast(whole(x), 'float32') });
        return [path, against(name, path, whole, same)];
      }),
  'wrong rank': (name) =>
    tensors(name).flatMap(({ path, value }) => {
      const wrong = [(x: tf.Tensor) => x.expandDims(0)];
      if (value.rank > 0) wrong.push((x) => tf.gather(x, 0));
      return wrong.map((by): [Path, Verdict] => [
        path,
        judge(
          () => call(name, { path, by }),
          (result) =>
            begins(numbers(result), numbers(call(name))) ||
            anotherMeaning.includes(`${name} ${path.join('.')}`),
        ),
      ]);
    }),
  disposed: (name) =>
    tensors(name).map(({ path }) => {
      const gone = (x: tf.Tensor) => {
        const copy = tf.tensor(x.dataSync().slice(), x.shape, x.dtype);
        copy.dispose();
        return copy;
      };
      return [path, against(name, path, gone, () => call(name))]; // right if it is not used
    }),
  missing: (name) =>
    leaves(argumentsOf(name, 4))
      .filter(({ path, value }) => !Array.isArray(value) && !inList(name, path)) // lists are not options
      .map(({ path, value }) => [
        path,
        judge(
          () => call(name, { path, by: () => undefined }),
          (result) => !numbers(result).flat().some(Number.isNaN),
          value,
        ),
      ]),
};

const inList = (name: string, path: Path) =>
  path.length > 1 &&
  Array.isArray(
    path.slice(0, -1).reduce((inner, key) => (inner as never)[key], argumentsOf(name, 4)),
  );

const leavesOf = (name: string, n: number) =>
  leaves(argumentsOf(name, n)).map(({ value }) =>
    value instanceof tf.Tensor ? value.shape : typeof value === 'object' ? null : value,
  );

test('right, or refused', { timeout: 600_000 }, async () => {
  const faults: string[] = [];
  const rows = called.map((name) => {
    const cells = Object.entries(columns).map(([column, look]) => {
      const found = tf.tidy(() => look(name) as never) as [Path, Verdict][];
      const odd = found.filter(([, verdict]) => !['right', 'refused'].includes(verdict));
      faults.push(
        ...odd.map(([path, verdict]) => `${name} ${column} ${path.join('.')}: ${verdict}`),
      );
      const kinds = [...new Set(found.map(([, verdict]) => verdict))].sort();
      return odd.length > 0 ? 'WRONG' : kinds.join(', ') || '–';
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  const head = ['', ...Object.keys(columns)];
  const table = [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows, ''];
  if (process.env.FAULTS) console.log(faults.join('\n'), faults.length);
  else expect(faults).toEqual([]);
  await expect(table.join('\n')).toMatchFileSnapshot('entrances.md');
});
