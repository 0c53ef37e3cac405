import { castMask, expectMask, withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape, expectSizes, expectTensor, leadingAxes } from '../../tensors/shape';
import { stopGradient } from '../../tensors/stop-gradient';
import { tf } from '../../tensors/tf';
import { maskedSoftmax } from '../masked-softmax';
import type { SparseWeights } from '../sparse-weights';
import { relativeShift, relativeUnshift } from './relative-shift';

/** What adaptive-span attention learns besides the projections. */
export type AdaptiveSpanParameters = {
  /** z [heads], ≥ 0: how far back each head looks, in positions. */
  z: tf.Tensor;
  /** p [maxSpan, dKey]: a learned key for each distance 0 … maxSpan − 1, which also limits the span.
   * Left out, distances play no part but in the span. */
  positions?: tf.Tensor;
};

/**
 * Causal self-attention in which each head learns how far back to look.
 *
 *     m_z(x) = min(max((R + z − x) / R, 0), 1)          1 up to distance z, then down to 0 within R
 *     s_tr = q_t (k_r + p_{t−r})ᵀ / √dKey
 *     α_tr = m_z(t − r) exp(s_tr) / Σ_{q ≤ t} m_z(t − q) exp(s_tq)      context_t = Σ_r α_tr values_r
 *
 * z has a gradient through the slope of m. Only distances up to the largest z + R are computed:
 * queries stand in blocks of that size, and a block sees itself and the block before it. Takes
 * length × span numbers, never length × length.
 *
 * Source: Sukhbaatar et al. (2019), "Adaptive Attention Span in Transformers", Section 2. There
 * position t sees r < t only; here it sees itself too, at distance 0.
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys shape of `query`
 * @param values [batch, length, dValue], or [batch, heads, length, dValue]
 * @param mask the same for every query and head, [batch, 1, 1, length] (without heads [batch, 1, length]),
 *   or with 1 in place of batch: 1 = may be seen
 * @param options.ramp R > 0
 * @param options.round the span is rounded up to a multiple of it, so that blocks rarely change size
 * @returns context [batch, (heads,) length, dValue]; weights [batch, (heads,) length, span]
 * @throws if a shape does not fit, or the mask differs by query or head
 */
export function adaptiveSpanAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  { z, positions }: AdaptiveSpanParameters,
  mask?: tf.Tensor,
  { ramp = 32, round = 16 }: { ramp?: number; round?: number } = {},
): { context: T; weights: SparseWeights } {
  const axes = leadingAxes('query', query);
  const shape = expectShape('query', query, [...axes, 'length', 'dKey'] as const);
  const [lead, [length, dKey]] = [shape.slice(0, -2), shape.slice(-2)];
  const [batch, heads = 1] = lead;
  expectShape('keys', keys, [...lead, length, dKey]);
  const dValue = expectShape('values', values, [...lead, length, 'dValue']).at(-1) as number;
  expectShape('z', z, [heads]);
  const [maxSpan] = positions ? expectShape('positions', positions, ['maxSpan', dKey]) : [length];
  if (mask) {
    const rows = mask.shape?.[0] === 1 ? 1 : batch;
    expectMask(mask, [rows, ...lead.map(() => 1), length]);
  }
  if (!(ramp > 0)) throw new Error(`ramp: expected a number > 0, got ${ramp}`);

  return tf.tidy(() => {
    const [k, v] = withoutHidden(mask, keys, values);
    const ends = Array.from(z.dataSync(), (one) => one + ramp);
    const farthest = Math.ceil(Math.max(...ends)); // m is 0 from here on
    const rounded = Math.ceil(Math.max(farthest, 1) / round) * round;
    const hasLimit = ends.some(Number.isInteger);
    const span = Math.min(Math.max(rounded, hasLimit ? farthest + 1 : 0), length, maxSpan);
    const { blocks, windows, toDistances, toWindow } = inBlocks(length, span);

    // Column c of the span belongs to the distance span − 1 − c.
    const distance = tf.range(span - 1, -1, -1);
    const slope = tf.div(tf.sub(tf.add(z.reshape([heads, 1, 1]), ramp), distance), ramp);
    const m = tf.sub(1, tf.relu(tf.sub(1, tf.relu(slope)))); // [heads, 1, span]; at 1 it is flat

    const q = tf.mul(blocks(query.reshape([-1, length, dKey])), 1 / Math.sqrt(dKey));
    let logits = toDistances(tf.matMul(q, windows(k.reshape([-1, length, dKey])), false, true));
    if (positions) {
      const p = tf.reverse(tf.slice(positions, 0, span), 0);
      const product = tf.matMul(q.reshape([-1, dKey]), p as tf.Tensor2D, false, true);
      logits = tf.add(logits, product.reshape(logits.shape));
    }

    const time = tf.range(0, length).reshape([length, 1]);
    const before = tf.sub(time, distance); // [length, span]: the key's place, < 0 where there is none
    const past = tf.greaterEqual(before, 0);
    const places = tf.cast(tf.maximum(before, -1), 'int32');
    const byHead = unblocked(logits, length).reshape([batch, heads, length, span]);
    const there = mask
      ? tf.logicalAnd(past, shown(mask, places))
      : past.reshape([1, 1, length, span]);
    const visible = tf.logicalAnd(there, tf.greater(stopGradient(slope), 0));
    const exp = maskedSoftmax(byHead, visible);
    const numerator = tf.mul(exp, m);
    const sum = tf.sum(numerator, -1, true);
    const inside = tf.div(numerator, tf.maximum(sum, 1e-12)); // not 0 / 0 where all is hidden
    const limit = tf.logicalAnd(there, tf.equal(stopGradient(slope), 0));
    const weights = hasLimit ? withLimit(inside, byHead, m, { visible, limit, slope }) : inside;

    const matrix = toWindow(blocks(weights.reshape([-1, length, span])));
    const context = tf.matMul(matrix, windows(v.reshape([-1, length, dValue])));
    return {
      context: unblocked(context, length).reshape([...lead, length, dValue]) as T,
      weights: {
        weights: weights.reshape([...lead, length, span]),
        keys: places.reshape([...lead.map(() => 1), length, span]),
        keyCount: length,
      },
    };
  });
}

/**
 * The same weights, with the derivative of a span that grows. The key at the limit of a whole span has
 * m = 0 and slope 1/R to one side only: a span of 0, the least and the first, has to feel that side.
 *
 *     e_b = m_b exp(s_b) / Σ_j m_j exp(s_j) = 0      α_j ← (α_j + e_j) / (1 + e_b)
 */
function withLimit(
  weights: tf.Tensor,
  logits: tf.Tensor,
  m: tf.Tensor,
  { visible, limit, slope }: Record<'visible' | 'limit' | 'slope', tf.Tensor>,
): tf.Tensor {
  const terms = tf.add(logits, tf.log(tf.maximum(m, 1e-30)));
  const logSum = tf.logSumExp(tf.where(visible, terms, tf.scalar(-1e30)), -1, true);
  const ratio = tf.exp(tf.minimum(tf.sub(logits, logSum), 80)); // a key that would drown the others
  const felt = tf.logicalAnd(limit, tf.greater(stopGradient(logSum), -1e29));
  const e = tf.mul(tf.where(felt, slope, tf.scalar(0)), tf.where(felt, ratio, tf.scalar(0)));
  return tf.div(tf.add(weights, e), tf.add(1, tf.sum(e, -1, true)));
}

/**
 * Cuts a sequence into blocks of `span` positions, the last one padded with 0. Block b's window is
 * block b − 1 (0 for the first) and block b: all that its queries can see.
 */
function inBlocks(length: number, span: number) {
  const count = Math.ceil(length / span);
  const padding = count * span - length;
  const cut = (x: tf.Tensor, first: number) =>
    tf.slice(x, [0, first, 0], [-1, count * span, -1]).reshape([-1, span, x.shape[2] as number]);
  const pad = (x: tf.Tensor, rows: [number, number], columns: [number, number] = [0, 0]) =>
    tf.pad(x, [[0, 0], rows, columns]);
  return {
    /** [n, length, depth] → [n · count, span, depth] */
    blocks: (x: tf.Tensor) => cut(pad(x, [0, padding]), 0),
    /** [n, length, depth] → [n · count, 2 · span, depth] */
    windows(x: tf.Tensor) {
      const padded = pad(x, [span, padding]);
      return tf.concat([cut(padded, 0), cut(padded, span)], 1);
    },
    // Query i of a block stands at place span + i of its window, and the key at distance
    // span − 1 − c at place i + 1 + c.
    /** Logits [n, span, 2 · span] by place in the window → [n, span, span] by distance. */
    toDistances: (x: tf.Tensor) => tf.slice(relativeUnshift(x), [0, 0, span], [-1, -1, span]),
    /** Weights [n, span, span] by distance → [n, span, 2 · span] by place in the window. */
    toWindow: (x: tf.Tensor) => relativeShift(pad(x, [0, 0], [span, span]), 2 * span),
  };
}

/** [n · count, span, depth] → [n, length, depth] */
function unblocked(x: tf.Tensor, length: number): tf.Tensor {
  const [, span, depth] = x.shape;
  const rows = x.reshape([-1, Math.ceil(length / span) * span, depth]);
  return tf.slice(rows, [0, 0, 0], [-1, length, -1]);
}

/** Which of the places [length, span] the mask shows: [batch, 1, length, span], bool. */
function shown(mask: tf.Tensor, places: tf.Tensor): tf.Tensor {
  const [length, span] = places.shape;
  const flat = castMask(mask, 'int32').reshape([-1, length]);
  const index = tf.maximum(places, tf.scalar(0, 'int32')).flatten();
  return tf.cast(tf.gather(flat, index as tf.Tensor1D, 1), 'bool').reshape([-1, 1, length, span]);
}

/**
 * The price of looking far back, to be added to the loss: λ / heads · Σ_h z_h.
 *
 * Source: Sukhbaatar et al. (2019), "Adaptive Attention Span in Transformers", Section 2.
 *
 * @param z [heads] @param lambda λ ≥ 0; 5e-7 in the authors’ experiments with text8 and enwik8
 */
export function spanPenalty(z: tf.Tensor, lambda = 5e-7): tf.Scalar {
  expectShape('z', z, ['heads']);
  return tf.tidy(() => tf.mul(tf.mean(z), lambda)) as tf.Scalar;
}

/** Puts z back into 0 … maxSpan; to be called after each step of training. */
export function clampSpans(z: tf.Variable, maxSpan: number): void {
  expectTensor('z', z);
  if (!(z instanceof tf.Variable)) throw new Error('z: expected a tf.Variable, got a plain tensor');
  if (!(maxSpan >= 0)) throw new Error(`maxSpan: expected a number from 0, got ${maxSpan}`);
  tf.tidy(() => z.assign(tf.clipByValue(z, 0, maxSpan)));
}

/** New parameters: all spans `z`, 0 at first; with `maxSpan` and `dKey`, embeddings of distances. */
export function adaptiveSpanParameters(
  sizes: { heads: number; z?: number; maxSpan?: number; dKey?: number },
  next: Random,
): AdaptiveSpanParameters {
  const { heads, z = 0, maxSpan, dKey } = sizes;
  expectSizes({ heads });
  const spans = { z: tf.fill([heads], z) };
  if (!maxSpan || !dKey) return spans;
  return { ...spans, positions: uniform([maxSpan, dKey], next) };
}
