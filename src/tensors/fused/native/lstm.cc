#include "lstm-cell.h"
#include "operations.h"

/**
 * `lstm` of src/layers/lstm.ts, all steps in one operation.
 *
 * in: x [batch, time, I], initial [h; c] [batch, 2U], W [I + U, 4U], b [4U], visible [batch, time] or
 * empty. out: [h; c] after every step [batch, time, 2U]; for the way back i, f, ĉ, o
 * [batch, time, 4U].
 */
void lstm(Call& call) {
  const Tensor x = call.in(0), initial = call.in(1), visible = call.in(4);
  const Rows W = matrix(call.in(2)), bias = matrix(call.in(3));
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = initial.shape[1] / 2;
  const Tensor states = call.out(0, {batch, time, 2 * U});
  const Tensor gates = call.out(1, {batch, time, 4 * U});
  const bool reverse = call.settings.at("reverse");

  in_parts(batch, 8.0 * batch * time * (I + U) * U, [&](Index first, Index n) {
    const Steps xs(x, first, n), all(states, first, n), inner(gates, first, n);
    // What the inputs add, for all steps at once.
    inner.all().rowwise() = bias.row(0);
    add_product(inner.all(), xs.all(), W.topRows(I));
    Rows before = rows(initial.data + first * 2 * U, n, 2 * U, 2 * U);
    for (Index step = 0; step < time; step++) {
      const Index t = reverse ? time - 1 - step : step;
      Rows next = all.at(t);
      lstm_step(before.leftCols(U), before.rightCols(U), W.bottomRows(U), inner.at(t), next);
      for (Index b = 0; b < n && visible.size() > 0; b++)
        if (visible.data[(first + b) * time + t] == 0) next.row(b) = before.row(b);
      new (&before) Rows(next);
    }
  });
}

/** in: the gradient of the states; what `lstm` took, and what it gave. out: those of x, initial, W, b. */
void lstm_gradient(Call& call) {
  const Tensor d_states = call.in(0), x = call.in(1), initial = call.in(2), visible = call.in(5);
  const Tensor states = call.in(6), gates = call.in(7);
  const Rows W = matrix(call.in(3));
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = initial.shape[1] / 2;
  const Tensor d_x = call.out(0, x.shape), d_initial = call.out(1, initial.shape);
  const bool reverse = call.settings.at("reverse");
  Matrix d_gates(batch * time, 4 * U), hidden(batch * time, U);  // h before each step

  in_parts(batch, 8.0 * batch * time * (I + U) * U, [&](Index first, Index n) {
    const Steps all(states, first, n), inner(gates, first, n), ds(d_states, first, n);
    const Steps d_inner(d_gates.data(), first, n, time, 4 * U);
    Rows d = rows(d_initial.data + first * 2 * U, n, 2 * U, 2 * U);
    d.setZero();
    for (Index step = time - 1; step >= 0; step--) {
      const Index t = reverse ? time - 1 - step : step;
      const Rows before = step == 0 ? rows(initial.data + first * 2 * U, n, 2 * U, 2 * U)
                                    : all.at(reverse ? t + 1 : t - 1);
      Steps(hidden.data(), first, n, time, U).at(t) = before.leftCols(U);
      d += ds.at(t);
      Matrix kept = Matrix::Zero(n, 2 * U);  // at padding the state is carried over, so its gradient is
      for (Index b = 0; b < n && visible.size() > 0; b++)
        if (visible.data[(first + b) * time + t] == 0) kept.row(b).swap(d.row(b));
      lstm_step_back(before.rightCols(U), W.bottomRows(U), inner.at(t), all.at(t), d, d_inner.at(t));
      d += kept;
    }
    Rows d_xs = Steps(d_x, first, n).all();
    d_xs.setZero();
    add_product_transposed(d_xs, d_inner.all(), W.topRows(I));
  });

  Rows dW = matrix(call.out(2, {I + U, 4 * U}));
  weight_gradient(dW.topRows(I), matrix(x), d_gates);
  weight_gradient(dW.bottomRows(U), hidden, d_gates);
  bias_gradient(matrix(call.out(3, {4 * U})), d_gates);
}
