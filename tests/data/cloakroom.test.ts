import { cloakroom, type Digit, loadMnist, random, tf } from 'attention';
import { describe, expect, test } from 'vitest';

describe('cloakroom', () => {
  const digits = loadMnist().test;
  const draw = cloakroom(digits, 6);

  test('hangs different coats at different numbers, and one of them is wanted', () => {
    const { tickets, hooks, coats, wanted } = draw(20, random(1));
    expect([tickets, hooks, coats, wanted].map(({ shape }) => shape)).toEqual([
      [20, 1, 196],
      [20, 6, 196],
      [20, 6, 10],
      [20],
    ]);
    const hung = coats.argMax(2).arraySync() as number[][];
    [...wanted.dataSync()].forEach((coat, guest) => {
      expect(new Set(hung[guest]).size).toBe(6);
      expect(hung[guest]).toContain(coat);
    });
  });

  test('standardises each digit: mean 0, variance 1', () => {
    const { hooks } = draw(5, random(2));
    const { mean, variance } = tf.moments(hooks, 2);
    for (const x of mean.dataSync()) expect(x).toBeCloseTo(0, 5);
    for (const x of variance.dataSync()) expect(x).toBeCloseTo(1, 4);
  });

  test('finds the coat by the number: the wanted hook shows the ticket’s digit', () => {
    // One picture for each digit, so that the same digit is the same picture.
    const ten = Array.from(
      { length: 10 },
      (_, label) => digits.find((d) => d.label === label) as Digit,
    );
    const { tickets, hooks, coats, wanted } = cloakroom(ten)(30, random(3));
    const distances = tf.sum(tf.square(tf.sub(tickets, hooks)), 2);
    const nearest = tf.oneHot(distances.argMin(1).toInt(), 8).expandDims(1);
    const coat = tf.matMul(nearest.toFloat(), coats).argMax(2).flatten();
    expect([...coat.dataSync()]).toEqual([...wanted.dataSync()]);
  });

  test('draws the same guests for the same seed', () => {
    const sum = (seed: number) => tf.sum(draw(3, random(seed)).hooks).dataSync()[0];
    expect(sum(4)).toBe(sum(4));
    expect(sum(4)).not.toBe(sum(5));
  });
});
