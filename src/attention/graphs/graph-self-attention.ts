import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { type AttendedGraph, attendAlongEdges, expectEdges } from './edges';

/** The parameters of graph self-attention: those of multi-head attention. */
export type GraphSelfAttentionParameters = {
  /** [dModel, heads · dHead] each. */
  WQ: tf.Tensor;
  WK: tf.Tensor;
  WV: tf.Tensor;
  /** [heads · dHead, dModel]. */
  WO: tf.Tensor;
};

/**
 * Graph self-attention (GSA): multi-head scaled dot-product attention in which node u sees only its
 * neighbours A(u), the sources of the edges that lead to it.
 *
 *     Q = h_u W^Q      K, V = {h_v: v ∈ A(u)} W^K, W^V
 *     head = softmax(Q Kᵀ / √dHead) V      GSA(G, h_u) = [head_1 ‖ … ‖ head_h] W^O
 *
 * Source: Ye, Guo, Gan, Qiu, Zhang (2019), "BP-Transformer", the section on graph self-attention.
 * The text divides by √d with d the depth of h; the authors' code by √dHead, as Vaswani et al.
 * (2017) do, and so do we. On the complete graph with self-loops this is multi-head attention.
 *
 * Work and memory grow with nodes + edges. Add self-loops with `withSelfLoops` where wanted.
 *
 * @param nodes h [nodes, dModel]
 * @param edges [2, edges], int32: from source v (row 0) to target u (row 1)
 * @returns context [nodes, dModel]; weights [edges, heads]; the edges. A node without any edge gets
 *   context 0.
 * @throws if a shape does not fit, an edge names a node that is not there, or the heads do not
 *   divide the columns of WQ
 */
export function graphSelfAttention(
  nodes: tf.Tensor,
  edges: tf.Tensor,
  { WQ, WK, WV, WO }: GraphSelfAttentionParameters,
  { heads = 1 }: { heads?: number } = {},
): AttendedGraph {
  const [count] = expectShape('nodes', nodes, ['nodes', 'dModel']);
  const [, columns] = expectShape('WQ', WQ, ['dModel', 'columns']);
  expectShape('WK', WK, ['dModel', columns]);
  expectShape('WV', WV, ['dModel', columns]);
  if (columns % heads !== 0)
    throw new Error(`${heads} heads do not divide ${columns} columns of WQ`);
  expectEdges(edges, count);
  const dHead = columns / heads;
  return tf.tidy(() => {
    const used = tf.cast(edges, 'int32').clone() as tf.Tensor2D;
    const [source, target] = tf.unstack(used);
    const project = (W: tf.Tensor) => dense(nodes, W).reshape([count, heads, dHead]);
    const query = tf.mul(project(WQ), 1 / Math.sqrt(dHead));
    const products = tf.mul(tf.gather(query, target), tf.gather(project(WK), source));
    const { context, weights } = attendAlongEdges(tf.sum(products, -1), project(WV), used);
    return {
      context: dense(context.reshape([count, columns]), WO) as tf.Tensor2D,
      weights,
      edges: used,
    };
  });
}

/** New parameters of `graphSelfAttention`: Glorot. */
export function graphSelfAttentionParameters(
  { dModel, heads, dHead = dModel / heads }: { dModel: number; heads: number; dHead?: number },
  next: Random,
): GraphSelfAttentionParameters {
  return {
    WQ: uniform([dModel, heads * dHead], next),
    WK: uniform([dModel, heads * dHead], next),
    WV: uniform([dModel, heads * dHead], next),
    WO: uniform([heads * dHead, dModel], next),
  };
}
