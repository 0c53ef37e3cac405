import { Adam, cosineSchedule, tf, train } from 'attention';
import { expect, test } from 'vitest';
import { trainByCosine } from '../../src/training/train-by-cosine';

const slope = () => tf.variable(tf.tensor1d([3, -20]));
const loss = (x: tf.Variable) => () => tf.sum(tf.square(x)) as tf.Scalar;

test('is Adam along a cosine, clipped to length 1, and leaves no tensor', async () => {
  const [mine, theirs] = [slope(), slope()];
  const before = tf.memory().numTensors;
  const indices: number[] = [];
  const losses = await trainByCosine({ x: mine }, { steps: 6, rate: 0.3 }, (adam, index) => {
    indices.push(index);
    return adam.minimize(loss(mine));
  });
  expect(tf.memory().numTensors).toBe(before);
  const adam = new Adam({ x: theirs }, { learningRate: cosineSchedule(0.3, 6), clipNorm: 1 });
  expect(losses).toEqual(await train(6, () => adam.minimize(loss(theirs))));
  expect(mine.arraySync()).toEqual(theirs.arraySync());
  expect(losses[5]).toBeLessThan(losses[0]);
  expect(indices).toEqual([0, 1, 2, 3, 4, 5]);
});
