import {
  agreement,
  beside,
  discriminate,
  discriminator,
  frechetDistance,
  gammasOf,
  gan,
  generated,
  type Halves,
  halfReader,
  halvesOf,
  hingeLoss,
  random,
  seenIn,
  sigmasOf,
  sizeOfNet,
  storedResults,
  tellsOf,
  tf,
  trainDiscriminator,
  trainGan,
  trainHalfReader,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

const images = (count: number, seed = 1) =>
  tf.tidy(() => tf.abs(uniform([count, 8, 8, 1], random(seed), 1))) as tf.Tensor4D;
const halves = (count: number): Halves => ({
  images: images(count),
  labels: tf.tensor1d(
    Array.from({ length: count }, (_, i) => i % 10),
    'int32',
  ),
});
const kinds = ['attention', 'simple', 'residual'] as const;

describe('networks with a block', () => {
  test('have as many parameters, whatever the block', () => {
    const sizes = kinds.map((inD) => sizeOfNet(gan({ inG: inD, inD }).D));
    expect(new Set(sizes).size).toBe(1);
    expect(new Set(kinds.map((inG) => sizeOfNet(gan({ inG, inD: inG }).G))).size).toBe(1);
  });

  test('begin with γ = 0: the block changes nothing', () => {
    const pairs = beside(images(3), images(3, 2));
    for (const kind of kinds) {
      const one = discriminator(kind, random(4));
      const plain = discriminate(kind, one, pairs).D;
      const without = discriminate(kind, one, pairs, (_, x) => ({ context: x })).D;
      expect(difference(plain, without)).toBe(0);
    }
  });

  test('stretch by 2 at most where they are normalised, and by more where not', async () => {
    const game = gan({ normG: false });
    const ten = halves(10);
    await trainDiscriminator('attention', game.D, ten, { steps: 20, batch: 4 });
    for (const sigma of Object.values(sigmasOf(game.D))) expect(sigma).toBeLessThan(2.4);
    expect(Math.max(...Object.values(sigmasOf(game.G)))).toBeGreaterThan(3);
  });

  test('a discriminator of local views is a sum over the halves, and one with attention is not', () => {
    const [a, b, c, d] = [1, 2, 3, 4].map((seed) => images(5, seed));
    const mixed = (kind: (typeof kinds)[number]) => {
      const one = discriminator(kind, random(5));
      one.parameters['block/gamma'].assign(tf.scalar(0.7));
      const D = (left: tf.Tensor4D, right: tf.Tensor4D) =>
        discriminate(kind, one, beside(left, right)).D;
      return difference(tf.add(D(a, b), D(c, d)), tf.add(D(a, d), D(c, b)));
    };
    expect(mixed('residual')).toBeLessThan(1e-4);
    expect(mixed('attention')).toBeGreaterThan(1e-3);
    expect(mixed('simple')).toBeGreaterThan(1e-3);
  });

  test('play, watch each step, and leak nothing', async () => {
    for (const kind of kinds) {
      const game = gan({ inG: kind, inD: kind });
      const before = tf.memory().numTensors;
      const seen: number[] = [];
      const ten = halves(10);
      const losses = await trainGan(game, ten, {
        steps: 2,
        batch: 4,
        watch: (step) => void seen.push(step),
      });
      tf.dispose(ten);
      expect(tf.memory().numTensors).toBe(before);
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(seen).toEqual([0, 1, 2]);
      expect(gammasOf(game).D).not.toBe(0);
    }
  });

  test('a discriminator alone learns and leaks nothing', async () => {
    const one = discriminator('attention', random(1));
    const ten = halves(10);
    const before = tf.memory().numTensors;
    await trainDiscriminator('attention', one, ten, { steps: 2, batch: 4 });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('generate the same pictures from the same seed', () => {
    const game = gan({ seed: 3 });
    const [one, again] = [generated(game, 120, 5), generated(game, 120, 5)];
    expect(one.shape).toEqual([120, 8, 24, 1]);
    expect(difference(one, again)).toBe(0);
  });
});

describe('what is measured', () => {
  test('hinge loss is 2 where D says 0, and 0 where it is sure and right', () => {
    expect(hingeLoss(tf.zeros([3]), tf.zeros([3])).dataSync()[0]).toBe(2);
    expect(hingeLoss(tf.tensor1d([1, 2]), tf.tensor1d([-1, -3])).dataSync()[0]).toBe(0);
    expect(hingeLoss(tf.tensor1d([-1]), tf.tensor1d([1])).dataSync()[0]).toBe(4);
  });

  test('tells counts pairs, and ties as half', () => {
    expect(tellsOf(tf.tensor1d([1, 2]), tf.tensor1d([0, 1]))).toBeCloseTo(87.5, 4);
  });

  test('twins agree, and halves come apart as they were put together', async () => {
    const reader = halfReader(random(1));
    const some = images(40);
    const twins = beside(some, some);
    expect(agreement(reader, twins)).toMatchObject({ agree: 100, alike: 1 });
    const [left, right] = halvesOf(beside(some, images(40, 2)));
    expect(difference(left, some)).toBe(0);
    expect(difference(right, images(40, 2))).toBe(0);
    expect(seenIn(reader, twins).shape).toEqual([40, 32]);
    expect(seenIn(reader, twins, 'halves').shape).toEqual([40, 16]);
    expect(frechetDistance(seenIn(reader, twins), seenIn(reader, twins))).toBeLessThan(1e-6);
  });

  test('a reader learns and leaks nothing', async () => {
    const reader = halfReader(random(2));
    const ten = halves(10);
    const before = tf.memory().numTensors;
    const losses = await trainHalfReader(reader, ten, { steps: 30, batch: 10 });
    expect(tf.memory().numTensors).toBe(before);
    expect(losses[29]).toBeLessThan(losses[0]);
  });
});

describe('what the lesson says of its stored runs', () => {
  const stored = (name: string) => storedResults('12').numbers[name];

  test('discriminators of local views stop at 2, and those with attention far below', () => {
    expect(Math.min(...stored('residual alone: loss'))).toBeGreaterThan(1.95);
    expect(Math.max(...stored('attention alone: loss'))).toBeLessThan(0.5);
  });

  const above = (game: string) =>
    stored(`${game}: agree, %`).map((x, i) => x - stored(`${game}: chance, %`)[i]);

  test('halves agree above chance where D has attention, and by chance where it has none', () => {
    const [seeing, local] = [
      [...above('attention'), ...above('attention in D')],
      [...above('residual'), ...above('attention in G')],
    ];
    expect(Math.min(...seeing)).toBeGreaterThan(1);
    expect(Math.max(...local.map(Math.abs))).toBeLessThan(2.5);
    expect(seeing.filter((x) => x > Math.max(...local))).toHaveLength(5);
  });

  test('halves are worse, and D wins, where D has attention', () => {
    const least = (name: string) => Math.min(...stored(name));
    const most = (name: string) => Math.max(...stored(name));
    for (const game of ['attention', 'attention in D']) {
      expect(least(`${game}: distance of halves`)).toBeGreaterThan(
        most('residual: distance of halves'),
      );
      expect(most(`${game}: loss of D`)).toBeLessThan(least('residual: loss of D'));
    }
  });

  test('simple attention ends lower than SAGAN’s, and γ opens further in D than in G', () => {
    const pairs = (one: string, other: string) =>
      stored(one).map((x, i) => Math.abs(x) < Math.abs(stored(other)[i]));
    expect(pairs('simple alone: loss', 'attention alone: loss')).toEqual([true, true, true]);
    const below = (kind: string) =>
      (storedResults('12').curves as Record<string, number[][]>)[`${kind} alone: loss`].map(
        (curve) => curve.findIndex((x) => x < 1.5),
      );
    const left = below('attention');
    expect(below('simple').map((tens, i) => tens < left[i])).toEqual([true, true, true]);
    expect(below('residual')).toEqual([-1, -1, -1]);
    expect(pairs('attention: gamma in G', 'attention: gamma in D')).toEqual([true, true, true]);
  });
});
