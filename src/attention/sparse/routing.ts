import { gatherRows } from '../../tensors/gather-rows';
import { castMask, expectMask, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { maskedSoftmax } from '../masked-softmax';
import type { SparseWeights } from '../sparse-weights';

export type RoutingOptions = {
  /** w: how many queries, and how many keys, each cluster takes. */
  window: number;
  /** Whether queries see no later key. */
  causal?: boolean;
};

/**
 * Routing attention: a query attends to the keys of its own cluster.
 *
 *     Q_c, K_c = the w queries, keys with the largest x̂ · μ_c      x̂ = x / |x|
 *     context of q = mean over the clusters c that took q of softmax(q K_cᵀ / √dKey) V_c
 *
 * All clusters are of one size, so a token may be in several or in none (context 0, weights 0). With
 * w = length / clusters and √length clusters, the work is length^1.5. Which tokens a cluster takes
 * carries no gradient; μ moves by `updateCentroids`.
 *
 * Source: Roy et al. (2021), Section 4.1 and Algorithm 1. The mean, for a token of several clusters,
 * is that of the routing-transformer package.
 *
 * Causal hides later keys. Yet all tokens compete for places in a cluster: which earlier keys a query
 * meets still depends on later tokens, in the paper too, unless w is the whole length.
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys like `query`; undefined: shared query-key, where keys are q̂, both are routed alike, and
 *   a token looks at itself only if it has nobody else
 * @param values [batch, (heads,) length, dValue]
 * @param centroids μ [clusters, dKey], or [heads, clusters, dKey]
 * @param mask [batch, 1, length]: 1 = a token, 0 = padding, which no cluster takes
 * @returns context [batch, (heads,) length, dValue]; weights over at most w keys from each of the
 *   clusters that took the query
 * @throws if a shape does not fit, or w is not a whole number from 1
 */
export function routingAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T | undefined,
  values: T,
  centroids: tf.Tensor,
  mask: tf.Tensor | undefined,
  { window, causal = false }: RoutingOptions,
): { context: T; weights: SparseWeights } {
  const { lead, length, dKey, clusters } = expectRouting(query, keys, centroids, mask);
  const dValue = expectShape('values', values, [...lead, length, 'dValue'])[lead.length + 1];
  if (!(Number.isInteger(window) && window >= 1))
    throw new Error(`expected window ≥ 1, got ${window}`);
  const groups = lead.reduce((product, n) => product * n, 1);
  const w = Math.min(window, length);
  return tf.tidy(() => {
    const flat = (x: tf.Tensor) => x.reshape([groups, length, x.shape[x.rank - 1]]);
    const shown = lead.length > 1 ? mask?.expandDims(1) : mask; // [batch, (heads,) 1, length]
    const [q, v] = withoutHidden(shown, query, values).map((x) => flat(x));
    const k = keys ? flat(withoutHidden(shown, keys)[0]) : unit(q);
    const take = (x: tf.Tensor) => members(x, centroids, mask, lead[0], w);
    const ofQueries = take(q);
    const ofKeys = keys ? take(k) : ofQueries;
    const rows = (x: tf.Tensor, { ids }: Members) => {
      const taken = gatherRows(x, ids.reshape([groups, clusters * w]));
      return taken.reshape([groups, clusters, w, taken.shape[2]]);
    };

    const [i, j] = [tf.expandDims(ofQueries.ids, 3), tf.expandDims(ofKeys.ids, 2)];
    let visible = tf.logicalAnd(tf.expandDims(ofQueries.there, 3), tf.expandDims(ofKeys.there, 2));
    if (causal) visible = tf.logicalAnd(visible, tf.greaterEqual(i, j));
    let logits: tf.Tensor = tf.matMul(rows(q, ofQueries), rows(k, ofKeys), false, true);
    logits = tf.mul(logits, 1 / Math.sqrt(dKey));
    if (!keys) logits = tf.where(tf.equal(i, j), tf.scalar(-1e30), logits); // still visible
    const inCluster = maskedSoftmax(logits, visible);

    // A query that several clusters took gets the mean of those in which it sees something.
    const size = groups * clusters * w;
    const first = tf.range(0, groups, 1, 'int32').reshape([groups, 1, 1]);
    const place = tf
      .add(ofQueries.ids, tf.mul(first, tf.scalar(length, 'int32')))
      .reshape([size]) as tf.Tensor1D;
    const sees = tf.cast(tf.any(visible, 3), 'float32').reshape([size]) as tf.Tensor1D;
    const times = tf.maximum(tf.unsortedSegmentSum(sees, place, groups * length), 1);
    const share = tf.div(1, tf.gather(times, place)).reshape([groups, clusters, w, 1]);
    const weights = tf.mul(inCluster, share);
    const shares = tf.matMul(weights, rows(v, ofKeys)).reshape([size, dValue]);
    const context = tf.unsortedSegmentSum(shares, place, groups * length);
    const listed = listPerQuery({ weights, visible, j, place, sees, times }, groups, length);
    return {
      context: context.reshape([...lead, length, dValue]) as T,
      weights: {
        weights: listed.weights.reshape([...lead, length, -1]),
        keys: listed.keys.reshape([...lead, length, -1]),
        keyCount: length,
      },
    };
  });
}

/**
 * One step of online k-means on the unit sphere: centroids move towards the tokens nearest to them.
 *
 *     m_c = Σ of the x̂ whose nearest centroid is c, of length 1
 *     μ_c ← decay · μ_c + (1 − decay) · m_c
 *
 * with x̂ the queries and keys of all examples; a centroid that is nearest to none stays. Source: Roy
 * et al. (2021), Section 4.1, whose m_c is the sum itself; that of length 1 is the
 * routing-transformer package's, and does not grow with the batch. Has no gradient.
 *
 * Arguments as for `routingAttention`.
 * @param options.decay 0 … 1
 * @returns new centroids, shape of `centroids`
 */
export function updateCentroids(
  centroids: tf.Tensor,
  query: tf.Tensor,
  keys?: tf.Tensor,
  mask?: tf.Tensor,
  { decay = 0.999 }: { decay?: number } = {},
): tf.Tensor {
  const { lead, length, dKey, clusters } = expectRouting(query, keys, centroids, mask);
  if (!(decay >= 0 && decay <= 1)) throw new Error(`expected decay 0…1, got ${decay}`);
  const [batch, heads] = [lead[0], lead[1] ?? 1];
  return tf.tidy(() => {
    const shown = lead.length > 1 ? mask?.expandDims(1) : mask;
    const tokens = (keys ? [query, keys] : [query]).map((x) => {
      const flat = unit(
        stopGradient(withoutHidden(shown, x)[0]).reshape([batch * heads, length, dKey]),
      );
      const nearest = tf.argMax(similarity(flat, centroids, batch), 2); // [batch · heads, length]
      const head = tf.range(0, heads, 1, 'int32').reshape([1, heads, 1]);
      const byHead = tf.cast(nearest, 'int32').reshape([batch, heads, length]);
      const ids = tf.add(byHead, tf.mul(head, tf.scalar(clusters, 'int32'))).flatten();
      const there = mask
        ? tf.tile(castMask(mask, 'float32'), [1, heads, 1])
        : tf.ones([batch, heads, length]);
      const weight = there.reshape([batch * heads * length, 1]);
      const rows = tf.concat([flat.reshape([-1, dKey]), tf.ones([batch * heads * length, 1])], 1);
      return tf.unsortedSegmentSum(tf.mul(rows, weight), ids as tf.Tensor1D, heads * clusters);
    });
    const [sums, counts] = tf.split(tf.addN(tokens), [dKey, 1], 1);
    const old = centroids.reshape([heads * clusters, dKey]);
    const found = tf.where(tf.greater(counts, 0), unit(sums), old);
    return tf.add(tf.mul(old, decay), tf.mul(found, 1 - decay)).reshape(centroids.shape);
  });
}

/** New centroids of length 1: [clusters, dKey], or [heads, clusters, dKey]. */
export function routingCentroids(
  { heads, clusters, dKey }: { heads?: number; clusters: number; dKey: number },
  next: Random,
): tf.Tensor {
  return tf.tidy(() => unit(uniform([...(heads ? [heads] : []), clusters, dKey], next, 1)));
}

/** The tokens of each cluster: numbers [groups, clusters, w], and whether the place is filled. */
type Members = { ids: tf.Tensor; there: tf.Tensor };

function members(
  x: tf.Tensor,
  centroids: tf.Tensor,
  mask: tf.Tensor | undefined,
  batch: number,
  w: number,
): Members {
  const [groups, length] = x.shape;
  let closeness = similarity(unit(stopGradient(x)), centroids, batch).transpose([0, 2, 1]);
  if (mask) {
    const shown = tf
      .tile(castMask(mask, 'int32'), [1, groups / batch, 1])
      .reshape([groups, 1, length]);
    closeness = tf.where(tf.cast(shown, 'bool'), closeness, tf.scalar(-3e38));
  }
  const { values, indices } = tf.topk(closeness, w);
  return { ids: indices, there: tf.greater(values, -3e38) };
}

/** x · μ_c of tokens [batch · heads, length, dKey]: [batch · heads, length, clusters]. */
function similarity(x: tf.Tensor, centroids: tf.Tensor, batch: number): tf.Tensor {
  const mu = stopGradient(centroids); // choosing by closeness has no gradient
  return tf.matMul(
    x,
    tf.tile(mu.rank === 3 ? mu : tf.expandDims(mu, 0), [batch, 1, 1]),
    false,
    true,
  );
}

function unit(x: tf.Tensor): tf.Tensor {
  const square = tf.sum(tf.square(x), -1, true);
  return tf.mul(x, tf.rsqrt(tf.maximum(square, 1e-24)));
}

/** From clusters' weights to each query's list: the clusters that took it, one after another. */
function listPerQuery(
  {
    weights,
    visible,
    j,
    place,
    sees,
    times,
  }: Record<'weights' | 'visible' | 'j', tf.Tensor> &
    Record<'place' | 'sees', tf.Tensor1D> & { times: tf.Tensor },
  groups: number,
  length: number,
): { weights: tf.Tensor; keys: tf.Tensor } {
  const [, clusters, w] = weights.shape as number[];
  const most = tf.max(times).dataSync()[0];
  // How many earlier clusters took the same query: the row in its list.
  const cluster = tf
    .tile(tf.range(0, clusters, 1, 'int32').reshape([1, clusters, 1]), [groups, 1, w])
    .flatten();
  const cell = tf.add(tf.mul(place, tf.scalar(clusters, 'int32')), cluster) as tf.Tensor1D;
  const took = tf.unsortedSegmentSum(sees, cell, groups * length * clusters);
  const earlier = tf.cumsum(took.reshape([groups * length, clusters]), 1, true).flatten();
  const row = tf.minimum(tf.cast(tf.gather(earlier, cell), 'int32'), tf.scalar(most - 1, 'int32'));
  const target = tf.add(tf.mul(place, tf.scalar(most, 'int32')), row) as tf.Tensor1D;
  const list = (x: tf.Tensor) =>
    tf
      .unsortedSegmentSum(x.reshape([place.size, w]), target, groups * length * most)
      .reshape([groups, length, most * w]);
  const one = tf.scalar(1, 'int32');
  const numbered = tf.mul(tf.add(j, one), tf.cast(visible, 'int32')); // 0 where there is no key
  return { weights: list(weights), keys: tf.sub(list(numbered), one) };
}

function expectRouting(
  query: tf.Tensor,
  keys: tf.Tensor | undefined,
  centroids: tf.Tensor,
  mask: tf.Tensor | undefined,
): { lead: number[]; length: number; dKey: number; clusters: number } {
  const axes = leadingAxes('query', query);
  const shape = expectShape('query', query, [...axes, 'length', 'dKey']);
  if (keys) expectShape('keys', keys, shape);
  const lead = shape.slice(0, -2);
  const [length, dKey] = shape.slice(-2);
  const [clusters] = expectShape('centroids', centroids, [
    ...lead.slice(1),
    'clusters',
    dKey,
  ]).slice(-2);
  if (mask) expectMask(mask, [lead[0], 1, length]);
  return { lead, length, dKey, clusters };
}
