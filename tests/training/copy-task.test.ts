import { copyTask, random, tf } from 'attention';
import { expect, test } from 'vitest';

const task = copyTask({ word: 3, symbols: 5 });

/** Logits that are sure of the token after each position; the last has none. */
const sure = (ids: tf.Tensor, sureness: number) => {
  const next = tf.concat([ids.slice([0, 1]), ids.slice([0, 0], [-1, 1])], 1) as tf.Tensor2D;
  return tf.mul(tf.oneHot(next, task.tokens), sureness);
};

test('an example is 0 w 0 w, and the same seed draws the same', () => {
  expect(task.length).toBe(8);
  const rows = task.batch(20, random(1)).arraySync();
  for (const row of rows) {
    expect(row.slice(0, 4)).toEqual(row.slice(4));
    expect(row[0]).toBe(0);
    for (const symbol of row.slice(1, 4)) expect([1, 2, 3, 4, 5]).toContain(symbol);
  }
  expect(new Set(rows.flat()).size).toBe(task.tokens);
  expect(task.batch(20, random(1)).arraySync()).toEqual(rows);
});

test('who foretells each next symbol is right, and who has no idea loses ln(tokens)', () => {
  const ids = task.batch(4, random(2));
  expect(task.accuracy(sure(ids, 50), ids)).toBe(100);
  expect(task.loss(sure(ids, 50), ids).dataSync()[0]).toBeCloseTo(0, 5);
  const none = tf.zeros([4, task.length, task.tokens]);
  expect(task.loss(none, ids).dataSync()[0]).toBeCloseTo(Math.log(task.tokens), 5);
});

test('only the second word counts', () => {
  const ids = task.batch(4, random(3));
  const [none, right] = [tf.zeros([4, task.length, task.tokens]), sure(ids, 50)];
  const knows = (from: number, to: number) =>
    tf.concat(
      [
        none.slice([0, 0], [-1, from]),
        right.slice([0, from], [-1, to - from]),
        none.slice([0, to]),
      ],
      1,
    );
  expect(task.accuracy(knows(4, 7), ids)).toBe(100);
  expect(task.accuracy(knows(0, 4), ids)).toBe(0);
  expect(task.accuracy(knows(4, 5), ids)).toBeCloseTo(100 / 3, 4);
});

test('nothing is leaked, and a wrong shape is named', () => {
  const ids = task.batch(2, random(4));
  const logits = tf.zeros([2, task.length, task.tokens]);
  const before = tf.memory().numTensors;
  task.accuracy(logits, ids);
  task.loss(logits, ids).dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect(() => task.accuracy(logits.slice([0, 1]), ids)).toThrow('logits');
});
