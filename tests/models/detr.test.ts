import {
  type DetrParameters,
  detr,
  detrParameters,
  flatten,
  imagePositions,
  objectDecoder,
  random,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden, type Tensors } from '../golden/golden';
import { difference, expectGradient, expectNoLeak } from '../helpers';

/** `{ 'encoder/0/attention/WQ': … }` as a tree; groups named 0, 1, … become lists. */
function unflatten(flat: Tensors): DetrParameters {
  const tree: any = {};
  for (const [path, tensor] of Object.entries(flat)) {
    const names = path.split('/');
    let node = tree;
    names.slice(0, -1).forEach((name, i) => {
      node[name] ??= /^\d+$/.test(names[i + 1]) ? [] : {};
      node = node[name];
    });
    node[names[names.length - 1]] = tensor;
  }
  return { encoder: [], ...tree };
}

const sizes = {
  channels: 5,
  dModel: 8,
  dHidden: 6,
  queries: 4,
  classes: 3,
  encoderLayers: 1,
  decoderLayers: 2,
};
const parameters = detrParameters(sizes, random(1));
const features = uniform([2, 3, 2, 5], random(2), 2);
const run = (p: DetrParameters, options = {}) => detr(features, p, { heads: 2, ...options });
const withQueries = (queries: tf.Tensor) => ({
  ...parameters,
  decoder: { ...parameters.decoder, queries },
});

describe('detr', () => {
  test.each(golden('detr'))('agrees with the layers of transformers, case %#', (example) => {
    expectGolden(example, ({ features, ...flat }, { heads }) => {
      const { logits, boxes } = detr(features, unflatten(flat), { heads });
      return { logits, boxes };
    });
  });

  test('gives answers of every layer, and weights whose rows sum to 1', () => {
    const { logits, boxes, weights } = run(parameters);
    expect(logits.shape).toEqual([2, 2, 4, 4]);
    expect(boxes.shape).toEqual([2, 2, 4, 4]);
    const shapes = [weights.encoder, weights.self, weights.cross].map((list) =>
      list.map(({ shape }) => shape.join()),
    );
    expect(shapes).toEqual([['2,2,6,6'], ['2,2,4,4', '2,2,4,4'], ['2,2,4,6', '2,2,4,6']]);
    for (const one of [...weights.encoder, ...weights.self, ...weights.cross])
      expect(difference(tf.sum(one, -1), tf.ones(one.shape.slice(0, -1)))).toBeLessThan(1e-5);
  });

  test('gives the same answers in another order if the queries are permuted', () => {
    const order = tf.tensor1d([2, 0, 3, 1], 'int32');
    const before = run(parameters);
    const after = run(withQueries(tf.gather(parameters.decoder.queries, order)));
    expect(difference(after.logits, tf.gather(before.logits, order, 2))).toBeLessThan(1e-5);
    expect(difference(after.boxes, tf.gather(before.boxes, order, 2))).toBeLessThan(1e-5);
  });

  test('gives equal queries equal answers, in every layer', () => {
    const { boxes } = run(withQueries(tf.ones([4, 8])));
    expect(
      difference(boxes, tf.tile(boxes.slice([0, 0, 0], [2, 2, 1]), [1, 1, 4, 1])),
    ).toBeLessThan(1e-6);
  });

  test('lets no query hear of the others without self-attention, nor in the first layer', () => {
    const { queries } = parameters.decoder;
    const other = tf.concat([queries.slice([0], [1]), uniform([3, 8], random(9), 2)]);
    const ofFirst = (q: tf.Tensor, selfAttention: boolean, layer: number) =>
      run(withQueries(q), { selfAttention }).boxes.slice([layer, 0, 0], [1, -1, 1]);
    for (const [selfAttention, layer, hears] of [
      [false, 1, false],
      [true, 0, false],
      [true, 1, true],
    ] as const) {
      const change = difference(
        ofFirst(queries, selfAttention, layer),
        ofFirst(other, selfAttention, layer),
      );
      if (hears) expect(change).toBeGreaterThan(1e-3);
      else expect(change).toBeLessThan(1e-6);
    }
  });

  test('knows of places only by the positions: without them, pixels may stand in any order', () => {
    const turned = tf.reverse(features, [1, 2]);
    const places = { height: 3, width: 2, dModel: 8 };
    const none = { positions: tf.zeros([3, 2, 8]) };
    const boxes = (x: tf.Tensor, options: object) =>
      detr(x, parameters, { heads: 2, ...options }).boxes;
    expect(difference(boxes(turned, none), boxes(features, none))).toBeLessThan(1e-5);
    expect(difference(boxes(turned, {}), boxes(features, {}))).toBeGreaterThan(1e-3);
    const given = { positions: imagePositions(places) };
    expect(difference(boxes(features, given), boxes(features, {}))).toBeLessThan(1e-7);
  });

  test('has the gradient that finite differences measure', () => {
    const flat = flatten<tf.Tensor>(parameters);
    const [one, other] = ['decoder/queries', 'encoder/0/attention/WK'];
    const loss = (x: tf.Tensor, q: tf.Tensor, W: tf.Tensor) => {
      const tree = unflatten({ ...flat, [one]: q, [other]: W });
      const { logits, boxes } = detr(x, tree, { heads: 2 });
      return tf.add(tf.mean(tf.square(logits)), tf.sum(boxes));
    };
    expectGradient(loss, [features, flat[one], flat[other]], { step: 3e-3, tolerance: 3e-2 });
  });

  test('leaves no tensor behind', () => {
    expectNoLeak(() => tf.dispose(run(parameters) as never));
  });

  test('refuses what does not fit', () => {
    const wrong = () => detr(tf.zeros([2, 3, 5]), parameters, { heads: 2 });
    expect(wrong).toThrow('features: expected shape [batch, height, width, channels]');
    expect(() => run(withQueries(tf.zeros([4, 6])))).toThrow('queries: expected shape [N, 8]');
    expect(() => run(parameters, { positions: tf.zeros([2, 3, 8]) })).toThrow('positions');
    expect(() => run(parameters, { heads: 3 })).toThrow('not divisible by 3 heads');
    expect(() => objectDecoder(tf.zeros([2, 6, 8]), parameters.decoder, { heads: 2 })).toThrow(
      'memory: expected shape',
    );
  });
});
