import { dense } from '../../tensors/dense';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import { type AttendedGraph, attendAlongEdges, expectEdges, withSelfLoops } from './edges';

/** The parameters of graph attention (GAT). */
export type GraphAttentionParameters = {
  /** W [nodeDepth, heads · dHead]. */
  W: tf.Tensor;
  /** The half of a that meets the node who looks: [heads, dHead]. */
  aTarget: tf.Tensor;
  /** The half of a that meets the node looked at: [heads, dHead]. */
  aSource: tf.Tensor;
  /** [heads · dHead], or [dHead] if heads are averaged. */
  bias?: tf.Tensor;
};

/** The parameters of GATv2. */
export type GraphAttentionV2Parameters = {
  /** The half of W that meets the node who looks: [nodeDepth, heads · dHead]. */
  WTarget: tf.Tensor;
  /** The half of W that meets the node looked at; also makes the values. */
  WSource: tf.Tensor;
  /** Biases of both projections: [heads · dHead]. */
  bTarget?: tf.Tensor;
  bSource?: tf.Tensor;
  /** [heads, dHead]. */
  a: tf.Tensor;
  /** [heads · dHead], or [dHead] if heads are averaged. */
  bias?: tf.Tensor;
};

export type GraphAttentionOptions = {
  /** Whether heads are averaged, as in the paper's last layer, not concatenated. */
  average?: boolean;
  /** Whether every node also looks at itself. */
  selfLoops?: boolean;
  /** LeakyReLU's slope below 0. */
  slope?: number;
};

/**
 * Graph attention (GAT): every node looks at the nodes whose edges lead to it, its neighbourhood N_i.
 *
 *     e_ij = LeakyReLU(aᵀ [W h_i ‖ W h_j])      α_ij = softmax_{j ∈ N_i}(e_ij)
 *     h'_i = Σ_j α_ij W h_j
 *
 * Source: Veličković et al. (2018), eq. (3)–(4); heads concatenated as in (5), without its σ, which
 * is left to the caller, or averaged as in (6). With a = [aTarget ‖ aSource] the logit is a sum of
 * two numbers, one per node: so the order in which nodes rank their neighbours is the same for all
 * of them ("static attention", Brody et al. 2022).
 *
 * Work and memory grow with nodes + edges. A batch of graphs is one graph with several parts.
 *
 * @param nodes h [nodes, nodeDepth]
 * @param edges [2, edges], int32: from source j (row 0) to target i (row 1)
 * @returns context [nodes, heads · dHead], or [nodes, dHead] if averaged; weights [edges, heads] and
 *   the edges they belong to, self-loops last. A node without any edge gets context 0 (+ bias).
 * @throws if a shape does not fit, or an edge names a node that is not there
 */
export function graphAttention(
  nodes: tf.Tensor,
  edges: tf.Tensor,
  { W, aTarget, aSource, bias }: GraphAttentionParameters,
  { average = false, selfLoops = true, slope = 0.2 }: GraphAttentionOptions = {},
): AttendedGraph {
  const [count] = expectShape('nodes', nodes, ['nodes', 'nodeDepth']);
  const [heads, dHead] = expectShape('aSource', aSource, ['heads', 'dHead']);
  expectShape('aTarget', aTarget, [heads, dHead]);
  expectShape('W', W, ['nodeDepth', heads * dHead]);
  return tf.tidy(() => {
    const used = prepareEdges(edges, count, selfLoops);
    const [source, target] = tf.unstack(used);
    const projected = dense(nodes, W).reshape([count, heads, dHead]);
    const perNode = (a: tf.Tensor) => tf.sum(tf.mul(projected, a), -1);
    const logits = tf.leakyRelu(
      tf.add(tf.gather(perNode(aTarget), target), tf.gather(perNode(aSource), source)),
      slope,
    );
    const { context, weights } = attendAlongEdges(logits, projected, used);
    return { context: joinHeads(context, average, bias), weights, edges: used };
  });
}

/**
 * GATv2: the same with a and LeakyReLU exchanged, so that each node can rank its neighbours its own
 * way ("dynamic attention").
 *
 *     e_ij = aᵀ LeakyReLU(W [h_i ‖ h_j])      α_ij = softmax_{j ∈ N_i}(e_ij)
 *     h'_i = Σ_j α_ij WSource h_j
 *
 * Source: Brody, Alon, Yahav (2022), eq. (7); W = [WTarget ‖ WSource]. Here the hidden layer is
 * computed for every edge: edges · heads · dHead numbers.
 *
 * Arguments and results as for `graphAttention`.
 */
export function graphAttentionV2(
  nodes: tf.Tensor,
  edges: tf.Tensor,
  { WTarget, WSource, bTarget, bSource, a, bias }: GraphAttentionV2Parameters,
  { average = false, selfLoops = true, slope = 0.2 }: GraphAttentionOptions = {},
): AttendedGraph {
  const [count] = expectShape('nodes', nodes, ['nodes', 'nodeDepth']);
  const [heads, dHead] = expectShape('a', a, ['heads', 'dHead']);
  expectShape('WTarget', WTarget, ['nodeDepth', heads * dHead]);
  expectShape('WSource', WSource, ['nodeDepth', heads * dHead]);
  return tf.tidy(() => {
    const used = prepareEdges(edges, count, selfLoops);
    const [source, target] = tf.unstack(used);
    const asTarget = dense(nodes, WTarget, bTarget).reshape([count, heads, dHead]);
    const asSource = dense(nodes, WSource, bSource).reshape([count, heads, dHead]);
    const hidden = tf.leakyRelu(
      tf.add(tf.gather(asTarget, target), tf.gather(asSource, source)),
      slope,
    );
    const logits = tf.sum(tf.mul(hidden, a), -1);
    const { context, weights } = attendAlongEdges(logits, asSource, used);
    return { context: joinHeads(context, average, bias), weights, edges: used };
  });
}

type GraphAttentionSizes = { nodeDepth: number; heads: number; dHead: number; average?: boolean };

/** New parameters of `graphAttention`: Glorot, bias 0. */
export function graphAttentionParameters(
  { nodeDepth, heads, dHead, average = false }: GraphAttentionSizes,
  next: Random,
): GraphAttentionParameters {
  return {
    W: uniform([nodeDepth, heads * dHead], next),
    aTarget: uniform([heads, dHead], next),
    aSource: uniform([heads, dHead], next),
    bias: tf.zeros([average ? dHead : heads * dHead]),
  };
}

/** New parameters of `graphAttentionV2`: Glorot, biases 0. */
export function graphAttentionV2Parameters(
  { nodeDepth, heads, dHead, average = false }: GraphAttentionSizes,
  next: Random,
): GraphAttentionV2Parameters {
  return {
    WTarget: uniform([nodeDepth, heads * dHead], next),
    WSource: uniform([nodeDepth, heads * dHead], next),
    bTarget: tf.zeros([heads * dHead]),
    bSource: tf.zeros([heads * dHead]),
    a: uniform([heads, dHead], next),
    bias: tf.zeros([average ? dHead : heads * dHead]),
  };
}

function prepareEdges(edges: tf.Tensor, nodes: number, selfLoops: boolean): tf.Tensor2D {
  if (selfLoops) return withSelfLoops(edges, nodes);
  expectEdges(edges, nodes);
  return tf.cast(edges, 'int32').clone() as tf.Tensor2D;
}

function joinHeads(context: tf.Tensor3D, average: boolean, bias?: tf.Tensor): tf.Tensor2D {
  const [nodes, heads, dHead] = context.shape;
  const joined = average ? tf.mean(context, 1) : context.reshape([nodes, heads * dHead]);
  if (bias) expectShape('bias', bias, [joined.shape[1] as number]);
  return (bias ? tf.add(joined, bias) : joined) as tf.Tensor2D;
}
