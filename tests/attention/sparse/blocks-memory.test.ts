import { blockAttention, tf } from 'attention';
import { afterEach, expect, test } from 'vitest';
import { largestTensor, peakBytes } from '../../helpers';
import { draw } from './patterns';

const { ATTENTION_FUSED } = process.env;
afterEach(() => {
  if (ATTENTION_FUSED === undefined) delete process.env.ATTENTION_FUSED;
  else process.env.ATTENTION_FUSED = ATTENTION_FUSED;
});

// By itself: pure JavaScript, on which the other tests of blocks run, too, takes minutes for it.
test.each(['on', 'off'])(
  'with fused operations %s, the backward pass adds little to the weights',
  (fused) => {
    process.env.ATTENTION_FUSED = fused;
    const length = 1024;
    const starts = Array.from({ length: 8 }, (_, block) => block * 128);
    const rows = starts.map((start) => Array.from({ length: 128 }, (_, i) => start + i));
    const blocks = { queries: rows, keys: rows, sees: () => true };
    const inputs = draw([32, length]);
    const run = () =>
      tf.tidy(() => {
        tf.grads((q, k, v) => tf.sum(blockAttention(q, k, v, blocks).context))(inputs);
      });
    const weights = 32 * length * 128;
    expect(largestTensor(run)).toBe(weights);
    expect(peakBytes(run)).toBeLessThan(2.5 * 4 * weights);
  },
);
