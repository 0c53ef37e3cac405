import {
  layerNorm,
  random,
  type SegmentLayer,
  segmentAttention,
  segmentRecurrence,
  tf,
  transformerXLParameters,
  uniform,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectNoLeak } from '../helpers';

const next = random(1901);
const draw = (...shape: number[]) => uniform(shape, next, 1) as tf.Tensor3D;
const distance = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];
const part = (x: tf.Tensor, first: number, n = -1) =>
  tf.slice(x, [0, first, 0], [-1, n, -1]) as tf.Tensor3D;

const norm = { gain: tf.ones([4]), bias: tf.zeros([4]) };
function stack(layers: number): SegmentLayer[] {
  return Array.from({ length: layers }, () => {
    const parameters = transformerXLParameters({ dModel: 4, heads: 2 }, next);
    return (x, memory) =>
      layerNorm(tf.add(x, segmentAttention(x, memory, parameters).context), norm) as tf.Tensor3D;
  });
}

/** The text in segments of `length`, one after another. */
function inSegments(x: tf.Tensor, length: number, layers: SegmentLayer[], memoryLength: number) {
  const outputs: tf.Tensor3D[] = [];
  let memories: tf.Tensor3D[] = [];
  const [, whole] = x.shape;
  for (let first = 0; first < whole; first += length) {
    const segment = part(x, first, Math.min(length, whole - first));
    const read = segmentRecurrence(segment, memories, layers, memoryLength);
    outputs.push(read.output);
    memories = read.memories;
  }
  return tf.concat(outputs, 1);
}

describe('segmentRecurrence', () => {
  test('with memories that cover everything equals one long pass, however deep the stack', () => {
    const sizes = [fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })] as const;
    fc.assert(
      fc.property(...sizes, (depth, length) => {
        const [x, layers] = [draw(2, 9, 4), stack(depth)];
        const whole = segmentRecurrence(x, [], layers, 1).output;
        expect(distance(inSegments(x, length, layers, 9), whole)).toBeLessThan(1e-4);
      }),
      { numRuns: 12 },
    );
  });

  test('reaches one memory farther back with each layer, and no farther', () => {
    const [length, segments] = [3, 4];
    const x = draw(1, length * segments, 4);
    for (const depth of [1, 2]) {
      const layers = stack(depth);
      const last = (y: tf.Tensor) =>
        part(inSegments(y, length, layers, length), -length + 12, length);
      const before = last(x);
      const moved = Array.from({ length: segments }, (_, s) => {
        const noise = tf.pad(draw(1, length, 4), [
          [0, 0],
          [s * length, (segments - 1 - s) * length],
          [0, 0],
        ]);
        return distance(last(tf.add(x, noise)), before) > 1e-6;
      });
      const firstSeen = segments - 1 - depth;
      expect(moved).toEqual(moved.map((_, s) => s >= firstSeen));
    }
  });

  test('keeps the last positions of each layer’s input', () => {
    const [x, y] = [draw(1, 3, 4), draw(1, 3, 4)];
    const double: SegmentLayer = (h) => tf.mul(h, 2);
    const first = segmentRecurrence(x, [], [double, double], 4);
    expect(first.memories.map((m) => m.shape[1])).toEqual([3, 3]);
    const { memories, output } = segmentRecurrence(y, first.memories, [double, double], 4);
    const both = part(tf.concat([x, y], 1), 2);
    expect(distance(memories[0], both)).toBe(0);
    expect(distance(memories[1], tf.mul(both, 2))).toBe(0);
    expect(distance(output, tf.mul(y, 4))).toBe(0);
  });

  test('lets no gradient from one segment into the one before', () => {
    const [x, y] = [draw(1, 3, 4), draw(1, 3, 4)];
    const plain: SegmentLayer = (h, memory) => (memory ? tf.add(h, memory) : h);
    const layers = [...stack(1), plain]; // the second does not stop the gradient itself
    const gradient = tf.grad((early: tf.Tensor) => {
      const { memories, output } = segmentRecurrence(early as tf.Tensor3D, [], layers, 3);
      const late = segmentRecurrence(y, memories, layers, 3).output;
      return tf.add(tf.sum(tf.square(late)), tf.mul(tf.sum(output), 0));
    })(x);
    expect(tf.sum(tf.abs(gradient)).dataSync()[0]).toBe(0);
  });

  test('hands on the weights of layers that give them', () => {
    const layers: SegmentLayer[] = [(h) => ({ output: tf.mul(h, 2), weights: tf.ones([2]) })];
    const { output, weights } = segmentRecurrence(draw(1, 3, 4), [], layers, 2);
    expect(output.shape).toEqual([1, 3, 4]);
    expect([...(weights[0] as tf.Tensor).dataSync()]).toEqual([1, 1]);
  });

  test('keeps no tensor but what it returns, and refuses what does not fit', () => {
    const [x, layers] = [draw(1, 3, 4), stack(2)];
    expectNoLeak(() => tf.dispose(segmentRecurrence(x, [x, x], layers, 2) as never));
    expect(() => segmentRecurrence(x, [x], layers, 2)).toThrow(
      'expected 2 memories, one for each layer, got 1',
    );
    expect(() => segmentRecurrence(x, [x, draw(2, 3, 4)], layers, 2)).toThrow(
      'memory 1: expected shape [1, remembered, 4], got [2, 3, 4]',
    );
    expect(() => segmentRecurrence(x, [], layers, 0)).toThrow('memoryLength: expected ≥ 1, got 0');
  });
});
