/** A gradient inside of a gradient, as for a gradient penalty: right by finite differences, or refused. */
import * as attention from 'attention';
import { tf } from 'attention';
import { expect, test } from 'vitest';
import { argumentsOf, called, masks } from './calls';

const library = attention as unknown as Record<string, (...given: unknown[]) => any>;
const has = (name: string) => {
  const result = tf.tidy(() => library[name](...argumentsOf(name, 4)));
  return contextOf(result) !== undefined;
};
const contextOf = (result: any): tf.Tensor | undefined =>
  [result?.context, result?.output, result?.states, result].find(
    (x) => x instanceof tf.Tensor && x.dtype === 'float32' && x.rank > 1,
  );

/** Functions that take something for a constant, which finite differences do not. */
const stopping = ['segmentAttention', 'stopGradient', 'routingAttention', 'updateCentroids'];

/** Names of functions of the library that make numbers from numbers. */
const names = called.filter(
  (name) =>
    /^[a-z]/.test(name) &&
    !/Parameters$|Aligner$|^(dropout|hardAttention|reformer|uniform)$/.test(name) &&
    !stopping.includes(name) &&
    argumentsOf(name, 4).some((x) => x instanceof tf.Tensor && x.dtype === 'float32') &&
    has(name),
);

test('there are many', () => expect(names.length).toBeGreaterThan(60));

test.each(names)('%s', (name) => {
  tf.tidy(() => {
    const given = argumentsOf(name, 4);
    const places = [...given.keys()].filter((i) => {
      const x = given[i];
      return x instanceof tf.Tensor && x.dtype === 'float32' && !masks.has(x);
    });
    const start = places.map((i) => given[i] as tf.Tensor);
    const f = (...xs: tf.Tensor[]) => {
      const now = given.map((x, i) => (places.includes(i) ? xs[places.indexOf(i)] : x));
      const y = contextOf(library[name](...now)) as tf.Tensor;
      return tf.addN([tf.sum(tf.sin(y)), ...xs.map((x) => tf.sum(tf.mul(x, 0)))]);
    };
    const penalty = (...xs: tf.Tensor[]) =>
      tf.addN(
        tf
          .grads(f)(xs)
          .map((g) => tf.sum(tf.square(g))),
      );
    let exact: tf.Tensor[];
    try {
      exact = tf.grads(penalty)(start);
    } catch (error) {
      expect((error as Error).message).toMatch(/has no second derivative/);
      return;
    }
    const along = start.map((x, i) => tf.randomNormal(x.shape, 0, 1, 'float32', i + 1));
    const at = (h: number) =>
      penalty(...start.map((x, i) => tf.add(x, tf.mul(along[i], h)))).dataSync()[0];
    const numeric = (8 * (at(2e-3) - at(-2e-3)) - (at(4e-3) - at(-4e-3))) / (12 * 2e-3);
    const found = exact.reduce((sum, g, i) => sum + tf.sum(tf.mul(g, along[i])).dataSync()[0], 0);
    expect(Math.abs(found - numeric)).toBeLessThan(0.05 * Math.abs(numeric) + 0.02);
  });
});
