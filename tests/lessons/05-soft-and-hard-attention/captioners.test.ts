import {
  authorsRecipe,
  eye,
  flatten,
  gradientSpread,
  loadScenes,
  locationsOfCell,
  lookedAt,
  looks,
  random,
  seeScenes,
  tell,
  teller,
  tf,
  trainEye,
  trainTeller,
} from 'attention';
import { describe, expect, test } from 'vitest';

const { train, test: heldOut } = loadScenes({ train: 120, test: 30 });
const seer = eye();
const [seen, unseen] = [seeScenes(train, seer), seeScenes(heldOut, seer)];

test('an eye learns what stands where', async () => {
  const one = eye(2);
  const losses = await trainEye(one, train, { steps: 30, batch: 8 });
  expect(losses[29]).toBeLessThan(losses[0]);
  tf.dispose(flatten(one));
});

test('scenes are seen once: a vector for each location, words before and words to say', () => {
  expect(seen.annotations.shape).toEqual([120, 36, 50]);
  expect(seen.previous[3].slice(1)).toEqual(seen.target[3].slice(0, -1));
});

describe('teller', () => {
  const manners = [
    ['soft', {}],
    ['soft', { penalty: 1 }],
    ['vector', {}],
    ['mean', {}],
    ['straight-through', {}],
    ['hard', {}],
    ['hard', authorsRecipe],
    ['hard', { baseline: false }],
  ] as const;

  test.each(manners)(
    '%s %j is trained, the same way every time, and leaves no tensor',
    async (manner, how) => {
      const run = async () => {
        const one = teller({ manner, seed: 3 });
        const before = tf.memory().numTensors;
        const losses = await trainTeller(one, seen, { steps: 25, batch: 16, ...how });
        const told = tell(one, unseen);
        expect(tf.memory().numTensors).toBe(before);
        tf.dispose(one.parameters);
        return { losses, told };
      };
      const [once, again] = [await run(), await run()];
      expect(again).toEqual(once);
      expect(once.losses[24]).toBeLessThan(once.losses[0]);
      expect(once.told.captions[0]).toHaveLength(6);
      expect(once.told.points).toBeGreaterThanOrEqual(0);
    },
  );

  test('with one vector looks at nothing else', () => {
    const one = teller({ manner: 'vector' });
    expect(lookedAt(one, unseen.annotations).shape).toEqual([30, 1, 50]);
    expect(lookedAt(teller({ manner: 'soft' }), unseen.annotations)).toBe(unseen.annotations);
  });

  test('points where the largest weight is', () => {
    const one = teller({ manner: 'soft' });
    const at = (t: number, i: number) =>
      locationsOfCell(heldOut[i].things[t === 1 ? 0 : 1].cell)[0];
    // the words before are the only thing that tells scenes and steps apart here
    const points = tell(one, unseen, {
      look: (() => {
        let t = 0;
        return (_logits: tf.Tensor3D, a: tf.Tensor3D) => {
          const step = t++ % 6;
          const rows = heldOut.map((_, i) => at(step === 1 ? 1 : 4, i));
          const weights = tf
            .oneHot(tf.tensor2d(rows, [30, 1], 'int32'), 36)
            .toFloat() as tf.Tensor3D;
          return { context: tf.matMul(weights, a), weights };
        };
      })(),
    });
    expect(points.points).toBe(100);
    expect(points.inside).toBeCloseTo(100, 4);
    expect(points.entropy).toBeCloseTo(0, 6);
  });
});

test('the variance of the estimate is a parabola of the baseline, and lowest at the best one', () => {
  const one = teller({ manner: 'hard' });
  const { none, average, best, bestBaseline, reward } = gradientSpread(one, seen, {
    draws: 8,
    batch: 8,
  });
  expect(best).toBeLessThanOrEqual(average);
  expect(best).toBeLessThan(none);
  expect(Math.abs(bestBaseline - reward)).toBeLessThan(Math.abs(reward));
  expect(looks.hard(random(1))).toBeTypeOf('function');
});
