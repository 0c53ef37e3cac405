import { random, spectralNorm, spectralNormState, tf, uniform } from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { difference, expectGradient, expectNoLeak, expectRefusal } from '../helpers';

const next = random(18);
const draw = (...shape: number[]) => uniform(shape, next, 1);

describe('spectralNorm', () => {
  test.each(golden('spectral-norm'))(
    'agrees with torch.nn.utils.spectral_norm, case %#',
    (example) => {
      expectGolden(example, ({ W, u }, options) => spectralNorm(W, u, options));
    },
  );

  test('finds the largest singular value, 3 of a matrix that turns and stretches by 3 and 1', () => {
    const turn = (angle: number) =>
      tf.tensor2d([
        [Math.cos(angle), -Math.sin(angle)],
        [Math.sin(angle), Math.cos(angle)],
      ]);
    const W = tf.matMul(tf.matMul(turn(0.4), tf.tensor2d([3, 0, 0, 1], [2, 2])), turn(1.1));
    const { sigma } = spectralNorm(W, spectralNormState(2, next), { iterations: 30 });
    expect(sigma.dataSync()[0]).toBeCloseTo(3, 5);
  });

  test('gives a matrix that stretches no vector', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        (seed, rows, columns) => {
          tf.tidy(() => {
            const draws = random(seed);
            const W = uniform([rows, columns], draws, 5);
            const normal = spectralNorm(W, spectralNormState(columns, draws), {
              iterations: 60,
            }).W;
            const x = uniform([20, rows], draws, 1);
            const ratio = tf.div(tf.norm(tf.matMul(x, normal), 2, 1), tf.norm(x, 2, 1));
            expect(tf.max(ratio).dataSync()[0]).toBeLessThan(1.03);
          });
        },
      ),
      { numRuns: 10 },
    );
  });

  test('goes on where it stopped: ten steps of one iteration are one step of ten', () => {
    const W = draw(5, 4);
    const start = spectralNormState(4, next);
    let u: tf.Tensor = start;
    for (let step = 0; step < 10; step++) u = spectralNorm(W, u).u;
    expect(difference(u, spectralNorm(W, start, { iterations: 10 }).u)).toBeLessThan(1e-6);
  });

  test('reads a kernel as a matrix with a column for each output', () => {
    const [kernel, u] = [draw(3, 3, 2, 4), spectralNormState(4, next)];
    const matrix = spectralNorm(kernel.reshape([18, 4]), u).W;
    expect(difference(spectralNorm(kernel, u).W.reshape([18, 4]), matrix)).toBe(0);
  });

  test('draws directions of length 1, the same from the same seed, in every quadrant alike', () => {
    expect(tf.norm(spectralNormState(7, next)).dataSync()[0]).toBeCloseTo(1, 6);
    expect(difference(spectralNormState(3, random(2)), spectralNormState(3, random(2)))).toBe(0);
    const octants = [0, 0, 0, 0, 0, 0, 0, 0];
    const draws = random(5);
    for (let i = 0; i < 400; i++) {
      const [x, y] = tf.tidy(() => spectralNormState(2, draws).dataSync());
      octants[Math.floor((Math.atan2(y, x) / Math.PI + 1) * 4) % 8]++;
    }
    expect(Math.min(...octants)).toBeGreaterThan(30);
  });

  test('leaves W = 0 as it is', () => {
    const { W, u, sigma } = spectralNorm(tf.zeros([3, 2]), tf.tensor1d([1, 0]));
    expect([...W.dataSync(), ...u.dataSync(), ...sigma.dataSync()]).toEqual(new Array(9).fill(0));
  });

  test('has the gradient that finite differences measure, once u has converged', () => {
    // One singular value well above the others, so that u converges soon.
    const [W, cotangent] = [tf.add(draw(4, 3), 1), draw(4, 3)];
    const u = spectralNormState(3, next);
    expectGradient(
      (w) => tf.sum(tf.mul(spectralNorm(w, u, { iterations: 30 }).W, cotangent)),
      [W],
      { step: 1e-3 },
    );
  });

  test('keeps no tensor but what it returns', () => {
    const [W, u] = [draw(4, 3), spectralNormState(3, next)];
    expectNoLeak(() => tf.dispose(spectralNorm(W, u, { iterations: 2 })));
    expectNoLeak(() => spectralNormState(3, next).dispose());
  });

  test('refuses a u of the wrong length, and no iteration', () => {
    const [W, u] = [draw(4, 3), draw(4)];
    expectRefusal(() => spectralNorm(W, u), 'u: expected shape [3], got [4]');
    const message = 'iterations: expected a whole number from 1, got 0';
    const fitting = draw(3);
    expectRefusal(() => spectralNorm(W, fitting, { iterations: 0 }), message);
  });
});
