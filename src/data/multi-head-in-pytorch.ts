import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MultiHeadParameters } from '../attention/heads/multi-head';
import { packageRoot } from '../package-root';
import { tf } from '../tensors/tf';

/** What PyTorch made of one small example. */
export type MultiHeadInPyTorch = {
  /** The version of PyTorch that computed the numbers. */
  version: string;
  heads: number;
  /** [batch, length, dModel] */
  x: tf.Tensor;
  /** [1, length, length], causal */
  mask: tf.Tensor;
  parameters: MultiHeadParameters;
  /** The lecture's class `MultiHeadedAttention`: context [batch, length, dModel], weights
   * [batch, heads, length, length]. */
  slide: { context: tf.Tensor; weights: tf.Tensor };
  /** The same by `torch.nn.MultiheadAttention`. */
  library: { context: tf.Tensor; weights: tf.Tensor };
};

/**
 * Causal multi-head self-attention of one small example, computed in PyTorch by the lecture's own
 * code and by `torch.nn.MultiheadAttention`, in double precision (tests/golden/generate_lesson08.py).
 * The matrices are [input, output] here, the transpose of what `nn.Linear` keeps.
 */
export function multiHeadInPyTorch(): MultiHeadInPyTorch {
  const file = join(packageRoot(), 'data', 'multi-head-in-pytorch.json');
  const { torch, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  return { version: torch, ...tensors(rest) };
}

/** A tree with a tensor in place of each { shape, values }. */
function tensors(node: any): any {
  if (typeof node !== 'object') return node;
  if (node.values) return tf.tensor(node.values, node.shape);
  return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, tensors(child)]));
}
