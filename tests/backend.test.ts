import { backendName, tf } from 'attention';
import { expect, test } from 'vitest';

test('the native TensorFlow backend is in use', () => {
  expect(backendName()).toBe('tensorflow');
  expect(tf.matMul([[1, 2]], [[3], [4]]).arraySync()).toEqual([[11]]);
});
