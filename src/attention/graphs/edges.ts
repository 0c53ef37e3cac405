import { hasKernels, isNested, kernel } from '../../tensors/kernels';
import { expectShape, expectSizes } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';

/** What attention on a graph returns: weights belong to edges, not to pairs of nodes. */
export type AttendedGraph = {
  /** [nodes, depth]. */
  context: tf.Tensor2D;
  /** [edges, heads]: those of the edges into one node sum to 1. */
  weights: tf.Tensor2D;
  /** [2, edges], int32: the edges that the weights belong to, source above target. */
  edges: tf.Tensor2D;
};

/**
 * The edges without their loops, followed by one loop on every node 0, 1, … nodes − 1.
 *
 * @param edges [2, edges]: the numbers of source (row 0) and target (row 1)
 * @returns [2, edges + nodes − loops], int32
 */
export function withSelfLoops(edges: tf.Tensor, nodes: number): tf.Tensor2D {
  const [sources, targets] = expectEdges(edges, nodes);
  const kept = [...sources.keys()].filter((e) => sources[e] !== targets[e]);
  const loops = Array.from({ length: nodes }, (_, node) => node);
  return tf.tensor2d(
    [
      [...kept.map((e) => sources[e]), ...loops],
      [...kept.map((e) => targets[e]), ...loops],
    ],
    [2, kept.length + nodes],
    'int32',
  );
}

/**
 * Softmax within segments, where row e of the logits belongs to segment s(e).
 *
 *     weights_e = exp(logits_e) / Σ_{e': s(e') = s(e)} exp(logits_e')
 *
 * Work and memory grow with the rows, not with rows × segments.
 *
 * @param logits [rows, columns], any real numbers: each column for itself
 * @param segments [rows], int32, 0 … count − 1, in any order
 * @returns weights, shape of `logits`
 */
export function segmentSoftmax(logits: tf.Tensor, segments: tf.Tensor, count: number): tf.Tensor2D {
  const [rows] = expectShape('logits', logits, ['rows', 'columns']);
  expectShape('segments', segments, [rows], 'int32');
  expectSizes({ count });
  const sumOf = (x: tf.Tensor, s: tf.Tensor1D) => tf.gather(tf.unsortedSegmentSum(x, s, count), s);
  const ids = segments as tf.Tensor1D;
  const softmax = (l: tf.Tensor) => {
    const greatest = segmentMaximum(stopGradient(l), ids, count);
    const exp = tf.exp(tf.sub(l, tf.gather(greatest, ids)));
    return tf.div(exp, sumOf(exp, ids));
  };
  if (isNested()) return tf.tidy(() => softmax(logits) as tf.Tensor2D);
  //   w = exp(l − max) / Σ exp(l − max)      dl = w (dw − Σ w dw)
  const fused = tf.customGrad((...args) => {
    const [l, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    const weights = softmax(l);
    save([weights, ids]);
    const gradFunc = (dWeights: tf.Tensor, [w, s]: tf.Tensor[]) =>
      tf.mul(w, tf.sub(dWeights, sumOf(tf.mul(w, dWeights), s as tf.Tensor1D)));
    return { value: weights, gradFunc };
  });
  return tf.tidy(() => fused(logits) as tf.Tensor2D);
}

/** The greatest row of each segment, column by column; arbitrary where a segment is empty. */
function segmentMaximum(x: tf.Tensor, segments: tf.Tensor1D, count: number): tf.Tensor {
  if (hasKernels()) {
    return kernel('UnsortedSegmentMax', [x, segments, tf.scalar(count, 'int32')], {
      T: 'float32',
      Tindices: 'int32',
      Tnumsegments: 'int32',
    });
  }
  const columns = x.shape[1] ?? 1;
  const [values, ids] = [x.dataSync(), segments.dataSync()];
  const greatest = new Float32Array(count * columns).fill(-3e38);
  values.forEach((value, i) => {
    const cell = ids[Math.floor(i / columns)] * columns + (i % columns);
    greatest[cell] = Math.max(greatest[cell], value);
  });
  return tf.tensor2d(greatest, [count, columns]);
}

/**
 * Attention along edges, once each edge has its logits.
 *
 *     α_e = softmax of the logits over the edges into one node      c_i = Σ_{e: j → i} α_e v_j
 *
 * A node that no edge leads to gets context 0.
 *
 * @param logits [edges, heads]
 * @param values [nodes, heads, dHead]
 * @param edges [2, edges], int32
 * @returns context [nodes, heads, dHead] and weights [edges, heads]
 */
export function attendAlongEdges(
  logits: tf.Tensor,
  values: tf.Tensor,
  edges: tf.Tensor,
): { context: tf.Tensor3D; weights: tf.Tensor2D } {
  const [nodes] = values.shape;
  return tf.tidy(() => {
    const [source, target] = tf.unstack(edges) as tf.Tensor1D[];
    const weights = segmentSoftmax(logits, target, nodes);
    const messages = tf.mul(tf.expandDims(weights, 2), tf.gather(values, source));
    return { context: tf.unsortedSegmentSum(messages, target, nodes) as tf.Tensor3D, weights };
  });
}

/**
 * The whole matrix, for a plot or a test. Builds nodes × nodes numbers: for small graphs only.
 *
 * @returns [heads, nodes, nodes]: row = target (who looks), column = source (who is looked at)
 */
export function denseGraphWeights(
  { weights, edges }: Pick<AttendedGraph, 'weights' | 'edges'>,
  nodes: number,
): tf.Tensor3D {
  expectSizes({ nodes });
  const [, count] = expectShape('edges', edges, [2, 'edges'], 'int32');
  const [, heads] = expectShape('weights', weights, [count, 'heads']);
  return tf.tidy(() => {
    const [source, target] = tf.unstack(edges);
    const cell = tf.add(tf.mul(target, tf.scalar(nodes, 'int32')), source) as tf.Tensor1D;
    const dense = tf.unsortedSegmentSum(weights as tf.Tensor, cell, nodes * nodes);
    return dense.transpose().reshape([heads, nodes, nodes]) as tf.Tensor3D;
  });
}

/** Throws unless `edges` is [2, edges] with node numbers 0 … nodes − 1. Returns both rows. */
export function expectEdges(edges: tf.Tensor, nodes: number): [number[], number[]] {
  const none = edges?.size === 0 && edges.shape[0] === 2; // a graph may have no edges
  const [, count] = none ? [2, 0] : expectShape('edges', edges, [2, 'edges'], 'any');
  const flat = Array.from(edges.dataSync());
  const wrong = flat.find((node) => !(Number.isInteger(node) && node >= 0 && node < nodes));
  if (wrong !== undefined) throw new Error(`edges: expected nodes 0…${nodes - 1}, got ${wrong}`);
  return [flat.slice(0, count), flat.slice(count)];
}
