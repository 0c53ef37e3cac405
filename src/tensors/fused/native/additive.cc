#include "operations.h"
#include "softmax.h"

/** Of [batch, length, width], example b [length, width]. */
static Rows example(const Tensor& x, Index b) { return Steps(x, b, 1).all(); }

/** tanh(query + key) of [batch, queries, keys, A], for query i of example b [keys, A]. */
static Rows pairs(const Tensor& layer, Index b, Index i) {
  const Index K = layer.shape[2], A = layer.shape[3];
  return rows(layer.data + (b * layer.shape[1] + i) * K * A, K, A, A);
}

/**
 * `additiveAttention` of src/attention/scores/additive.ts, after the projections.
 *
 * in: queries [batch, queries, A], keys [batch, keys, A], v [A], values [batch, keys, D]; mask,
 * broadcastable to the weights, or empty. out: context [batch, queries, D], weights
 * [batch, queries, keys]; for the way back tanh(query + key) [batch, queries, keys, A].
 */
void additive_attention(Call& call) {
  const Tensor q = call.in(0), k = call.in(1), values = call.in(3);
  const Rows v = matrix(call.in(2));
  const Mask mask(call.in(4));
  const Index batch = q.shape[0], Q = q.shape[1], K = k.shape[1], A = v.cols(), D = values.shape[2];
  const Tensor context = call.out(0, {batch, Q, D}), weights = call.out(1, {batch, Q, K});
  const Tensor layer = call.out(2, {batch, Q, K, A});
  in_parts(batch, 2.0 * batch * Q * K * (10 * A + D), [&](Index first, Index n) {
    for (Index b = first; b < first + n; b++) {
      Rows alpha = example(weights, b), c = example(context, b);
      for (Index i = 0; i < Q; i++) {
        Rows h = pairs(layer, b, i);
        h = (example(k, b).rowwise() + example(q, b).row(i)).array().tanh();
        alpha.row(i).noalias() = v * h.transpose();
        softmax(alpha.row(i), mask.row(0, b, i), mask.to[3]);
      }
      c.setZero();
      add_product(c, alpha, example(values, b));
    }
  });
}

/**
 * With e = v · h, h = tanh(q + k), w = softmax(e) and c = w V,
 *
 *     dw = dc Vᵀ (+ what w itself gets)      de = w ∘ (dw − Σ_keys w ∘ dw)      dV = wᵀ dc
 *     dq = Σ_keys (de v) ∘ (1 − h²)      dk = Σ_queries (de v) ∘ (1 − h²)      dv = Σ de h
 *
 * in: the gradients of context and weights, no numbers where there is none; what
 * `additive_attention` took; weights and layer. out: dq, dk, dv, dV.
 */
void additive_attention_gradient(Call& call) {
  const Tensor d_context = call.in(0), d_weights = call.in(1), q = call.in(2), k = call.in(3);
  const Rows v = matrix(call.in(4));
  const Tensor values = call.in(5), weights = call.in(7), layer = call.in(8);
  const Index batch = q.shape[0], Q = q.shape[1], K = k.shape[1], A = v.cols();
  const Tensor dq = call.out(0, q.shape), dk = call.out(1, k.shape), dV = call.out(3, values.shape);
  Matrix d_logits = Matrix::Zero(batch * Q, K);
  in_parts(batch, 4.0 * batch * Q * K * (3 * A + values.shape[2]), [&](Index first, Index n) {
    for (Index b = first; b < first + n; b++) {
      auto de = d_logits.middleRows(b * Q, Q);
      Rows of_keys = example(dk, b), of_values = example(dV, b);
      of_keys.setZero();
      of_values.setZero();
      if (d_weights.size() > 0) de = example(d_weights, b);
      if (d_context.size() > 0) {
        add_product_transposed(de, example(d_context, b), example(values, b));
        add_transposed_product(of_values, example(weights, b), example(d_context, b));
      }
      for (Index i = 0; i < Q; i++) {
        const auto alpha = example(weights, b).row(i);
        const float mean = de.row(i).dot(alpha);
        de.row(i).array() = alpha.array() * (de.row(i).array() - mean);
        const auto h = pairs(layer, b, i).array();
        const Matrix d_pairs = (de.row(i).transpose() * v).array() * (1 - h.square());
        of_keys += d_pairs;
        example(dq, b).row(i) = column_sums(d_pairs);
      }
    }
  });
  const Rows flat = rows(layer.data, batch * Q * K, A, A);
  matrix(call.out(2, {A})).noalias() = rows(d_logits.data(), 1, flat.rows(), flat.rows()) * flat;
}
