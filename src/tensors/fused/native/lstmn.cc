#include "lstm-cell.h"
#include "operations.h"
#include "softmax.h"

/** Of [batch, time, width], the first t steps of example b. */
static Rows first_steps(const Tensor& x, Index b, Index t) {
  return rows(x.data + b * x.shape[1] * x.shape[2], t, x.shape[2], x.shape[2]);
}

/** tanh(query + key) of [batch, time, time, A], at step t of example b for all slots before [t, A]. */
static Rows pairs(const Tensor& layer, Index b, Index t) {
  const Index time = layer.shape[1], A = layer.shape[3];
  return rows(layer.data + (b * time + t) * time * A, t, A, A);
}

/**
 * `lstmn` of src/layers/lstmn.ts without padding, all steps in one operation.
 *
 * in: x [batch, time, I]; of the attention [W_x; W_h̃] [I + U, A], W_h [U, A], v [A]; of the LSTM
 * W [I + U, 4U], b [4U]. out: the tapes [h; c] [batch, time, 2U] and weights [batch, time, time]; for
 * the way back i, f, ĉ, o [batch, time, 4U], [h̃; c̃] [batch, time, 2U], tanh(query + key)
 * [batch, time, time, A].
 */
void lstmn(Call& call) {
  const Tensor x = call.in(0);
  const Rows W = matrix(call.in(1)), key = matrix(call.in(2)), v = matrix(call.in(3));
  const Rows G = matrix(call.in(4)), bias = matrix(call.in(5));
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = key.rows(), A = key.cols();
  const Tensor tapes = call.out(0, {batch, time, 2 * U});
  const Tensor weights = call.out(1, {batch, time, time});
  const Tensor gates = call.out(2, {batch, time, 4 * U});
  const Tensor summaries = call.out(3, {batch, time, 2 * U});
  const Tensor layer = call.out(4, {batch, time, time, A});

  const double work = 2.0 * batch * time * ((I + U) * (4 * U + A) + time * (A + U));
  in_parts(batch, work, [&](Index first, Index n) {
    const Steps tape(tapes, first, n), gate(gates, first, n), summary(summaries, first, n);
    const Rows xs = Steps(x, first, n).all();
    Steps(weights, first, n).all().setZero();
    rows(layer.data + first * time * time * A, n * time * time, A, A).setZero();
    summary.at(0).setZero();
    // What the inputs add, for all steps at once.
    Matrix asked = xs * W.topRows(I), keyed(n * time, A);
    const Steps queries(asked.data(), 0, n, time, A), keys(keyed.data(), 0, n, time, A);
    gate.all().rowwise() = bias.row(0);
    add_product(gate.all(), xs, G.topRows(I));

    for (Index t = 0; t < time; t++) {
      if (t > 1) add_product(queries.at(t), summary.at(t - 1).leftCols(U), W.bottomRows(U));
      for (Index b = 0; b < n && t > 0; b++) {
        Rows h = pairs(layer, first + b, t), past = first_steps(tapes, first + b, t);
        auto alpha = Steps(weights, first + b, 1).at(t).row(0).head(t);
        const auto own = rows(keyed.data() + b * time * A, t, A, A);
        h = (own.rowwise() + queries.at(t).row(b)).array().tanh();
        alpha.noalias() = v * h.transpose();
        softmax(alpha, nullptr, 1);
        summary.at(t).row(b).noalias() = alpha * past;
      }
      const Rows past = summary.at(t);
      lstm_step(past.leftCols(U), past.rightCols(U), G.bottomRows(U), gate.at(t), tape.at(t));
      keys.at(t).noalias() = tape.at(t).leftCols(U) * key;
    }
  });
}

/**
 * in: the gradients of the tapes and of the weights, no numbers where there is none; what `lstmn`
 * took, and what it gave. out: the gradients of all that it took.
 */
void lstmn_gradient(Call& call) {
  const Tensor d_tapes = call.in(0), d_weights = call.in(1), x = call.in(2);
  const Rows W = matrix(call.in(3)), key = matrix(call.in(4)), v = matrix(call.in(5));
  const Rows G = matrix(call.in(6));
  const Tensor tapes = call.in(8), weights = call.in(9), gates = call.in(10);
  const Tensor summaries = call.in(11), layer = call.in(12);
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = key.rows(), A = key.cols();
  const Index all = batch * time;
  Rows d_x = matrix(call.out(0, x.shape));
  Matrix d_query = Matrix::Zero(all, A), d_keys = Matrix::Zero(all, A), d_sums(all, 4 * U);
  Matrix d_tape = Matrix::Zero(all, 2 * U), d_logits = Matrix::Zero(all, time);
  Matrix before = Matrix::Zero(all, U);  // h̃ of the step before
  if (d_tapes.size() > 0) d_tape = matrix(d_tapes);

  const double work = 4.0 * batch * time * ((I + U) * (4 * U + A) + time * (A + U));
  in_parts(batch, work, [&](Index first, Index n) {
    const auto steps = [&](Matrix& of) { return Steps(of.data(), first, n, time, of.cols()); };
    const Steps tape(tapes, first, n), gate(gates, first, n), summary(summaries, first, n);
    const auto past = [&](Matrix& of, Index b, Index t) {
      return of.middleRows((first + b) * time, t);
    };
    Matrix d(n, 2 * U);  // ∂L/∂[h; c], and then ∂L/∂[h̃; c̃]
    for (Index t = time - 1; t >= 0; t--) {
      d = steps(d_tape).at(t);
      auto dh = d.leftCols(U);
      add_product_transposed(dh, steps(d_keys).at(t), key);
      lstm_step_back(summary.at(t).rightCols(U), G.bottomRows(U), gate.at(t), tape.at(t), d,
                     steps(d_sums).at(t));
      if (t == 0) break;
      if (t + 1 < time) add_product_transposed(dh, steps(d_query).at(t + 1), W.bottomRows(U));
      if (t + 1 < time) steps(before).at(t + 1) = summary.at(t).leftCols(U);
      for (Index b = 0; b < n; b++) {
        // [h̃; c̃] = α [h; c] and α = softmax(e):  dα = d [h; c]ᵀ,  de = α ∘ (dα − Σ α ∘ dα)
        const auto alpha = Steps(weights, first + b, 1).at(t).row(0).head(t);
        auto de = d_logits.row((first + b) * time + t).head(t);
        if (d_weights.size() > 0) de = Steps(d_weights, first + b, 1).at(t).row(0).head(t);
        de.noalias() += d.row(b) * first_steps(tapes, first + b, t).transpose();
        de.array() = alpha.array() * (de.array() - de.dot(alpha));
        past(d_tape, b, t).noalias() += alpha.transpose() * d.row(b);
        // e = v · h and h = tanh(q + k):  dq = Σ dk = Σ (de v) ∘ (1 − h²)
        const Rows h = pairs(layer, first + b, t);
        const Matrix d_pairs = (de.transpose() * v).array() * (1 - h.array().square());
        past(d_keys, b, t) += d_pairs;
        steps(d_query).at(t).row(b) = column_sums(d_pairs);
      }
    }
    auto d_xs = d_x.middleRows(first * time, n * time);
    d_xs.setZero();
    add_product_transposed(d_xs, steps(d_query).all(), W.topRows(I));
    add_product_transposed(d_xs, steps(d_sums).all(), G.topRows(I));
  });

  Rows dW = matrix(call.out(1, {I + U, A})), dG = matrix(call.out(4, {I + U, 4 * U}));
  weight_gradient(dW.topRows(I), matrix(x), d_query);
  weight_gradient(dW.bottomRows(U), before, d_query);
  weight_gradient(matrix(call.out(2, {U, A})), matrix(tapes).leftCols(U), d_keys);
  const Rows flat = rows(layer.data, all * time, A, A);
  matrix(call.out(3, {A})).noalias() = rows(d_logits.data(), 1, all * time, all * time) * flat;
  weight_gradient(dG.topRows(I), matrix(x), d_sums);
  weight_gradient(dG.bottomRows(U), matrix(summaries).leftCols(U), d_sums);
  bias_gradient(matrix(call.out(5, {4 * U})), d_sums);
}
