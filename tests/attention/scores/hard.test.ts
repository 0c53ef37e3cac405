import {
  hardAttention,
  movingBaseline,
  random,
  reinforceLoss,
  softAttention,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectNoLeak } from '../../helpers';

const next = random(16);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0];
const gap = (a: tf.Tensor, b: tf.Tensor) => largest(tf.sub(a, b));

describe('hardAttention', () => {
  test('looks at one location, whose value is the context, and draws the same for the same seed', () => {
    const [e, a] = [draw(3, 4, 5), draw(3, 5, 2)];
    const { context, weights, probabilities, logProbability } = hardAttention(e, a, random(1));
    expect(gap(tf.sum(weights, -1), tf.ones([3, 4]))).toBe(0);
    expect(gap(tf.max(weights, -1), tf.ones([3, 4]))).toBe(0);
    const picked = tf.gather(a, tf.argMax(weights, -1).cast('int32') as tf.Tensor2D, 1, 1);
    expect(gap(context, picked)).toBe(0);
    const alpha = tf.sum(tf.mul(tf.softmax(e), weights), -1);
    expect(gap(logProbability, tf.log(alpha))).toBeLessThan(1e-6);
    expect(gap(probabilities, tf.softmax(e))).toBe(0);
    expect(gap(hardAttention(e, a, random(1)).weights, weights)).toBe(0);
    expect(gap(hardAttention(e, a, random(2)).weights, weights)).toBe(1);
  });

  test('draws each location as often as its weight says', () => {
    const n = 40_000;
    const e = tf.tensor1d([0, 1, -1, 2]);
    const many = tf.tile(e.reshape([1, 1, 4]), [1, n, 1]);
    const { weights } = hardAttention(many, tf.zeros([1, 4, 1]), random(3));
    const alpha = tf.softmax(e).arraySync() as number[];
    const share = tf.mean(weights, [0, 1]).arraySync() as number[];
    alpha.forEach((p, i) => {
      const error = Math.sqrt((p * (1 - p)) / n);
      expect(Math.abs(share[i] - p)).toBeLessThan(4 * error);
    });
  });

  test('never draws a hidden location; where all are hidden it draws nothing, without NaN', () => {
    const e = tf.tensor3d([
      [
        [9, 1e4, 9],
        [0, 0, 0],
      ],
    ]);
    const mask = tf.tensor3d([
      [
        [1, 0, 1],
        [0, 0, 0],
      ],
    ]);
    const values = tf.tensor3d([[[1], [2], [3]]]);
    for (let seed = 0; seed < 50; seed++) {
      const [row] = hardAttention(e, values, random(seed), mask).weights.arraySync();
      expect(row[0][1]).toBe(0);
      expect(row[1]).toEqual([0, 0, 0]);
    }
    const f = (logits: tf.Tensor) => {
      const drawn = hardAttention(logits, values, random(1), mask, { straightThrough: true });
      const { context, logProbability, entropy } = drawn;
      return tf.add(tf.sum(context), tf.add(tf.sum(logProbability), tf.sum(entropy)));
    };
    const gradient = tf.grad(f)(e);
    expect([...f(e).dataSync(), ...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    expect(largest(gradient.slice([0, 1, 0]))).toBe(0);
    const { context, logProbability, entropy } = hardAttention(e, values, random(1), mask);
    for (const x of [context, logProbability, entropy]) expect(x.dataSync()[1]).toBeCloseTo(0, 12);
  });

  test('survives logits of ±1e4, forward and backward', () => {
    const e = tf.tensor3d([[[1e4, -1e4, 0]]]);
    const values = tf.tensor3d([[[1], [2], [3]]]);
    const f = (logits: tf.Tensor) => {
      const drawn = hardAttention(logits, values, random(1));
      return tf.add(tf.sum(drawn.logProbability), tf.sum(drawn.entropy));
    };
    expect(hardAttention(e, values, random(1)).context.dataSync()[0]).toBe(1);
    expect([...f(e).dataSync(), ...tf.grad(f)(e).dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('sends the gradient of its context to the values only; straight-through, also to the scores', () => {
    const [e, a] = [draw(1, 2, 4), draw(1, 4, 3)];
    const f = (straightThrough: boolean) => (x: tf.Tensor) =>
      tf.sum(hardAttention(x, a, random(4), undefined, { straightThrough }).context);
    // The context does not depend on the scores at all, so TensorFlow.js has no gradient to give.
    expect(() => tf.grad(f(false))(e)).toThrow(
      'Cannot compute gradient of y=f(x) with respect to x',
    );
    const soft = tf.grad((x) => tf.sum(softAttention(x as tf.Tensor3D, a as tf.Tensor3D).context))(
      e,
    );
    expect(gap(tf.grad(f(true))(e), soft)).toBeLessThan(1e-6);
    expect(gap(f(true)(e), f(false)(e))).toBeLessThan(1e-5);
  });

  test('keeps no tensor but what it returns, and refuses values that do not fit', () => {
    const [e, a, wrong] = [draw(1, 2, 4), draw(1, 4, 3), draw(1, 5, 3)];
    expectNoLeak(() => tf.dispose(hardAttention(e, a, random(1))));
    expect(() => hardAttention(e, wrong, random(1))).toThrow(
      'values: expected shape [1, 4, dValue], got [1, 5, 3]',
    );
  });
});

describe('reinforceLoss', () => {
  test.each(golden('reinforce'))('agrees with torch.distributions, case %#', (example) => {
    expectGolden(example, ({ logits, values, sample, target }, options) => {
      // PyTorch's draw, made ours: numbers near 1 where it drew, near 0 elsewhere.
      const drawn = [...sample.dataSync()].map((one) => (one ? 1 - 1e-15 : 1e-6));
      const stream = () => drawn.shift() as number;
      const { context, weights, logProbability, entropy } = hardAttention(logits, values, stream);
      expect(gap(weights, sample)).toBe(0);
      const logLikelihood = tf.neg(tf.sum(tf.square(tf.sub(context, target)), [1, 2]));
      const [p, h] = [tf.sum(logProbability, 1), tf.sum(entropy, 1)];
      return { loss: reinforceLoss(logLikelihood, p, h, options), logProbability, entropy };
    });
  });

  test('refuses what does not fit, and keeps no tensor but what it returns', () => {
    const [three, two] = [draw(3), draw(2)];
    expectNoLeak(() => reinforceLoss(three, three, three).dispose());
    expect(() => reinforceLoss(three, two, three)).toThrow(
      'logProbability: expected shape [3], got [2]',
    );
    expect(() => reinforceLoss(three, three, two)).toThrow('entropy: expected shape [3], got [2]');
    expect(() => reinforceLoss(draw(3, 1), three, three)).toThrow(
      'logLikelihood: expected shape [batch], got [3, 1]',
    );
  });

  test('movingBaseline forgets a tenth at each step', () => {
    expect(movingBaseline(-2, -4)).toBeCloseTo(-2.2, 12);
    let baseline = 0;
    for (let k = 0; k < 200; k++) baseline = movingBaseline(baseline, -3);
    expect(baseline).toBeCloseTo(-3, 6);
  });
});

/**
 * Two looks at four locations, one after the other, and a reward that is not linear in what was
 * seen: log p(y | s̃) = −(z_1 + z_2 − y)² − 3. All 16 pairs of looks can be enumerated.
 */
describe('what the estimators estimate', () => {
  const keys = 4;
  const e = tf.tensor3d([
    [
      [0.5, -0.3, 0.1, 0.4],
      [-0.2, 0.6, 0, -0.5],
    ],
  ]);
  const values = tf.tensor3d([[[1], [-0.5], [2], [0.3]]]);
  const y = 1.2;
  const logLikelihood = (z: tf.Tensor) =>
    tf.sub(tf.neg(tf.square(tf.sub(tf.sum(z, [1, 2]), y))), 3);

  /** ∂/∂e Σ_s p(s) log p(y | s), by enumeration. */
  const exact = tf.grad((logits) => {
    const [p1, p2] = tf.unstack(tf.softmax(logits).reshape([2, keys]));
    const joint = tf.outerProduct(p1 as tf.Tensor1D, p2 as tf.Tensor1D);
    const seen = values.reshape([keys, 1]);
    const z = tf.add(seen, seen.reshape([1, keys])).reshape([keys * keys, 1, 1]);
    return tf.sum(tf.mul(joint.flatten(), logLikelihood(z)));
  })(e);

  /** Mean and standard error of n single-draw gradients, one per row of a batch. */
  function estimate(n: number, loss: (logits: tf.Tensor) => tf.Tensor) {
    // The loss is a mean over the batch: n times its gradient is one estimate per row.
    const perDraw = tf.mul(tf.grad(loss)(tf.tile(e, [n, 1, 1])), -n).reshape([n, 2 * keys]);
    const { mean, variance } = tf.moments(perDraw, 0);
    return {
      mean: mean.arraySync() as number[],
      error: tf.sqrt(tf.div(variance, n)).arraySync() as number[],
      variance: tf.sum(variance).dataSync()[0],
    };
  }
  const N = 40_000;
  const reinforce = (baseline: number, seed: number) =>
    estimate(N, (logits) => {
      const drawn = hardAttention(logits, tf.tile(values, [N, 1, 1]), random(seed));
      const likelihood = logLikelihood(drawn.context);
      const [p, h] = [tf.sum(drawn.logProbability, 1), tf.sum(drawn.entropy, 1)];
      return reinforceLoss(likelihood, p, h, { baseline });
    });
  const truth = exact.flatten().arraySync() as number[];
  const worst = ({ mean, error }: { mean: number[]; error: number[] }) =>
    Math.max(...truth.map((value, i) => Math.abs(mean[i] - value) / error[i]));

  test('REINFORCE is unbiased: 40,000 draws average to the exact gradient within 4 standard errors', () => {
    expect(worst(reinforce(0, 11))).toBeLessThan(4);
  });

  test('a moving-average baseline leaves it unbiased and lowers its variance at least threefold', () => {
    let baseline = 0;
    for (let k = 0; k < 60; k++) {
      const { context } = hardAttention(
        tf.tile(e, [32, 1, 1]),
        tf.tile(values, [32, 1, 1]),
        random(k),
      );
      baseline = movingBaseline(baseline, tf.mean(logLikelihood(context)).dataSync()[0]);
    }
    const [without, withBaseline] = [reinforce(0, 12), reinforce(baseline, 12)];
    expect(worst(withBaseline)).toBeLessThan(4);
    expect(withBaseline.variance).toBeLessThan(without.variance / 3);
  });

  test('straight-through is biased: it misses by far more than chance', () => {
    const straight = estimate(N, (logits) => {
      const all = tf.tile(values, [N, 1, 1]);
      const { context } = hardAttention(logits, all, random(13), undefined, {
        straightThrough: true,
      });
      return tf.neg(tf.mean(logLikelihood(context)));
    });
    expect(worst(straight)).toBeGreaterThan(20);
    const length = (x: number[]) => Math.hypot(...x);
    const bias = length(truth.map((value, i) => straight.mean[i] - value)) / length(truth);
    expect(bias).toBeGreaterThan(0.5); // as long as half the gradient itself; measured 0.92
  });
});
