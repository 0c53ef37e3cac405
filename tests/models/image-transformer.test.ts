import {
  generationOrder,
  ImageTransformer,
  type ImageTransformerOptions,
  loadMnist,
  type Neighbourhood,
  random,
  setBack,
  smallDigit,
  tf,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference, expectNoLeak, largestTensor } from '../helpers';

const image: [number, number] = [4, 6];
const rectangles: Neighbourhood = { block: [2, 3], memory: [1, 2] };
const neighbourhoods: Record<string, Neighbourhood> = {
  full: 'full',
  rows: { block: 5, memory: 3 },
  rectangles,
};
const small = (more: Partial<ImageTransformerOptions> = {}) =>
  new ImageTransformer({
    image,
    levels: 3,
    neighbourhood: 'full',
    dModel: 8,
    heads: 2,
    seed: 2,
    ...more,
  });
const next = random(4);
const drawnPixels = (count = 1, levels = 3) =>
  Array.from({ length: count }, () =>
    Array.from({ length: 24 }, () => Math.floor(levels * next())),
  );
const ids = (pixels: number[][]) => tf.tensor2d(pixels, undefined, 'int32');

describe('generationOrder', () => {
  test('goes row by row, or rectangle by rectangle', () => {
    expect(generationOrder([2, 3], 'full')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(generationOrder([2, 3], { block: 4, memory: 0 })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(generationOrder([2, 5], { block: [2, 3], memory: [0, 0] })).toEqual([
      0, 1, 2, 5, 6, 7, 3, 4, 8, 9,
    ]);
  });
});

describe('setBack', () => {
  const rows = tf.tensor3d([[[1], [2], [3], [4]]]);
  const start = tf.tensor2d([[9]]);

  test('gives each position the pixel generated before it, and the first one the start', () => {
    expect([...setBack(rows, start, [0, 1, 2, 3]).dataSync()]).toEqual([9, 1, 2, 3]);
    expect([...setBack(rows, start, [0, 2, 1, 3]).dataSync()]).toEqual([9, 3, 1, 2]);
  });

  test('loses the pixel generated last, and no other', () => {
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(setBack(x, start, [1, 3, 0, 2])))(rows);
    expect([...gradient.dataSync()]).toEqual([1, 1, 0, 1]);
  });

  test('refuses a start that does not fit', () => {
    expect(() => setBack(rows, tf.zeros([1, 2]), [0, 1, 2, 3])).toThrow('start');
  });
});

describe.each(Object.entries(neighbourhoods))('ImageTransformer, %s', (_, neighbourhood) => {
  test('learns nothing of a pixel before its turn is over', () => {
    const model = small({ neighbourhood });
    const [pixels] = drawnPixels();
    for (const [turn, position] of model.order.entries()) {
      const other = pixels.map((level, i) => (i === position ? (level + 1) % 3 : level));
      const [before, after] = tf.split(model.forward(ids([pixels, other])).logits, 2);
      const moved = tf.max(tf.abs(tf.sub(before, after)), 2).dataSync();
      for (const past of model.order.slice(0, turn + 1)) expect(moved[past]).toBeLessThan(1e-6);
      const later = model.order[turn + 1];
      if (later !== undefined) expect(moved[later]).toBeGreaterThan(1e-4);
    }
  });

  test('gives probabilities that sum to 1 over all images', () => {
    const model = new ImageTransformer({
      image: [2, 4],
      levels: 2,
      dModel: 8,
      neighbourhood:
        neighbourhood === rectangles ? { block: [2, 2], memory: [0, 1] } : neighbourhood,
    });
    const all = Array.from({ length: 256 }, (_, n) =>
      Array.from({ length: 8 }, (_, bit) => (n >> bit) & 1),
    );
    const sum = tf.tidy(() => tf.sum(tf.pow(2, tf.neg(tf.sum(model.bits(ids(all)), 1)))));
    expect(sum.dataSync()[0]).toBeCloseTo(1, 4);
  });

  test('has a loss of so many nats as bits times ln 2, with a gradient for every parameter', () => {
    const model = small({ neighbourhood });
    const pixels = ids(drawnPixels(2));
    const bits = tf.mean(model.bits(pixels)).dataSync()[0];
    expect(model.loss(pixels).dataSync()[0]).toBeCloseTo(bits * Math.LN2, 5);
    const { grads } = tf.variableGrads(() => model.loss(pixels), Object.values(model.parameters));
    for (const [name, variable] of Object.entries(model.parameters)) {
      expect(grads[variable.name], name).toBeTruthy();
    }
    // One number of the table of rows, by finite differences.
    const table = model.parameters['places/0'];
    const slope = grads[table.name].dataSync()[0];
    const at = (step: number) => {
      const moved = [...table.dataSync()];
      moved[0] += step;
      const kept = tf.clone(table);
      table.assign(tf.tensor2d(moved, table.shape as [number, number]));
      const loss = model.loss(pixels).dataSync()[0];
      table.assign(kept);
      return loss;
    };
    expect((at(0.02) - at(-0.02)) / 0.04).toBeCloseTo(slope, 3);
  });

  test('draws every pixel that is not given, keeps the others, and leaves no tensor', () => {
    const model = small({ neighbourhood });
    const given = drawnPixels(2);
    const open = given.map((pixels) => pixels.map((level, i) => (i < 12 ? level : -1)));
    const drawn = model.sample(open, { next: random(3) });
    expect(drawn.map((pixels) => pixels.slice(0, 12))).toEqual(given.map((p) => p.slice(0, 12)));
    expect(drawn.flat().every((level) => level >= 0 && level < 3)).toBe(true);
    expect(model.sample(open, { next: random(3) })).toEqual(drawn);
    const likeliest = model.sample(open, { temperature: 0, next: random(1) });
    expect(model.sample(open, { temperature: 0, next: random(2) })).toEqual(likeliest);
    expect(open[0][12]).toBe(-1);
    expectNoLeak(() => model.sample(open));
  });
});

test('a block that covers the image is full attention', () => {
  const pixels = ids(drawnPixels(2));
  const full = small();
  for (const neighbourhood of [
    { block: 24, memory: 0 },
    { block: 1, memory: 23 },
    { block: [4, 6], memory: [0, 0] },
  ] as Neighbourhood[]) {
    const local = small({ neighbourhood });
    expect(difference(local.forward(pixels).logits, full.forward(pixels).logits)).toBeLessThan(
      1e-5,
    );
    const [whole] = ImageTransformer.whole(local.forward(pixels).weights);
    const [known] = ImageTransformer.whole(full.forward(pixels).weights);
    expect(difference(whole, known)).toBeLessThan(1e-5);
  }
});

test('the levels drawn have the probabilities of the softmax, sharpened by the temperature', () => {
  const model = small({ image: [1, 1], levels: 2 });
  const [low, high] = [...model.forward(ids([[0]])).logits.dataSync()];
  const draw = (temperature: number) => {
    const open = Array.from({ length: 4000 }, () => [-1]);
    const drawn = model.sample(open, { temperature, next: random(9) });
    return drawn.flat().reduce((sum, level) => sum + level, 0) / 4000;
  };
  for (const temperature of [0.5, 1, 2]) {
    const wanted = 1 / (1 + Math.exp((low - high) / temperature));
    expect(Math.abs(draw(temperature) - wanted)).toBeLessThan(0.03);
  }
});

test('never makes a tensor of length × length if the blocks are small', () => {
  const model = new ImageTransformer({
    image: [32, 32],
    levels: 2,
    dModel: 8,
    heads: 1,
    neighbourhood: { block: [4, 8], memory: [2, 4] },
  });
  const pixels = tf.zeros([1, 1024], 'int32');
  const run = () => tf.tidy(() => void tf.variableGrads(() => model.loss(pixels)));
  expect(largestTensor(run)).toBeLessThan(1024 ** 2 / 8);
});

test('refuses pixels of another size', () => {
  expect(() => small().forward(tf.zeros([1, 23], 'int32'))).toThrow('pixels');
  expect(() => small({ levels: 0 })).toThrow('levels');
});

describe('smallDigit', () => {
  const [digit] = loadMnist().test;

  test('is the mean grey of each square, rounded to a level', () => {
    const levels = smallDigit(digit);
    expect(levels).toHaveLength(196);
    for (const [y, x] of [
      [6, 6],
      [7, 5],
      [9, 8],
    ]) {
      const grey = [0, 1, 28, 29].reduce((sum, d) => sum + digit.pixels[56 * y + 2 * x + d] / 4, 0);
      expect(levels[14 * y + x]).toBe(Math.round(3 * grey));
    }
    expect(smallDigit({ pixels: new Float32Array(784).fill(1) }, { side: 7, levels: 2 })).toEqual(
      Array(49).fill(1),
    );
  });

  test('refuses a size that does not divide 28, and a single level', () => {
    expect(() => smallDigit(digit, { side: 13 })).toThrow('side: expected a divisor of 28, got 13');
    expect(() => smallDigit(digit, { levels: 1 })).toThrow('levels');
  });
});
