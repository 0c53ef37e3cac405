import { dense } from '../../tensors/dense';
import { fusedDistanceAttention } from '../../tensors/fused/attention';
import { hasFused } from '../../tensors/fused/operation';
import { castMask, expectMaskOf, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { maskedSoftmax, weightedAverage } from '../masked-softmax';
import { causalMask } from '../masks';
import { relativeShift } from './relative-shift';

/** What the heads need besides queries, keys and values. */
export type TransformerXLHeadParameters = {
  /** W_{k,R} [dModel, heads · dHead]: turns the encoding of a distance into a key. dModel is even. */
  WKR: tf.Tensor;
  /** u [heads, dHead]: how much a key is worth, whatever the query. */
  u: tf.Tensor;
  /** v [heads, dHead]: how much a distance is worth, whatever the query. */
  v: tf.Tensor;
};

/** The parameters of one layer's attention. */
export type TransformerXLParameters = TransformerXLHeadParameters & {
  /** W_q [dModel, heads · dHead] */
  WQ: tf.Tensor;
  /** W_{k,E} [dModel, heads · dHead] */
  WKE: tf.Tensor;
  /** W_v [dModel, heads · dHead] */
  WV: tf.Tensor;
  /** [heads · dHead, dModel]: the linear layer after the heads */
  WO: tf.Tensor;
};

/**
 * The attention of Transformer-XL: the logit of query i and key j depends on what stands at both
 * and on how far j lies before i, not on where they stand.
 *
 *     A_ij = q_iᵀ k_j + q_iᵀ W_{k,R} R_{i−j} + uᵀ k_j + vᵀ W_{k,R} R_{i−j}
 *          = (q_i + u)ᵀ k_j + (q_i + v)ᵀ W_{k,R} R_{i−j}
 *     α_ij = softmax_{j ≤ i}(A_ij / √dHead)      context_i = Σ_j α_ij values_j
 *
 * The second line needs two products, each as large as that of plain attention: every distance is
 * multiplied once, and `relativeShift` brings the products to their keys.
 *
 * Source: Dai et al. (2019), Section 3.3 and Appendix B. The division by √dHead stands in their
 * code, not in the formula.
 *
 * @param query [batch, heads, queries, dHead]
 * @param keys [batch, heads, keys, dHead], keys ≥ queries: the last query stands at the last key
 * @param values [batch, heads, keys, dValue]
 * @param mask broadcastable to the weights: 1 = may be seen. The future is hidden in any case
 * @returns context [batch, heads, queries, dValue], weights [batch, heads, queries, keys]
 * @throws if a shape does not fit, or there are fewer keys than queries
 */
export function transformerXLAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: TransformerXLHeadParameters,
  mask?: tf.Tensor,
): { context: tf.Tensor4D; weights: tf.Tensor4D } {
  const { batch, heads, queries, positions, dHead } = sizes(query, keys, parameters);
  expectShape('values', values, [batch, heads, positions, 'dValue']);
  if (mask) expectMaskOf(mask, [batch, heads, queries, positions]);
  return tf.tidy(() => {
    const [u, v] = [parameters.u, parameters.v].map((bias) => bias.reshape([heads, 1, dHead]));
    const [k, seen] = withoutHidden(mask, keys, values);
    const R = distanceKeys(batch, heads, positions, parameters.WKR);
    const content = tf.matMul(tf.add(query, u), k, false, true);
    const distance = relativeShift(tf.matMul(tf.add(query, v), R, false, true), positions);
    const logits = tf.mul(tf.add(content, distance), 1 / Math.sqrt(dHead));
    const past = causalMask(queries, positions).expandDims(0);
    const visible = mask ? tf.logicalAnd(castMask(mask, 'bool'), past) : past;
    const weights = maskedSoftmax(logits, visible) as tf.Tensor4D;
    return { context: weightedAverage(weights, seen as tf.Tensor4D, visible), weights };
  });
}

/**
 * The four terms of A_ij one by one, to look at; 0 in the future. Their sum, divided by √dHead, is
 * what `transformerXLAttention` takes the softmax of.
 *
 * Source: Dai et al. (2019), Section 3.3, the terms (a) to (d) of A^rel.
 *
 * @returns each [batch, heads, queries, keys]: `content` (a) q_iᵀ k_j, `distance` (b)
 *   q_iᵀ W_{k,R} R_{i−j}, `contentBias` (c) uᵀ k_j, `distanceBias` (d) vᵀ W_{k,R} R_{i−j}
 */
export function transformerXLTerms(
  query: tf.Tensor,
  keys: tf.Tensor,
  parameters: TransformerXLHeadParameters,
): Record<'content' | 'distance' | 'contentBias' | 'distanceBias', tf.Tensor4D> {
  const { batch, heads, queries, positions, dHead } = sizes(query, keys, parameters);
  return tf.tidy(() => {
    const [u, v] = [parameters.u, parameters.v].map((bias) =>
      tf.tile(bias.reshape([1, heads, 1, dHead]), [batch, 1, queries, 1]),
    );
    const R = distanceKeys(batch, heads, positions, parameters.WKR);
    const past = tf.cast(causalMask(queries, positions), 'float32');
    const withKeys = (q: tf.Tensor) => tf.mul(tf.matMul(q, keys, false, true), past);
    const withDistances = (q: tf.Tensor) =>
      tf.mul(relativeShift(tf.matMul(q, R, false, true), positions), past);
    return {
      content: withKeys(query) as tf.Tensor4D,
      distance: withDistances(query) as tf.Tensor4D,
      contentBias: withKeys(u) as tf.Tensor4D,
      distanceBias: withDistances(v) as tf.Tensor4D,
    };
  });
}

/**
 * W_{k,R} R for the distances keys − 1, …, 0, and −1: no query sees the last one, it makes the rows
 * one longer, as `relativeShift` wants them.
 *
 * @returns [batch, heads, keys + 1, dHead], the same for each example
 */
function distanceKeys(batch: number, heads: number, keys: number, WKR: tf.Tensor): tf.Tensor {
  const R = distanceSinusoids(tf.range(keys - 1, -2, -1), WKR.shape[0]);
  const projected = dense(R, WKR).reshape([keys + 1, heads, -1]);
  return tf.tile(tf.transpose(projected, [1, 0, 2]).expandDims(0), [batch, 1, 1, 1]);
}

/**
 * R: the sinusoids of Vaswani et al. (2017), Section 3.5, of distances in place of positions; all
 * sines first, then all cosines.
 *
 *     R_δ = [sin(δ ω_0), …, cos(δ ω_0), …]      ω_m = 10000^(−2m / dModel)      m = 0 … dModel / 2 − 1
 *
 * @param distances [n]
 * @returns [n, dModel]
 */
function distanceSinusoids(distances: tf.Tensor1D, dModel: number): tf.Tensor2D {
  const m = tf.range(0, dModel / 2);
  const omega = tf.exp(tf.mul(m, (-2 * Math.log(10000)) / dModel));
  const angles = tf.outerProduct(distances, omega as tf.Tensor1D);
  return tf.concat([tf.sin(angles), tf.cos(angles)], 1);
}

function sizes(
  query: tf.Tensor,
  keys: tf.Tensor,
  { WKR, u, v }: TransformerXLHeadParameters,
): Record<'batch' | 'heads' | 'queries' | 'positions' | 'dHead', number> {
  const axes = ['batch', 'heads', 'queries', 'dHead'] as const;
  const [batch, heads, queries, dHead] = expectShape('query', query, axes);
  const positions = expectShape('keys', keys, [batch, heads, 'keys', dHead])[2];
  expectShape('u', u, [heads, dHead]);
  expectShape('v', v, [heads, dHead]);
  const [dModel] = expectShape('WKR', WKR, ['dModel', heads * dHead]);
  expectEven(dModel);
  if (positions < queries) {
    throw new Error(`expected keys ≥ queries, got ${positions} keys, ${queries} queries`);
  }
  return { batch, heads, queries, positions, dHead };
}

/** Half of the encoding of a distance are sines, half cosines. */
function expectEven(dModel: number): void {
  if (dModel % 2) throw new Error(`WKR: expected an even number of rows, got ${dModel}`);
}

/**
 * Attention from a segment to itself and to what is remembered of the segments before it.
 *
 *     h̃ = [SG(memory) ∘ x]      q, k, values = x W_q, h̃ W_{k,E}, h̃ W_v
 *
 * SG stops the gradient: a segment learns to read its memory, not to write it.
 *
 * Source: Dai et al. (2019), Sections 3.2 and 3.3.
 *
 * @param x [batch, queries, dModel]: this layer's input at the present segment
 * @param memory [batch, remembered, dModel]: this layer's input at the positions before; none if
 *   left out
 * @param options.mask broadcastable to [batch, heads, queries, remembered + queries]
 * @returns context [batch, queries, dModel], weights [batch, heads, queries, remembered + queries]
 * @throws if a shape does not fit
 */
export function segmentAttention(
  x: tf.Tensor,
  memory: tf.Tensor | undefined,
  { WQ, WKE, WV, WO, ...parameters }: TransformerXLParameters,
  { mask }: { mask?: tf.Tensor } = {},
): { context: tf.Tensor3D; weights: tf.Tensor4D } {
  const [batch, queries, dModel] = expectShape('x', x, ['batch', 'queries', 'dModel']);
  if (memory) expectShape('memory', memory, [batch, 'remembered', dModel]);
  const [heads, dHead] = expectShape('u', parameters.u, ['heads', 'dHead']);
  expectShape('v', parameters.v, [heads, dHead]);
  expectEven(dModel);
  for (const [name, W] of Object.entries({ WQ, WKE, WV, WKR: parameters.WKR })) {
    expectShape(name, W, [dModel, heads * dHead]);
  }
  return tf.tidy(() => {
    const all = memory ? tf.concat([stopGradient(memory), x], 1) : x;
    const [h] = withoutHidden(mask, all);
    const own = h === all ? x : h.slice([0, (h.shape[1] as number) - queries], [-1, queries]);
    const projected = [dense(own, WQ), dense(h, WKE), dense(h, WV)];
    const fused = asOneOperation(projected, parameters, mask);
    if (fused) {
      const { context, weights } = fused as { context: tf.Tensor3D; weights: tf.Tensor4D };
      return { context: dense(context, WO), weights };
    }
    const split = (y: tf.Tensor) =>
      tf.transpose(y.reshape([batch, -1, heads, dHead]), [0, 2, 1, 3]) as tf.Tensor4D;
    const [q, k, values] = projected.map(split);
    const { context, weights } = transformerXLAttention(q, k, values, parameters, mask);
    const joined = tf.transpose(context, [0, 2, 1, 3]).reshape([batch, queries, heads * dHead]);
    return { context: dense(joined, WO) as tf.Tensor3D, weights };
  });
}

/** `transformerXLAttention` of heads that stand side by side, read where they stand; or nothing. */
function asOneOperation(
  [q, keys, values]: tf.Tensor[],
  { WKR, u, v }: TransformerXLHeadParameters,
  mask: tf.Tensor | undefined,
) {
  if (!hasFused()) return undefined;
  const [heads, dHead] = u.shape;
  const [batch, positions] = keys.shape;
  if (mask) expectMaskOf(mask, [batch, heads, q.shape[1] as number, positions]);
  const r = dense(distanceSinusoids(tf.range(positions - 1, -1, -1), WKR.shape[0]), WKR);
  const [forContent, forDistance] = [u, v].map((bias) => tf.add(q, bias.flatten()));
  return fusedDistanceAttention(
    [forContent, keys, values, forDistance],
    r.expandDims(0),
    mask,
    1 / Math.sqrt(dHead),
    heads,
  );
}

/** New parameters: Glorot and Bengio's uniform matrices; u and v too, as rows of such a matrix. */
export function transformerXLParameters(
  { dModel, heads, dHead = dModel / heads }: { dModel: number; heads: number; dHead?: number },
  next: Random,
): TransformerXLParameters {
  const [into, bias] = [
    [dModel, heads * dHead],
    [heads, dHead],
  ];
  return {
    WQ: uniform(into, next),
    WKE: uniform(into, next),
    WKR: uniform(into, next),
    WV: uniform(into, next),
    WO: uniform([heads * dHead, dModel], next),
    u: uniform(bias, next),
    v: uniform(bias, next),
  };
}
