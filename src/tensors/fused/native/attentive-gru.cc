#include "gru-cell.h"
#include "operations.h"
#include "softmax.h"

/** The sizes that all of them share, and what belongs to example b at step t. */
struct Alignment {
  Index time, keys, dAttention;
  float *layer, *weights;

  /** tanh(query + key) [keys, dAttention] */
  Rows layer_at(Index b, Index t) const {
    const Index size = keys * dAttention;
    return rows(layer + (b * time + t) * size, keys, dAttention, dAttention);
  }
  /** α [1, keys] */
  Rows weights_at(Index b, Index t) const {
    return rows(weights + (b * time + t) * keys, 1, keys, keys);
  }
};

/** Of [batch, keys, depth], one example: [keys, depth]. */
static Rows example(const Tensor& tensor, Index b) { return Steps(tensor, b, 1).all(); }

/**
 * `attentiveGru` of src/layers/attentive-gru.ts, all steps in one operation.
 *
 * in: x [batch, time, I], initial [batch, U], values [batch, keys, D] and what the alignment model
 * makes of them, keys [batch, keys, A], its W [U, A] and v [A]; gates [I + D + U, 2U] and candidate
 * [I + D + U, U] of the cell, their biases; visible [batch, keys] or empty. out: [s_i; c_i]
 * [batch, time, U + D]; for the way back r and u [batch, time, 2U], h̃ [batch, time, U],
 * tanh(query + key) [batch, time, keys, A], α [batch, time, keys].
 */
void attentive_gru(Call& call) {
  const Tensor x = call.in(0), initial = call.in(1), values = call.in(2), keys = call.in(3);
  const Rows W = matrix(call.in(4)), v = matrix(call.in(5));
  const Rows G = matrix(call.in(6)), C = matrix(call.in(7));
  const Rows gates_bias = matrix(call.in(8)), candidate_bias = matrix(call.in(9));
  const Tensor visible = call.in(10);
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = initial.shape[1];
  const Index K = values.shape[1], D = values.shape[2], A = keys.shape[2];
  const Tensor outputs = call.out(0, {batch, time, U + D});
  const Tensor gates = call.out(1, {batch, time, 2 * U});
  const Tensor candidate = call.out(2, {batch, time, U});
  const Tensor layer = call.out(3, {batch, time, K, A}), weights = call.out(4, {batch, time, K});
  const Alignment alignment{time, K, A, layer.data, weights.data};

  const double work = 6.0 * batch * time * ((I + D + U) * U + K * (A + D));
  in_parts(batch, work, [&](Index first, Index n) {
    const Steps xs(x, first, n), all(outputs, first, n);
    const Steps inner(gates, first, n), candidates(candidate, first, n);
    inner.all().rowwise() = gates_bias.row(0);
    add_product(inner.all(), xs.all(), G.topRows(I));
    candidates.all().rowwise() = candidate_bias.row(0);
    add_product(candidates.all(), xs.all(), C.topRows(I));

    Matrix query(n, A), state = rows(initial.data + first * U, n, U, U);
    for (Index t = 0; t < time; t++) {
      query.setZero();
      add_product(query, state, W);
      auto context = all.at(t).rightCols(D);
      for (Index b = 0; b < n; b++) {
        Rows h = alignment.layer_at(first + b, t), alpha = alignment.weights_at(first + b, t);
        h = (example(keys, first + b).rowwise() + query.row(b)).array().tanh();
        alpha.noalias() = v * h.transpose();
        softmax(alpha.row(0), visible.size() > 0 ? visible.data + (first + b) * K : nullptr, 1);
        context.row(b).noalias() = alpha * example(values, first + b);
      }
      add_product(inner.at(t), context, G.middleRows(I, D));
      add_product(candidates.at(t), context, C.middleRows(I, D));
      auto next = all.at(t).leftCols(U);
      gru_step(state, G.bottomRows(U), C.bottomRows(U), inner.at(t), candidates.at(t), next);
      state = next;
    }
  });
}

/**
 * in: the gradient of [s_i; c_i]; what `attentive_gru` took, and what it gave. out: the gradients of
 * all that it took but visible.
 */
void attentive_gru_gradient(Call& call) {
  const Tensor d_outputs = call.in(0), x = call.in(1), initial = call.in(2), values = call.in(3);
  const Tensor keys = call.in(4);
  const Rows W = matrix(call.in(5)), v = matrix(call.in(6));
  const Rows G = matrix(call.in(7)), C = matrix(call.in(8));
  const Tensor outputs = call.in(12), gates = call.in(13), candidate = call.in(14);
  const Tensor layer = call.in(15), weights = call.in(16);
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = initial.shape[1];
  const Index K = values.shape[1], D = values.shape[2], A = keys.shape[2];
  const Alignment alignment{time, K, A, layer.data, weights.data};
  const Tensor d_x = call.out(0, x.shape), d_initial = call.out(1, initial.shape);
  const Tensor d_values = call.out(2, values.shape), d_keys = call.out(3, keys.shape);
  Matrix before(batch * time, U), reset(batch * time, U), d_query(batch * time, A);
  Matrix d_gates(batch * time, 2 * U), d_candidate(batch * time, U), d_logits(batch * time, K);

  const double work = 6.0 * batch * time * ((I + D + U) * U + K * (A + D));
  in_parts(batch, work, [&](Index first, Index n) {
    const Steps all(outputs, first, n), d_all(d_outputs, first, n);
    const Steps inner(gates, first, n), candidates(candidate, first, n);
    const auto steps = [&](Matrix& of) { return Steps(of.data(), first, n, time, of.cols()); };
    const Steps hs = steps(before), d_inner = steps(d_gates), d_candidates = steps(d_candidate);
    Steps(d_values, first, n).all().setZero();
    Steps(d_keys, first, n).all().setZero();
    Rows d = rows(d_initial.data + first * U, n, U, U);
    d.setZero();
    Matrix d_context(n, D);
    for (Index t = time - 1; t >= 0; t--) {
      if (t == 0) hs.at(t) = rows(initial.data + first * U, n, U, U);
      else hs.at(t) = all.at(t - 1).leftCols(U);
      d += d_all.at(t).leftCols(U);
      gru_step_back(hs.at(t), G.bottomRows(U), C.bottomRows(U), inner.at(t), candidates.at(t), d,
                    d_inner.at(t), d_candidates.at(t));
      d_context = d_all.at(t).rightCols(D);
      add_product_transposed(d_context, d_inner.at(t), G.middleRows(I, D));
      add_product_transposed(d_context, d_candidates.at(t), C.middleRows(I, D));
      for (Index b = 0; b < n; b++) {
        // c = α H and α = softmax(e):  dα = dc Hᵀ,  dH = αᵀ dc,  de = α ∘ (dα − Σ α ∘ dα)
        const Rows alpha = alignment.weights_at(first + b, t);
        auto de = d_logits.row((first + b) * time + t);
        de.noalias() = d_context.row(b) * example(values, first + b).transpose();
        example(d_values, first + b).noalias() += alpha.transpose() * d_context.row(b);
        const float mean = de.dot(alpha.row(0));
        de = alpha.array() * (de.array() - mean);
        // e = v · h and h = tanh(q + k):  dq = Σ dk = Σ (de v) ∘ (1 − h²)
        const Rows h = alignment.layer_at(first + b, t);
        const Matrix d_pairs = (de.transpose() * v).array() * (1 - h.array().square());
        example(d_keys, first + b) += d_pairs;
        d_query.row((first + b) * time + t) = column_sums(d_pairs);
      }
      add_product_transposed(d, steps(d_query).at(t), W);
    }
    steps(reset).all() = inner.all().leftCols(U).cwiseProduct(hs.all());
    Rows d_xs = Steps(d_x, first, n).all();
    d_xs.setZero();
    add_product_transposed(d_xs, d_inner.all(), G.topRows(I));
    add_product_transposed(d_xs, d_candidates.all(), C.topRows(I));
  });

  weight_gradient(matrix(call.out(4, {U, A})), before, d_query);
  const Rows pairs = rows(layer.data, batch * time * K, A, A);
  matrix(call.out(5, {A})).noalias() = rows(d_logits.data(), 1, pairs.rows(), pairs.rows()) * pairs;
  Rows dG = matrix(call.out(6, {I + D + U, 2 * U})), dC = matrix(call.out(7, {I + D + U, U}));
  const auto contexts = matrix(outputs).rightCols(D);
  weight_gradient(dG.topRows(I), matrix(x), d_gates);
  weight_gradient(dG.middleRows(I, D), contexts, d_gates);
  weight_gradient(dG.bottomRows(U), before, d_gates);
  weight_gradient(dC.topRows(I), matrix(x), d_candidate);
  weight_gradient(dC.middleRows(I, D), contexts, d_candidate);
  weight_gradient(dC.bottomRows(U), reset, d_candidate);
  bias_gradient(matrix(call.out(8, {2 * U})), d_gates);
  bias_gradient(matrix(call.out(9, {U})), d_candidate);
}
