import { tf } from 'attention';
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/tensors/kernels';
import { largestTensor, peakBytes } from '../helpers';

describe('what a computation allocates', () => {
  test('counts the product of two vectors, and its gradient', () => {
    const x = tf.ones([50, 1]);
    const outer = (v: tf.Tensor) =>
      tf.sum(tf.matMul(v as tf.Tensor2D, v as tf.Tensor2D, false, true));
    expect(largestTensor(() => tf.tidy(() => void outer(x)))).toBe(2500);
    const gradientOfSum = () => tf.tidy(() => void tf.grad((v) => tf.sum(tf.square(v)))(x));
    expect(largestTensor(gradientOfSum)).toBe(50);
    expect(largestTensor(() => tf.tidy(() => void tf.grad(outer)(x)))).toBe(2500);
  });

  test('sees what a raw kernel makes', () => {
    const x = tf.ones([50, 1]);
    const attributes = { T: 'float32', adj_x: false, adj_y: true } as const;
    const run = () => tf.dispose(kernel('BatchMatMulV2', [x, x], attributes));
    expect(largestTensor(run)).toBe(2500);
  });

  test('counts bytes at their peak: what was disposed is free again', () => {
    const x = tf.ones([1000]);
    const twoAtOnce = () => tf.dispose([tf.add(x, 1), tf.add(x, 2)]);
    const oneAfterAnother = () => {
      tf.dispose(tf.add(x, 1));
      tf.dispose(tf.add(x, 2));
    };
    expect(peakBytes(twoAtOnce)).toBeGreaterThanOrEqual(8000);
    expect(peakBytes(twoAtOnce)).toBeLessThan(8100);
    expect(peakBytes(oneAfterAnother)).toBeLessThan(4100);
  });

  test('counts a tensor under two shapes once, until both are gone', () => {
    const x = tf.ones([1000]);
    const run = () => {
      const a = tf.add(x, 1);
      const b = a.reshape([10, 100]);
      a.dispose();
      const c = tf.add(b, 1); // b still holds a's buffer
      tf.dispose([b, c]);
    };
    expect(peakBytes(run)).toBeGreaterThanOrEqual(8000);
    expect(peakBytes(run)).toBeLessThan(8100);
    expect(peakBytes(() => tf.dispose(x.reshape([10, 100])))).toBeLessThan(100);
  });

  test('counts a truth value as one byte', () => {
    const x = tf.ones([1000]);
    expect(peakBytes(() => tf.dispose(tf.greater(x, x)))).toBe(1000);
  });

  test('leaves the backend as it was, also after an error', () => {
    const failing = () => {
      throw new Error('no');
    };
    expect(() => largestTensor(failing)).toThrow('no');
    const { tensorMap } = tf.backend() as unknown as { tensorMap: object };
    expect(Object.keys(tensorMap)).not.toContain('set');
  });
});
