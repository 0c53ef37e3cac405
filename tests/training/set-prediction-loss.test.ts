import { generalisedIou, random, setPredictionLoss, shuffled, tf, uniform } from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../golden/golden';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(20);
const boxesOf = (...shape: number[]) => tf.add(uniform(shape, next, 0.2), 0.4);
const setting = () => ({
  logits: uniform([2, 5, 4], next, 2),
  boxes: boxesOf(2, 5, 4),
  objects: [
    { classes: [0, 2, 2], boxes: boxesOf(3, 4).arraySync() as number[][] },
    { classes: [1], boxes: boxesOf(1, 4).arraySync() as number[][] },
  ],
});
const number = (x: tf.Tensor) => x.dataSync()[0];

describe('setPredictionLoss', () => {
  test.each(golden('set-prediction-loss'))(
    'agrees with ImageLoss and HungarianMatcher, case %#',
    (example) => {
      expectGolden(example, ({ logits, boxes }, { objects, ...options }) => {
        const { pairs, ...parts } = setPredictionLoss({ logits, boxes }, objects, options);
        return parts;
      });
    },
  );

  test('does not care in which order guesses or objects stand', () => {
    const { logits, boxes, objects } = setting();
    const before = setPredictionLoss({ logits, boxes }, objects);
    const order = tf.tensor1d(shuffled([0, 1, 2, 3, 4], next), 'int32');
    const turned = objects.map(({ classes, boxes }) => ({
      classes: [...classes].reverse(),
      boxes: [...boxes].reverse(),
    }));
    const after = setPredictionLoss(
      { logits: tf.gather(logits, order, 1), boxes: tf.gather(boxes, order, 1) },
      turned,
    );
    expect(number(after.loss)).toBeCloseTo(number(before.loss), 5);
  });

  test('is nearly 0 when the guesses are right', () => {
    const { objects } = setting();
    const rows = objects.map(({ classes, boxes }) => ({
      classes: [...classes, 3, 3, 3, 3, 3].slice(0, 5),
      boxes: [...boxes, ...Array(5).fill([0.5, 0.5, 0.1, 0.1])].slice(0, 5),
    }));
    const logits = tf.mul(
      tf.oneHot(
        tf.tensor2d(
          rows.map((r) => r.classes),
          [2, 5],
          'int32',
        ),
        4,
      ),
      20,
    );
    const { loss, pairs } = setPredictionLoss(
      { logits, boxes: tf.tensor(rows.map((r) => r.boxes)) },
      objects,
    );
    expect(number(loss)).toBeLessThan(1e-5);
    expect(pairs).toEqual([
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
      [[0, 0]],
    ]);
  });

  test.each([
    [
      'class',
      [
        [0, 5],
        [5, 0],
      ],
      [
        [0.5, 0.5, 0.2, 0.2],
        [0.5, 0.5, 0.2, 0.2],
      ],
      [0.5, 0.5, 0.2, 0.2],
    ],
    [
      'distance',
      [
        [0, 0],
        [0, 0],
      ],
      [
        [0.1, 0.1, 0.1, 0.1],
        [0.8, 0.8, 0.1, 0.1],
      ],
      [0.9, 0.9, 0.1, 0.1],
    ],
    // Both are 0.2 away: one beside the object, one around it.
    [
      'overlap',
      [
        [0, 0],
        [0, 0],
      ],
      [
        [0.7, 0.5, 0.2, 0.2],
        [0.5, 0.5, 0.3, 0.3],
      ],
      [0.5, 0.5, 0.2, 0.2],
    ],
  ])('pairs an object by %s, all else equal', (_, logits, boxes, object) => {
    const guesses = { logits: tf.tensor3d([logits]), boxes: tf.tensor3d([boxes]) };
    const { pairs } = setPredictionLoss(guesses, [{ classes: [0], boxes: [object] }]);
    expect(pairs).toEqual([[[1, 0]]]);
  });

  test('has the gradient that finite differences measure, away from a change of pairs', () => {
    const { logits, boxes, objects } = setting();
    expectGradient(
      (l, b) => setPredictionLoss({ logits: l, boxes: b }, objects).loss,
      [logits, boxes],
      {
        step: 1e-4,
        tolerance: 3e-2,
      },
    );
  });

  test('asks of images without objects only that every guess be "no object"', () => {
    const { logits, boxes } = setting();
    const none = [0, 1].map(() => ({ classes: [], boxes: [] }));
    const parts = setPredictionLoss({ logits, boxes }, none);
    expect(number(parts.l1)).toBe(0);
    expect(number(parts.giou)).toBe(0);
    expect(number(parts.class)).toBeCloseTo(
      -number(tf.mean(tf.logSoftmax(logits).slice([0, 0, 3]))),
      5,
    );
    const [, byBox] = tf.grads((l, b) => setPredictionLoss({ logits: l, boxes: b }, none).loss)([
      logits,
      boxes,
    ]);
    expect(number(tf.sum(tf.abs(byBox)))).toBe(0);
  });

  test('stays finite for logits of ±10000, and keeps no tensor', () => {
    const { logits, boxes, objects } = setting();
    const huge = tf.mul(tf.sign(logits), 1e4);
    expect(Number.isFinite(number(setPredictionLoss({ logits: huge, boxes }, objects).loss))).toBe(
      true,
    );
    expectNoLeak(() => {
      const { pairs, ...parts } = setPredictionLoss({ logits, boxes }, objects);
      tf.dispose(parts);
    });
  });

  test.each([
    [{ logits: tf.zeros([2, 5]) }, 'logits: expected shape [batch, N, classes + 1], got [2, 5]'],
    [{ boxes: tf.zeros([2, 4, 4]) }, 'boxes: expected shape [2, 5, 4], got [2, 4, 4]'],
    [{ objects: [] }, '2 images ≠ 0 lists of objects'],
    [{ objects: [{ classes: [3], boxes: [[0, 0, 1, 1]] }] }, 'expected classes 0…2, got 3'],
    [{ objects: [{ classes: [1], boxes: [] }] }, '1 classes ≠ 0 boxes'],
    [
      { objects: [{ classes: [1], boxes: [[0, 0, 0, 1]] }] },
      'expected boxes [x, y, width > 0, height > 0], got [0, 0, 0, 1]',
    ],
  ])('refuses %#', (wrong: any, message) => {
    const { logits, boxes, objects }: ReturnType<typeof setting> = { ...setting(), ...wrong };
    const lists = objects.length === 1 ? [objects[0], objects[0]] : objects;
    const before = tf.memory().numTensors;
    expect(() => setPredictionLoss({ logits, boxes }, lists)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('generalisedIou', () => {
  const of = (a: number[], b: number[]) => number(generalisedIou(tf.tensor1d(a), tf.tensor1d(b)));

  test('is 1 for equal boxes, the part for nested ones, negative for boxes apart', () => {
    expect(of([0.5, 0.5, 0.4, 0.2], [0.5, 0.5, 0.4, 0.2])).toBeCloseTo(1, 6);
    expect(of([0.5, 0.5, 1, 1], [0.5, 0.5, 0.5, 0.5])).toBeCloseTo(0.25, 6);
    // Unit squares 2 apart: union 2, box around both 3.
    expect(of([0, 0, 1, 1], [2, 0, 1, 1])).toBeCloseTo(-1 / 3, 6);
  });

  test('pulls boxes that do not meet towards each other', () => {
    const a = tf.tensor1d([0, 0, 1, 1]);
    const gradient = tf.grad((x) => generalisedIou(x, tf.tensor1d([3, 0, 1, 1])).asScalar())(a);
    expect(gradient.dataSync()[0]).toBeGreaterThan(0);
  });
});
