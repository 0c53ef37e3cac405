import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Adam,
  alignmentErrorRate,
  cosineSchedule,
  crossEntropy,
  editDistance,
  errorRates,
  flatten,
  loadCheckpoint,
  random,
  saveCheckpoint,
  shuffled,
  tf,
  train,
  uniform,
  warmupSchedule,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { hasFused } from '../../src/tensors/fused/operation';
import { expectClose, expectGolden, golden } from '../golden/golden';
import { difference, expectGradient, expectNoLeak } from '../helpers';

describe('crossEntropy', () => {
  test('agrees with PyTorch, which ignores padding too', () => {
    const [example] = golden('cross-entropy');
    expectGolden(example, ({ logits, targets, mask }) => ({
      loss: crossEntropy(logits, tf.cast(targets, 'int32'), mask),
    }));
  });

  test('is not touched by what the mask hides, and refuses a target that is no class', () => {
    const logits = tf.tensor2d([
      [1, 2],
      [Number.NaN, 0],
    ]);
    const mask = tf.tensor1d([1, 0]);
    const alone = crossEntropy(tf.tensor2d([[1, 2]]), tf.tensor1d([1], 'int32'), tf.tensor1d([1]));
    for (const labelSmoothing of [0, 0.1]) {
      const f = (target: number[]) =>
        crossEntropy(logits, tf.tensor1d(target, 'int32'), mask, { labelSmoothing });
      if (labelSmoothing === 0) {
        expect(f([1, -1]).dataSync()[0]).toBeCloseTo(alone.dataSync()[0], 6);
      }
      expect(f([1, -1]).dataSync()[0]).toBe(f([1, 0]).dataSync()[0]);
      expect(() => f([2, 0])).toThrow('targets: expected classes 0…1, got 2');
      const slope = tf.grad((x) =>
        crossEntropy(x, tf.tensor1d([1, -1], 'int32'), mask, { labelSmoothing }),
      )(logits);
      expect([...slope.dataSync()].every(Number.isFinite)).toBe(true);
    }
  });

  test('has the gradient that finite differences measure', () => {
    const targets = tf.tensor1d([2, 0, 1], 'int32');
    const mask = tf.tensor1d([1, 1, 0]);
    expectGradient((x) => crossEntropy(x, targets, mask), [uniform([3, 4], random(1), 2)]);
  });

  test.each(golden('label-smoothing'))('smooths labels as PyTorch does, case %#', (example) => {
    expectGolden(example, ({ logits, targets, mask }, { labelSmoothing }) => ({
      loss: crossEntropy(logits, tf.cast(targets, 'int32'), mask, { labelSmoothing }),
    }));
  });

  test('refuses a label smoothing outside 0 … 1', () => {
    const targets = tf.tensor1d([0], 'int32');
    const smooth = () =>
      crossEntropy(tf.ones([1, 2]), targets, tf.ones([1]), { labelSmoothing: 1.5 });
    expect(smooth).toThrow('labelSmoothing: expected 0 … 1, got 1.5');
  });

  test('is 0 for a single class, with label smoothing too', () => {
    for (const labelSmoothing of [0, 0.1]) {
      const targets = tf.tensor1d([0, 0], 'int32');
      const loss = crossEntropy(tf.tensor2d([[3], [-2]]), targets, tf.ones([2]), {
        labelSmoothing,
      });
      expect(loss.dataSync()[0]).toBeCloseTo(0);
    }
  });

  test('is 0 where the mask hides every token', () => {
    const loss = crossEntropy(tf.ones([2, 3]), tf.tensor1d([0, 1], 'int32'), tf.zeros([2]));
    expect(loss.dataSync()[0]).toBe(0);
  });
});

describe('Adam', () => {
  test('walks the path that torch.optim.Adam walks, gradient clipping included', () => {
    const [{ path }] = golden<{ path: { shape: number[]; values: number[] } }>('adam');
    const weight = tf.variable(tf.tensor1d([1, -2, 3]));
    const adam = new Adam(
      { weight },
      { learningRate: 0.1, beta2: 0.98, epsilon: 1e-9, clipNorm: 1 },
    );
    const steps = Array.from({ length: 10 }, () => {
      adam.minimize(() => tf.sum(tf.pow(weight, 4)));
      return weight.clone();
    });
    expectClose(tf.stack(steps), path, 1e-5);
  });

  test('updates several parameters, of different shapes, as it does each alone', () => {
    const start = [tf.ones([2, 3]), tf.fill([4], 2)];
    const together = { a: tf.variable(start[0]), b: tf.variable(start[1]) };
    const both = new Adam(together);
    const alone = tf.variable(start[1]);
    const one = new Adam({ alone });
    for (let i = 0; i < 3; i++) {
      both.minimize(() => tf.add(tf.sum(tf.square(together.a)), tf.sum(tf.exp(together.b))));
      one.minimize(() => tf.sum(tf.exp(alone)));
    }
    expect(together.b.arraySync()).toEqual(alone.arraySync());
  });

  test('goes on from a value that somebody else gave to a parameter', () => {
    const weight = tf.variable(tf.tensor1d([5]));
    const adam = new Adam({ weight }, { learningRate: 0.1 });
    const step = () => adam.minimize(() => tf.sum(weight));
    step();
    weight.assign(tf.tensor1d([2]));
    step();
    expect(weight.dataSync()[0]).toBeCloseTo(1.9, 5);
  });

  test('leaves values alone that were read before a step', () => {
    const weight = tf.variable(tf.tensor1d([5]));
    const adam = new Adam({ weight }, { learningRate: 0.1 });
    const step = () => adam.minimize(() => tf.sum(weight));
    step();
    const copy = weight.clone();
    step();
    expect(copy.dataSync()[0]).toBeCloseTo(4.9, 5);
    expect(weight.dataSync()[0]).toBeCloseTo(4.8, 5);
    const before = tf.memory().numTensors;
    adam.dispose();
    expect(tf.memory().numTensors).toBeLessThan(before);
  });

  test.runIf(hasFused())(
    'in one operation takes the steps of the plain way, bit by bit again',
    () => {
      const train = () => {
        const next = random(3);
        const shapes = [[700, 300], [300], [1, 1], [5, 7, 2]];
        const all = shapes.map((shape) => tf.variable(uniform(shape, next, 1)));
        const adam = new Adam(flatten(all), { learningRate: 0.1, clipNorm: 0.5 });
        const loss = () => tf.addN(all.map((x) => tf.sum(tf.add(tf.pow(x, 4), x))));
        for (let step = 0; step < 5; step++) adam.minimize(loss);
        adam.dispose();
        return all;
      };
      const [fused, again] = [train(), train()];
      process.env.ATTENTION_FUSED = 'off';
      const plain = train();
      delete process.env.ATTENTION_FUSED;
      for (const [i, x] of plain.entries()) {
        expect(difference(fused[i], x)).toBeLessThan(1e-5);
        expect(difference(fused[i], again[i])).toBe(0);
      }
      tf.dispose([fused, again, plain]);
    },
  );

  test('never writes to what shares its memory with a parameter', () => {
    const weight = tf.variable(tf.tensor2d([[1, 2]]));
    const path = join(mkdtempSync(join(tmpdir(), 'adam-')), 'weight.safetensors');
    saveCheckpoint(path, { weight });
    const adam = new Adam({ weight }, { learningRate: 0.1, clipNorm: 1 });
    let gradient: tf.Tensor | undefined;
    const seen = tf.customGrad((x) => ({
      value: tf.sum(x as tf.Tensor),
      gradFunc: () => {
        gradient = tf.keep(tf.fill([1, 2], 3));
        return gradient.clone();
      },
    }));
    const copies = [weight.clone(), weight.reshape([2]), tf.variable(weight)];
    for (let step = 0; step < 3; step++) adam.minimize(() => seen(weight));
    for (const copy of copies) expect([...copy.dataSync()]).toEqual([1, 2]);
    expect([...(gradient as tf.Tensor).dataSync()]).toEqual([3, 3]);
    const [kept, moved] = [weight.clone(), [...weight.dataSync()]];
    loadCheckpoint(path, { weight });
    adam.minimize(() => seen(weight));
    expect([...kept.dataSync()]).toEqual(moved);
    expect(weight.dataSync()[0]).toBeCloseTo(0.9, 5);
  });

  test('refuses a loss that is not a number and leaves the parameters as they were', () => {
    const weight = tf.variable(tf.tensor1d([0]));
    const adam = new Adam({ weight });
    const loss = () => tf.sum(tf.log(tf.sub(weight, 1)));
    const before = tf.memory().numTensors;
    expect(() => adam.minimize(loss)).toThrow('the loss is NaN at step 1');
    expect(weight.dataSync()[0]).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses what would spoil parameters, before any of them moves', () => {
    const [a, b] = [tf.variable(tf.tensor1d([2])), tf.variable(tf.tensor1d([0]))];
    const before = tf.memory().numTensors;
    const refused = (loss: () => tf.Tensor, options: object, why: string) => {
      const adam = new Adam({ a, b }, options);
      const made = tf.memory().numTensors;
      expect(() => adam.minimize(loss)).toThrow(why);
      expect(tf.memory().numTensors).toBe(made);
      adam.dispose();
      expect([a.dataSync()[0], b.dataSync()[0]]).toEqual([2, 0]);
    };
    refused(() => tf.sum(tf.square(a)), {}, 'does not depend on b at step 1');
    // The root of 0 is 0, and its slope infinite.
    refused(() => tf.sum(tf.add(a, tf.sqrt(b))), {}, 'the gradient of b is not finite at step 1');
    const both = () => tf.sum(tf.add(a, b));
    refused(both, { learningRate: Number.NaN }, 'the learning rate is NaN at step 1');
    expect(tf.memory().numTensors).toBe(before);
  });

  test('keeps nothing of a step whose loss throws, as when it is interrupted', () => {
    const weight = tf.variable(tf.ones([3]));
    const adam = new Adam({ weight });
    const interrupted = () => {
      tf.exp(tf.square(weight));
      throw new Error('interrupted');
    };
    const before = tf.memory().numTensors;
    expect(() => adam.minimize(interrupted)).toThrow('interrupted');
    expect(tf.memory().numTensors).toBe(before);
    expect(adam.minimize(() => tf.sum(tf.square(weight)))).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('keeps no tensor from step to step', () => {
    const weight = tf.variable(tf.ones([3]));
    const adam = new Adam({ weight }, { clipNorm: 1 });
    expectNoLeak(() => adam.minimize(() => tf.sum(tf.square(weight))));
  });
});

describe('train', () => {
  test('takes the steps, returns their losses and reports their running mean', async () => {
    const told: unknown[] = [];
    const report = {
      update: (step: number, { loss }: { loss: number }) => told.push([step, loss]),
      done: () => told.push('done'),
    };
    expect(await train(3, (i) => 3 - i, report)).toEqual([3, 2, 1]);
    expect(told).toEqual([[1, 3], [2, 2.5], [3, 2], 'done']);
  });

  test('lets the event loop run while it trains', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    await train(60, () => {
      const end = performance.now() + 10;
      while (performance.now() < end);
      return 0;
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
  });
});

describe('alignmentErrorRate', () => {
  // Two sentences: A has 4 links, S 3, P 4; A ∩ S = 2, A ∩ P = 3: 1 − 5 / 7.
  const found = [
    [
      [0, 0],
      [1, 2],
      [2, 1],
    ],
    [[0, 1]],
  ] as [number, number][][];
  const sure = [
    [
      [0, 0],
      [1, 2],
    ],
    [[0, 0]],
  ] as [number, number][][];
  const possible = [
    [
      [0, 0],
      [1, 2],
      [2, 1],
    ],
    [[0, 0]],
  ] as [number, number][][];

  test('is 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|)', () => {
    expect(alignmentErrorRate(found, sure, possible)).toBeCloseTo(2 / 7, 9);
    expect(alignmentErrorRate(found, sure)).toBeCloseTo(3 / 7, 9);
  });

  test('is 0 for the reference itself, 1 for nothing of it', () => {
    expect(alignmentErrorRate(sure, sure)).toBe(0);
    expect(alignmentErrorRate([[[5, 5]], []], sure)).toBe(1);
  });

  test('refuses lists of other lengths, and no link at all', () => {
    expect(() => alignmentErrorRate([[]], sure)).toThrow('got 1, 2 and 2');
    expect(() => alignmentErrorRate([[]], [[]])).toThrow('expected links, got none');
  });
});

describe('errorRates', () => {
  test('counts insertions, deletions and substitutions', () => {
    expect(editDistance([...'kitten'], [...'sitting'])).toBe(3);
    expect(editDistance([], [...'abc'])).toBe(3);
    expect(editDistance([...'abc'], [...'abc'])).toBe(0);
  });

  test('scores against the closest of several right answers', () => {
    const rates = errorRates(
      [
        ['R', 'IY', 'D'],
        ['K', 'AE', 'P'],
      ],
      [
        [
          ['R', 'EH', 'D'],
          ['R', 'IY', 'D'],
        ],
        [['K', 'AE', 'T']],
      ],
    );
    expect(rates).toEqual({ token: 1 / 6, sequence: 1 / 2, count: 2 });
  });

  test('takes an empty reference among others, and refuses references of nothing', () => {
    expect(errorRates([['a'], ['b']], [[['a']], [[]]])).toMatchObject({ token: 1, sequence: 0.5 });
    expect(() => errorRates([['a']], [[[]]])).toThrow('the references have no token to get wrong');
  });

  test('refuses lists of different length, and none at all', () => {
    expect(() => errorRates([['a']], [])).toThrow('got 1 and 0');
    expect(() => errorRates([], [])).toThrow('at least one');
    expect(() => errorRates([['a']], [[]])).toThrow('example 0 has no reference');
  });
});

describe('random', () => {
  test('gives the same numbers for the same seed, others for another', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, random(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('shuffles every item into the result, and not the original', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const mixed = shuffled(items, random(1));
    expect(mixed).not.toEqual(items);
    expect([...mixed].sort()).toEqual(items);
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('checkpoint', () => {
  const file = () => join(mkdtempSync(join(tmpdir(), 'checkpoint-')), 'model.safetensors');

  test('gives the parameters back, to the precision of 16-bit floats', () => {
    const values = [0, -0, 1, -1, 65504, 1 / 3, -3.14, 6.1e-5, 6e-8, 0.99999, 2047.6];
    const path = file();
    saveCheckpoint(path, { a: tf.tensor1d(values), b: tf.tensor2d([[1.5], [2.5]]) });
    const a = tf.variable(tf.zeros([values.length]));
    const b = tf.variable(tf.zeros([2, 1]));
    loadCheckpoint(path, { a, b });
    values.forEach((value, i) => {
      const error = Math.abs(a.dataSync()[i] - value);
      expect(error).toBeLessThanOrEqual(Math.max(Math.abs(value) / 2048, 2 ** -25));
    });
    expect(b.arraySync()).toEqual([[1.5], [2.5]]);
    expect(readdirSync(join(path, '..'))).toEqual(['model.safetensors']);
  });

  test('refuses other names or shapes before it changes anything', () => {
    const path = file();
    saveCheckpoint(path, { a: tf.ones([2]), b: tf.ones([2]) });
    const a = tf.variable(tf.zeros([2]));
    expect(() => loadCheckpoint(path, { a })).toThrow('expected a; found a, b');
    const b = tf.variable(tf.zeros([3]));
    expect(() => loadCheckpoint(path, { a, b })).toThrow("b has shape [2], the model's has [3]");
    expect(a.arraySync()).toEqual([0, 0]);
  });

  test('refuses a number that 16 bits cannot hold, and writes nothing', () => {
    const path = file();
    expect(() => saveCheckpoint(path, { a: tf.tensor1d([1e5]) })).toThrow('a: 100000 does not fit');
    expect(() => saveCheckpoint(path, { a: tf.tensor1d([Number.NaN]) })).toThrow(
      'a: NaN does not fit',
    );
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });
});

test('warmupSchedule climbs in a straight line and falls with the root of the step', () => {
  const rate = warmupSchedule(512);
  expect(rate(4000)).toBeCloseTo(512 ** -0.5 * 4000 ** -0.5, 12); // 7e-4, the peak
  expect(rate(1000)).toBeCloseTo(rate(4000) / 4, 12);
  expect(rate(16000)).toBeCloseTo(rate(4000) / 2, 12);
  expect(warmupSchedule(64, 1)(4)).toBeCloseTo(1 / 16, 12);
  expect(() => warmupSchedule(512, 0)).toThrow('expected dModel, warmup ≥ 1; got 512, 0');
});

test('cosineSchedule climbs, peaks and falls to a twentieth', () => {
  const rate = cosineSchedule(0.01, 1000, 10);
  expect(rate(5)).toBeCloseTo(0.005, 4);
  expect(rate(10)).toBeGreaterThan(0.0099);
  expect(rate(1000)).toBeCloseTo(0.0005, 6);
  expect(rate(2000)).toBeCloseTo(0.0005, 6);
  expect(() => cosineSchedule(0, 10)).toThrow('got 0, 10, 50');
});
