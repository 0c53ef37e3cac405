import { same, tf } from 'attention';
import { expect, test } from 'vitest';
import { printed } from './printed';

test('two versions that agree say how well, in all of their numbers', () => {
  const x = tf.tensor2d([[1, 2, 3]]);
  expect(printed(() => same('f', x, [[1, 2.000001, 3]]))).toBe(
    '✓ f: this cell and src agree in 3 numbers: the largest difference is 5e-7',
  );
  expect(printed(() => same('f', 0.5, tf.scalar(0.5)))).toBe(
    '✓ f: this cell and src agree in 1 numbers',
  );
  const both = { context: x, weights: [0.25, 0.75] };
  expect(printed(() => same('f', both, both))).toContain('agree in 5 numbers');
});

test('the tolerance is of a share where numbers are large, and can be given', () => {
  expect(printed(() => same('f', [1e6], [1e6 + 5]))).toContain('5e-6');
  expect(printed(() => same('f', [1], [1.01], 0.1))).toContain('1e-2');
});

test('two versions that differ are refused, and it says where', () => {
  expect(() => same('f', [[1, 2]], [[1, 2.1]])).toThrow(
    'f: number 1 of 2 is 2 in this cell and 2.1 in src',
  );
  expect(() => same('f', { weights: [1] }, { weights: [2] })).toThrow('f.weights: number 0');
  expect(() => same('f', [Number.NaN], [1])).toThrow('is NaN in this cell');
});

test('so are other shapes and missing parts', () => {
  expect(() => same('f', tf.zeros([1, 2]), tf.zeros([2, 1]))).toThrow(
    'f: this cell has [1,2], src has [2,1]',
  );
  expect(() => same('f', { context: [1] }, { context: [1], weights: [1] })).toThrow(
    'f.weights: this cell has nothing, src has [1]',
  );
});
