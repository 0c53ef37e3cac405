import {
  flatten,
  isab,
  isabParameters,
  mab,
  mabParameters,
  paddingMask,
  pma,
  pmaParameters,
  random,
  sab,
  tf,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(19);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

/** `{ 'look/feedForward/W': … }` back to `{ look: { feedForward: { W: … } } }`. */
function tree(flat: Tensors): any {
  const root: any = {};
  for (const [path, tensor] of Object.entries(flat)) {
    const names = path.split('/');
    const last = names.pop() as string;
    let node = root;
    for (const name of names) node = node[name] ??= {};
    node[last] = tensor;
  }
  return root;
}

const heads = 2;
const parameters = {
  sab: mabParameters({ dModel: 4 }, next),
  isab: isabParameters({ dModel: 4, m: 3 }, next),
  pma: pmaParameters({ dModel: 4, k: 2 }, next),
};
const blocks = {
  sab: (X: tf.Tensor, mask?: tf.Tensor) => sab(X, parameters.sab, mask, { heads }),
  isab: (X: tf.Tensor, mask?: tf.Tensor) => isab(X, parameters.isab, mask, { heads }),
  pma: (X: tf.Tensor, mask?: tf.Tensor) => pma(X, parameters.pma, mask, { heads }),
};
const names = Object.keys(blocks) as (keyof typeof blocks)[];

describe('golden values of torch_geometric', () => {
  // What comes out in rows of padding means nothing: compared as 0.
  const real = (context: tf.Tensor, mask?: tf.Tensor) =>
    mask ? tf.mul(context, mask.transpose([0, 2, 1])) : context;

  test.each(golden('mab'))('MAB, case %#', (example) => {
    expectGolden(example, ({ X, Y, mask, ...rest }, options) =>
      mab(X, Y, tree(rest), mask, options),
    );
  });
  test.each(golden('sab'))('SAB, case %#', (example) => {
    expectGolden(example, ({ X, mask, ...rest }, options) => ({
      context: real(sab(X, tree(rest), mask, options).context, mask),
    }));
  });
  test.each(golden('isab'))('ISAB, case %#', (example) => {
    expectGolden(example, ({ X, mask, ...rest }, options) => ({
      context: real(isab(X, tree(rest), mask, options).context, mask),
    }));
  });
  test.each(golden('pma'))('PMA, case %#', (example) => {
    expectGolden(
      example,
      ({ Z, mask, ...rest }, options) => pma(Z, tree(rest), mask, options) as never,
    );
  });
});

describe.each(names)('%s', (name) => {
  const block = blocks[name];
  const sets = fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    n: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer({ min: 1, max: 1000 }),
  });

  test(`is permutation ${name === 'pma' ? 'invariant' : 'equivariant'}`, () => {
    fc.assert(
      fc.property(sets, ({ batch, n, seed }) => {
        const draws = random(seed);
        const X = uniform([batch, n, 4], draws, 2);
        const order = tf.tensor1d(
          [...Array(n).keys()].sort(() => draws() - 0.5),
          'int32',
        );
        const moved = block(tf.gather(X, order, 1)).context;
        const { context } = block(X);
        const expected = name === 'pma' ? context : tf.gather(context, order, 1);
        expect(difference(moved, expected)).toBeLessThan(1e-5);
      }),
      { numRuns: 12 },
    );
  });

  test('makes of a padded set what it makes of the set alone', () => {
    fc.assert(
      fc.property(sets, ({ batch, n, seed }) => {
        const X = uniform([batch, n, 4], random(seed), 2);
        const padded = tf.concat([X, tf.fill([batch, 2, 4], 1e4)], 1);
        const mask = paddingMask(new Array(batch).fill(n), n + 2);
        const { context } = block(X);
        const got = block(padded, mask).context.slice([0, 0, 0], context.shape);
        expect(difference(got, context)).toBeLessThan(1e-5);
      }),
      { numRuns: 12 },
    );
  });

  test('gives weights that sum to 1 over the elements there are', () => {
    const mask = paddingMask([3, 5], 5);
    const attended = block(draw(2, 5, 4), mask);
    const weights =
      'pointWeights' in attended ? (attended.pointWeights as tf.Tensor) : attended.weights;
    const sums = tf.sum(weights, -1);
    expect(difference(sums, tf.onesLike(sums))).toBeLessThan(1e-5);
    expect(tf.sum(weights.slice([0, 0, 0, 3], [1, -1, -1, -1])).dataSync()[0]).toBe(0);
  });

  test('stays finite for an empty set, and sends it no gradient', () => {
    const mask = tf.zeros([2, 1, 5]);
    const own = name === 'pma' ? 0 : 1; // X itself is added to what it attends to
    const X = draw(2, 5, 4);
    const { context, weights } = block(X, mask);
    expect(context.dataSync().every(Number.isFinite)).toBe(true);
    if (name !== 'isab') expect(tf.sum(weights).dataSync()[0]).toBe(0);
    const gradient = tf.grad((x) => tf.sum(tf.square(block(x, mask).context)))(X);
    expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
    if (!own) expect(tf.sum(tf.abs(gradient)).dataSync()[0]).toBe(0);
  });

  test('stays finite for elements of ±10000', () => {
    const X = tf.mul(tf.sign(draw(2, 5, 4)), 1e4);
    expect(block(X).context.dataSync().every(Number.isFinite)).toBe(true);
  });

  test('has the gradient that finite differences measure, for every parameter', () => {
    const X = draw(2, 3, 4);
    const flat = flatten<tf.Tensor>(parameters[name]);
    const run: (x: tf.Tensor, p: any) => { context: tf.Tensor } = {
      sab: (x: tf.Tensor, p: any) => sab(x, p, undefined, { heads }),
      isab: (x: tf.Tensor, p: any) => isab(x, p, undefined, { heads }),
      pma: (x: tf.Tensor, p: any) => pma(x, p, undefined, { heads }),
    }[name];
    const cotangent = draw(...block(X).context.shape);
    const f = (x: tf.Tensor, ...values: tf.Tensor[]) =>
      tf.sum(
        tf.mul(
          run(x, tree(Object.fromEntries(Object.keys(flat).map((path, i) => [path, values[i]]))))
            .context,
          cotangent,
        ),
      );
    expectGradient(f, [X, ...Object.values(flat)], { step: 1e-3, tolerance: 2e-2 });
  });

  test('keeps no tensor but what it returns', () => {
    const X = draw(2, 5, 4);
    const mask = paddingMask([3, 5], 5);
    expectNoLeak(() => tf.dispose(block(X, mask)));
    expectNoLeak(() => tf.dispose(tf.grad((x) => tf.sum(block(x, mask).context))(X)));
  });

  test.each([
    [
      [2, 5, 6],
      [2, 1, 5],
      name === 'sab' ? 'input depth 6 ≠ rows of W 4' : 'learned points: expected shape [points, 6]',
    ],
    [
      [5, 4],
      [2, 1, 5],
      name === 'sab'
        ? 'X: expected shape [batch, n, dModel], got [5, 4]'
        : 'set: expected shape [batch, n, dModel], got [5, 4]',
    ],
    [[2, 5, 4], [2, 5], 'mask: expected shape [2, 1, 5], got [2, 5]'],
  ])('refuses a set %j with a mask %j', (shape, maskShape, message) => {
    const [X, mask] = [tf.zeros(shape), tf.ones(maskShape)];
    const before = tf.memory().numTensors;
    expect(() => block(X, mask)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('ISAB needs 2 m n weights, not n²', () => {
  const { weights, pointWeights } = blocks.isab(draw(1, 50, 4));
  expect(weights.shape).toEqual([1, 2, 50, 3]);
  expect(pointWeights.shape).toEqual([1, 2, 3, 50]);
});

test('MAB refuses heads that do not divide dModel', () => {
  const X = draw(1, 2, 4);
  expect(() => mab(X, X, parameters.sab, undefined, { heads: 3 })).toThrow(
    'dModel 4 is not divisible by 3 heads',
  );
});
