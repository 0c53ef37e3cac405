import { expectShape } from '../shape';
import { tf } from '../tf';
import { type Blocks, blockLayout } from './block-layout';
import type { SparseWeights } from './sparse-weights';

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
    const share = tf.split(shares, parts.length, -1);
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

/** How many weights the backward pass takes at a time: little enough for a cache. */
const AT_ONCE = 2 ** 20;

function attend<T extends tf.Tensor>(
  query: T,
  keys: T,
  values: T,
  blocks: Blocks,
  mask?: tf.Tensor,
): { context: T; weights: SparseWeights; logZ: () => tf.Tensor } {
  const axes = query.rank === 4 ? ['batch', 'heads'] : ['batch'];
  const shape = expectShape('query', query, [...axes, 'length', 'dKey'] as const);
  const [lead, [length, depth]] = [shape.slice(0, -2), shape.slice(-2)];
  const [keyDepth] = expectShape('keys', keys, [...lead, length, 'dKey']).slice(-1);
  if (depth !== keyDepth) throw new Error(`query depth ${depth} ≠ key depth ${keyDepth}`);
  expectShape('values', values, [...lead, length, 'dValue']);
  if (mask) {
    const sizes = lead.map((size, axis) => (mask.shape[axis] === 1 ? 1 : size));
    expectShape('mask', mask, [...sizes, 1, length]);
  }

  const layout = blockLayout(blocks, length);
  const { count, m, n, toQueries, fromQueries, toKeys, fromKeys } = layout;
  const slices = query.size / (length * depth); // batch · heads: one axis from here on
  const flat = (x: tf.Tensor) => x.reshape([slices, length, x.shape[x.rank - 1]]);
  const whole = (x: tf.Tensor) => x.reshape([...lead, length, x.shape[x.rank - 1]]);
  const [q, k, v] = [query, keys, values].map(flat);
  const scale = 1 / Math.sqrt(depth);

  const seen = tf.tensor(layout.seen, [count, m, n], 'int32');
  const bias = () => {
    const hide = (shown: tf.Tensor) => tf.mul(tf.sub(1, tf.cast(shown, 'float32')), HIDDEN);
    const byPattern = hide(tf.greaterEqual(seen, 0));
    if (!mask) return byPattern;
    const byMask = toKeys(hide(mask).reshape([mask.size / length, length, 1]));
    return tf.add(byPattern, byMask.reshape([...mask.shape.slice(0, -2), count, 1, n]));
  };
  const logits = (hidden: tf.Tensor) => {
    const products = tf.tidy(() => tf.matMul(toQueries(tf.mul(q, scale)), toKeys(k), false, true));
    return tf.add(products.reshape([...lead, count, m, n]), hidden);
  };
  const logitsGradient = (dLogits: tf.Tensor, q: tf.Tensor, k: tf.Tensor) => [
    tf.tidy(() => tf.mul(fromQueries(tf.matMul(dLogits, toKeys(k))), scale)),
    tf.tidy(() => fromKeys(tf.matMul(dLogits, toQueries(tf.mul(q, scale)), true))),
  ];

  // P, the weights in blocks, is computed once, off the tape. Context, weights and log Z use it,
  // each with a gradient of its own.
  const P = custom([], () => {
    const hidden = tf.tidy(bias);
    const weights = tf.softmax(tf.tidy(() => logits(hidden)));
    const best = tf.max(hidden, -1, true);
    const allSeeOne = tf.min(best).dataSync()[0] === 0;
    const P = allSeeOne ? weights : tf.mul(weights, tf.cast(tf.equal(best, 0), 'float32'));
    return P.reshape([slices, count, m, n]);
  });

  // c = P v   dv = Pᵀ dc   dP = dc vᵀ   dlogits = P ∘ (dP − Σ_j P_j dP_j) = P ∘ (dP − dc · c)
  const context = custom(
    [q, k, v],
    (save) => {
      const c = fromQueries(tf.matMul(P, toKeys(v)));
      save([q, k, v, P, c]);
      return c;
    },
    (dContext, saved) =>
      inTurns([...saved, dContext], count * m * n, (q, k, v, P, c, dc) => {
        const dC = toQueries(dc);
        const centred = tf.tidy(() => {
          const dP = tf.matMul(dC, toKeys(v), false, true);
          return tf.sub(dP, toQueries(tf.sum(tf.mul(dc, c), -1, true)));
        });
        const dv = tf.tidy(() => fromKeys(tf.matMul(P, dC, true)));
        return [...logitsGradient(tf.mul(P, centred), q, k), dv];
      }),
  );
  const weights = custom(
    [q, k],
    (save) => {
      save([q, k, P]);
      return fromQueries(P);
    },
    (dWeights, saved) =>
      inTurns([...saved, dWeights], count * m * n, (q, k, P, dW) => {
        const PdP = tf.mul(P, toQueries(dW));
        return logitsGradient(tf.sub(PdP, tf.mul(P, tf.sum(PdP, -1, true))), q, k);
      }),
  );
  const logZ = () =>
    custom(
      [q, k],
      (save) => {
        save([q, k, P]);
        const Z = tf.logSumExp(logits(bias()), -1, true);
        return fromQueries(Z.reshape([slices, count, m, 1]));
      },
      (dLogZ, saved) =>
        inTurns([...saved, dLogZ], count * m * n, (q, k, P, dZ) =>
          logitsGradient(tf.mul(P, toQueries(dZ)), q, k),
        ),
    );
  const seenKeys = fromQueries(seen.reshape([1, count, m, n])).reshape([length, n]);
  return {
    context: whole(context) as T,
    weights: { weights: whole(weights), keys: seenKeys, keyCount: length },
    logZ: () => whole(logZ()),
  };
}

/** A value with its own gradient: nothing on the way to it is recorded. */
function custom(
  inputs: tf.Tensor[],
  value: (save: tf.GradSaveFunc) => tf.Tensor,
  gradient: (dValue: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[] = () => [],
): tf.Tensor {
  return tf.customGrad((...args) => ({
    value: value(args[args.length - 1] as tf.GradSaveFunc),
    gradFunc: gradient,
  }))(...inputs);
}

/** Runs a few slices at a time, `size` weights each, so that what is between is small. */
function inTurns(
  inputs: tf.Tensor[],
  size: number,
  run: (...inputs: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor[] {
  const slices = inputs[0].shape[0];
  const step = Math.max(1, Math.floor(AT_ONCE / size));
  const turns: tf.Tensor[][] = [];
  for (let first = 0; first < slices; first += step) {
    const part = (x: tf.Tensor) => tf.slice(x, first, Math.min(step, slices - first));
    turns.push(tf.tidy(() => run(...inputs.map(part))));
  }
  return turns[0].map((_, i) => {
    const parts = turns.map((turn) => turn[i]);
    const whole = tf.concat(parts);
    tf.dispose(parts); // before the next one is put together
    return whole;
  });
}
