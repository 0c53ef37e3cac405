import { fusedBlocks } from '../../tensors/fused/blocks';
import { hasFused, nothing } from '../../tensors/fused/operation';
import { expectNotNested, float } from '../../tensors/kernels';
import {
  allFinite,
  castMask,
  expectMask,
  spoiltRows,
  withoutHidden,
  withoutRows,
} from '../../tensors/mask';
import { expectShape, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { SparseWeights } from '../sparse-weights';
import { type BlockLayout, type Blocks, blockLayout } from './block-layout';

/**
 * Attention in blocks: query i takes its softmax over S_i, the keys of its block that it sees.
 *
 *     weights_ij = exp(q_i · k_j / √dKey) / Z_i      Z_i = Σ_{j ∈ S_i} exp(q_i · k_j / √dKey)
 *     context_i = Σ_{j ∈ S_i} weights_ij v_j
 *
 * With n keys to a block it makes length · n weights, forward and backward, not length².
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]
 * @param keys shape of `query`
 * @param values [batch, length, dValue], or [batch, heads, length, dValue]
 * @param mask which keys may be seen at all: [batch, 1, length], or [batch, heads, 1, length], where
 *   batch and heads may be 1. A query that sees no key gets weights 0 and context 0.
 * @returns context, shape of `values`; weights [batch, (heads,) length, n]
 * @throws if a shape does not fit, as `query depth 32 ≠ key depth 16`
 */
export function blockAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  blocks: Blocks,
  mask?: tf.Tensor,
): { context: T; weights: SparseWeights } {
  return tf.tidy(() => {
    const { context, weights } = attend(query, keys, values, blocks, mask);
    return { context, weights };
  });
}

/**
 * Attention to the union of patterns that have no pair of query and key in common. What each
 * pattern finds counts as much as its Z among those of all:
 *
 *     context_i = Σ_p Z_i^p / (Σ_p' Z_i^p') · context_i^p
 *
 * Parameters as for `blockAttention`.
 *
 * @returns context, shape of `values`; weights [batch, (heads,) length, n], n of all patterns
 */
export function unionAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  patterns: Blocks[],
  mask?: tf.Tensor,
): { context: T; weights: SparseWeights } {
  return tf.tidy(() => {
    const parts = patterns.map((blocks) => attend(query, keys, values, blocks, mask));
    const shares = tf.softmax(
      tf.concat(
        parts.map(({ logZ }) => logZ()),
        -1,
      ),
    );
    // TensorFlow.js has no gradient for splitting into a single piece.
    const share = parts.length === 1 ? [shares] : tf.split(shares, parts.length, -1);
    const weights = parts.map((part, p) => tf.mul(part.weights.weights, share[p]));
    return {
      context: tf.addN(parts.map(({ context }, p) => tf.mul(context, share[p]))) as T,
      weights: {
        weights: tf.concat(weights, -1),
        keys: tf.concat(
          parts.map((part) => part.weights.keys),
          -1,
        ),
        keyCount: parts[0].weights.keyCount,
      },
    };
  });
}

/** What is added to a hidden logit: exp gives 0, and two of them still give no infinity. */
const HIDDEN = -1e38;

/** `attend`, where a key or value that is NaN or infinite spoils the queries that see it, and no other. */
function attend<T extends tf.Tensor>(
  query: T,
  keys: T,
  values: T,
  blocks: Blocks,
  mask?: tf.Tensor,
): ReturnType<typeof attendFinite<T>> {
  const lead = expectSequence(query, keys, values, mask);
  expectNotNested('attention in blocks');
  const shown = withoutHidden(mask, keys, values) as [T, T];
  if (shown.every(allFinite)) return attendFinite(query, ...shown, blocks, mask);
  const spoilt = tf.logicalOr(spoiltRows(shown[0]), spoiltRows(shown[1]));
  const kept = shown.map((x) => withoutRows(x, spoilt)) as [T, T];
  const { context, weights, logZ } = attendFinite(query, ...kept, blocks, mask);
  const at = tf.maximum(weights.keys, tf.scalar(0, 'int32')).flatten();
  const spoiltSeen = tf.gather(tf.cast(spoilt, 'bool'), at, lead.length);
  const seen = tf.logicalAnd(
    spoiltSeen.reshape([...lead, ...weights.keys.shape]),
    tf.greaterEqual(weights.keys, 0),
  );
  const nan = tf.where(seen.any(-1, true), Number.NaN, 0); // [batch, (heads,) length, 1]
  return {
    context: tf.add(context, nan),
    weights: { ...weights, weights: tf.add(weights.weights, nan) },
    logZ: () => tf.add(logZ(), nan),
  };
}

/**
 * `blockAttention`, and log Z [batch, (heads,) length, 1] on demand. To be called inside `tf.tidy`.
 *
 * The gradients are written out, so that nothing of length · n numbers but the weights P has to be
 * kept for them, and a few examples and heads at a time need room.
 */
function attendFinite<T extends tf.Tensor>(
  query: T,
  keys: T,
  values: T,
  blocks: Blocks,
  mask?: tf.Tensor,
): { context: T; weights: SparseWeights; logZ: () => tf.Tensor } {
  const [length, depth] = query.shape.slice(-2);
  const lead = query.shape.slice(0, -2);
  const layout = blockLayout(blocks, length);
  const { count, m, n, toQueries, fromQueries, toKeys, fromKeys } = layout;
  const keysOf = tf.tensor2d(layout.seenBy, [length, n], 'int32');
  if (hasFused()) {
    const list = (positions: Int32Array) =>
      tf.tensor2d(positions, [count, positions.length / count], 'int32');
    const lists = [list(layout.queries), list(layout.keys), keysOf];
    const shown = mask
      ? tf.broadcastTo(castMask(mask, 'float32'), [...lead, 1, length])
      : nothing();
    const scale = float(1 / Math.sqrt(depth));
    const { context, weights, logZ } = fusedBlocks([query, keys, values], lists, shown, scale);
    return {
      context: context as T,
      weights: { weights, keys: keysOf, keyCount: length },
      logZ: () => logZ,
    };
  }
  const slices = query.size / (length * depth); // batch · heads: one axis from here on
  const [q, k, v] = [query, keys, values].map((x) =>
    x.reshape([slices, length, x.shape[x.rank - 1]]),
  );
  const whole = (x: tf.Tensor) => x.reshape([...lead, length, x.shape[x.rank - 1]]);
  const asFound = (context: tf.Tensor, weights: tf.Tensor, logZ: () => tf.Tensor) => ({
    context: whole(context) as T,
    weights: { weights: whole(weights), keys: keysOf, keyCount: length },
    logZ: () => whole(logZ()),
  });
  const scaled = (x: tf.Tensor) => toQueries(tf.mul(x, 1 / Math.sqrt(depth)));

  // logits = q kᵀ / √dKey   P = softmax(logits)   c = P v
  const seen = tf.tensor(layout.seen, [count, m, n], 'int32');
  const logits = (hidden: tf.Tensor) => {
    const products = tf.tidy(() => tf.matMul(scaled(q), toKeys(k), false, true));
    return tf.add(products.reshape([...lead, count, m, n]), hidden);
  };
  const P = unrecorded(() => {
    const hidden = tf.tidy(() => hiddenLogits(seen, layout, mask));
    const softmax = tf.softmax(tf.tidy(() => logits(hidden)));
    const best = tf.max(hidden, -1, true);
    const allSeeOne = tf.min(best).dataSync()[0] === 0;
    return allSeeOne ? softmax : tf.mul(softmax, tf.cast(tf.equal(best, 0), 'float32'));
  }).reshape([slices, count, m, n]);

  // dq = dlogits k / √dKey   dk = dlogitsᵀ q / √dKey
  const throughLogits = (dLogits: tf.Tensor, q: tf.Tensor, k: tf.Tensor) => [
    tf.tidy(() => tf.mul(fromQueries(tf.matMul(dLogits, toKeys(k))), 1 / Math.sqrt(depth))),
    tf.tidy(() => fromKeys(tf.matMul(dLogits, scaled(q), true))),
  ];
  // dv = Pᵀ dc   dP = dc vᵀ   dlogits = P ∘ (dP − Σ_j P_j dP_j), and Σ_j P_j dP_j = dc · c
  const context = withGradient(
    [q, k, v],
    () => fromQueries(tf.matMul(P, toKeys(v))),
    [q, k, P, v],
    (dc, c, q, k, P, v) => {
      const dC = toQueries(dc);
      const dv = tf.tidy(() => fromKeys(tf.matMul(P, dC, true)));
      const centred = tf.tidy(() => {
        const dP = tf.matMul(dC, toKeys(v), false, true);
        return tf.sub(dP, toQueries(tf.sum(tf.mul(dc, c), -1, true)));
      });
      return [...throughLogits(tf.mul(P, centred), q, k), dv];
    },
  );
  const weights = withGradient(
    [q, k],
    () => fromQueries(P),
    [q, k, P],
    (dWeights, _, q, k, P) => {
      const PdP = tf.mul(P, toQueries(dWeights));
      return throughLogits(tf.sub(PdP, tf.mul(P, tf.sum(PdP, -1, true))), q, k);
    },
  );
  const logZ = () =>
    withGradient(
      [q, k],
      () => {
        const Z = tf.logSumExp(logits(hiddenLogits(seen, layout, mask)), -1, true);
        return fromQueries(Z.reshape([slices, count, m, 1]));
      },
      [q, k, P],
      (dLogZ, _, q, k, P) => throughLogits(tf.mul(P, toQueries(dLogZ)), q, k),
    );

  return asFound(context, weights, logZ);
}

function expectSequence(query: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, mask?: tf.Tensor) {
  const axes = leadingAxes('query', query);
  const shape = expectShape('query', query, [...axes, 'length', 'dKey'] as const);
  const [lead, [length, depth]] = [shape.slice(0, -2), shape.slice(-2)];
  const [keyDepth] = expectShape('keys', keys, [...lead, length, 'dKey']).slice(-1);
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  expectShape('values', values, [...lead, length, 'dValue']);
  if (mask) {
    const sizes = lead.map((size, axis) => (mask.shape?.[axis] === 1 ? 1 : size));
    expectMask(mask, [...sizes, 1, length]);
  }
  return lead;
}

/** 0 where the key is seen: [count, m, n], or with a mask [batch, (heads,) count, m, n]. */
function hiddenLogits(
  seen: tf.Tensor,
  { count, n, toKeys }: BlockLayout,
  mask?: tf.Tensor,
): tf.Tensor {
  const hide = (shown: tf.Tensor) => tf.mul(tf.sub(1, tf.cast(shown, 'float32')), HIDDEN);
  const byPattern = hide(tf.greaterEqual(seen, 0));
  if (!mask) return byPattern;
  const length = mask.shape[mask.rank - 1];
  const byMask = toKeys(hide(mask).reshape([mask.size / length, length, 1]));
  return tf.add(byPattern, byMask.reshape([...mask.shape.slice(0, -2), count, 1, n]));
}

/** A value on the way to which nothing is recorded for a gradient. */
function unrecorded(value: () => tf.Tensor): tf.Tensor {
  return tf.customGrad(() => ({ value: value(), gradFunc: () => [] }))();
}

/**
 * A value y of the inputs with its gradient written out: `gradient(dy, y, ...kept)` gives that of
 * each input. It is called for a few slices at a time.
 */
function withGradient(
  inputs: tf.Tensor[],
  value: () => tf.Tensor,
  kept: tf.Tensor[],
  gradient: (...tensors: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const y = value();
    save([y, ...kept]);
    return { value: y, gradFunc: (dy, saved) => inTurns([dy, ...saved], gradient) };
  })(...inputs);
}

/** How many numbers of its largest input a turn takes: few enough for a cache. */
const TURN = 2 ** 20;

/** Calls a function for a few slices at a time, and puts its results together. */
function inTurns(inputs: tf.Tensor[], run: (...inputs: tf.Tensor[]) => tf.Tensor[]): tf.Tensor[] {
  const slices = inputs[0].shape[0];
  const largest = Math.max(...inputs.map(({ size }) => size / slices));
  const step = Math.max(1, Math.floor(TURN / largest));
  const turns: tf.Tensor[][] = [];
  for (let first = 0; first < slices; first += step) {
    const part = (x: tf.Tensor) => tf.slice(x, first, Math.min(step, slices - first));
    turns.push(tf.tidy(() => run(...inputs.map(part))));
  }
  return turns[0].map((_, i) => {
    const parts = turns.map((turn) => turn[i]);
    const whole = tf.concat(parts);
    tf.dispose(parts); // before the next is put together
    return whole;
  });
}
