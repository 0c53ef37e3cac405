import { dense } from '../../tensors/dense';
import { type LayerNormParameters, layerNorm } from '../../tensors/layer-norm';
import { withoutHidden } from '../../tensors/mask';
import { type Random, uniform } from '../../tensors/random';
import { expectShape } from '../../tensors/shape';
import { tf } from '../../tensors/tf';
import type { Attended } from '../attended';
import { scaledDotProductAttention } from '../scores/scaled-dot-product';

/** The parameters of single-headed attention: one matrix, for the query, and otherwise vectors. */
export type SingleHeadedParameters = {
  /** W [depth, depth] */
  WQ: tf.Tensor;
  /** [depth] */
  bQ: tf.Tensor;
  /** The layer normalisation of the query. */
  norm: LayerNormParameters;
  /** q_s [depth] */
  qs: tf.Tensor;
  /** k_s [depth] */
  ks: tf.Tensor;
  /** v_s [depth] */
  vs: tf.Tensor;
  /** The over-parameterisation of v_s; left out once it is collapsed. */
  overparameterised?: {
    /** [depth, 2 · depth] */
    W: tf.Tensor;
    /** [2 · depth] */
    b: tf.Tensor;
  };
};

/**
 * The attention of the SHA-RNN: one head, and the only matrix is the query's. Keys and values are
 * what the memory holds, each number times a learned gate, so old positions cost no product.
 *
 *     q = σ(q_s) ∘ LN(query W + b)      k = σ(k_s) ∘ keys      v = g ∘ values
 *     context = softmax(q kᵀ / √depth) v
 *     g = σ(f) ∘ tanh(c)      [c; f] = σ(v_s) W_o + b_o
 *
 * The gate g is a learned vector, written as the output of a layer so that training has more to
 * turn; `collapse` computes it once and for all afterwards.
 *
 * Source: Merity (2019), "Single Headed Attention RNN": one head, the query's matrix as the only one,
 * vectors through a sigmoid, and the over-parameterising of a static vector. The details are those
 * of his code (Smerity/sha-rnn, model.py, `Attention` and `Overparam`): that v_s alone is
 * over-parameterised, through which layer, and the layer normalisation's ε of 1e-12. There keys and
 * values are the same tensor.
 *
 * @param query [batch, queries, depth]
 * @param keys [batch, keys, depth]
 * @param values [batch, keys, depth]
 * @param mask broadcastable to [batch, queries, keys]: 1 = may be seen; see `maskedSoftmax`
 * @returns context [batch, queries, depth], weights [batch, queries, keys]
 * @throws if a shape does not fit
 */
export function singleHeadedAttention(
  query: tf.Tensor,
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: SingleHeadedParameters,
  mask?: tf.Tensor,
): Attended {
  const { WQ, bQ, norm, qs, ks, vs } = parameters;
  const [batch, , depth] = expectShape('query', query, ['batch', 'queries', 'depth']);
  const [, positions] = expectShape('keys', keys, [batch, 'keys', depth]);
  expectShape('values', values, [batch, positions, depth]);
  expectShape('WQ', WQ, [depth, depth]);
  for (const [name, vector] of Object.entries({ bQ, qs, ks, vs })) {
    expectShape(name, vector, [depth]);
  }
  if (parameters.overparameterised) {
    expectShape('W', parameters.overparameterised.W, [depth, 2 * depth]);
    expectShape('b', parameters.overparameterised.b, [2 * depth]);
  }
  return tf.tidy(() => {
    const q = tf.mul(tf.sigmoid(qs), layerNorm(dense(query, WQ, bQ), norm, 1e-12));
    const [kept, seen] = withoutHidden(mask, keys, values);
    const k = tf.mul(tf.sigmoid(ks), kept);
    const v = tf.mul(valueGate(parameters), seen);
    return scaledDotProductAttention<tf.Tensor3D>(
      q as tf.Tensor3D,
      k as tf.Tensor3D,
      v as tf.Tensor3D,
      mask,
    );
  });
}

/** g [depth]: v_s itself, once it is collapsed. */
function valueGate({ vs, overparameterised }: SingleHeadedParameters): tf.Tensor {
  const [depth] = expectShape('vs', vs, ['depth']);
  if (!overparameterised) return vs;
  const layer = dense(tf.sigmoid(vs).expandDims(0), overparameterised.W, overparameterised.b);
  const [c, f] = tf.split(layer.flatten(), [depth, depth]);
  return tf.mul(tf.sigmoid(f), tf.tanh(c));
}

/**
 * The same attention with depth numbers in place of the over-parameterisation's 2 · depth² + 3 ·
 * depth: for use after training. The other parameters are shared with those given.
 */
export function collapse(parameters: SingleHeadedParameters): SingleHeadedParameters {
  const { overparameterised: _, ...others } = parameters;
  return { ...others, vs: tf.tidy(() => valueGate(parameters).clone()) };
}

/**
 * New parameters: the matrices drawn evenly (Glorot and Bengio), gain 1, biases 0, and q_s, k_s, v_s
 * 0 as in Merity's code, so that the gates of query and keys start half open.
 */
export function singleHeadedParameters(
  { depth }: { depth: number },
  next: Random,
): SingleHeadedParameters {
  return {
    WQ: uniform([depth, depth], next),
    bQ: tf.zeros([depth]),
    norm: { gain: tf.ones([depth]), bias: tf.zeros([depth]) },
    qs: tf.zeros([depth]),
    ks: tf.zeros([depth]),
    vs: tf.zeros([depth]),
    overparameterised: { W: uniform([depth, 2 * depth], next), b: tf.zeros([2 * depth]) },
  };
}
