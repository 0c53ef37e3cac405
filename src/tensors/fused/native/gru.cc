#include "gru-cell.h"
#include "operations.h"

/**
 * `gru` of src/layers/gru.ts, all steps in one operation.
 *
 * in: x [batch, time, I], initial [batch, U], gates [I + U, 2U], candidate [I + U, U], their biases,
 * visible [batch, time] or empty. out: states [batch, time, U]; for the way back r and u
 * [batch, time, 2U] and h̃ [batch, time, U].
 */
void gru(Call& call) {
  const Tensor x = call.in(0), initial = call.in(1), visible = call.in(6);
  const Rows G = matrix(call.in(2)), C = matrix(call.in(3));
  const Rows gates_bias = matrix(call.in(4)), candidate_bias = matrix(call.in(5));
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = initial.shape[1];
  const Tensor states = call.out(0, {batch, time, U});
  const Tensor gates = call.out(1, {batch, time, 2 * U});
  const Tensor candidate = call.out(2, {batch, time, U});
  const bool reverse = call.settings.at("reverse");

  in_parts(batch, 6.0 * batch * time * (I + U) * U, [&](Index first, Index n) {
    const Steps xs(x, first, n), hs(states, first, n);
    const Steps inner(gates, first, n), candidates(candidate, first, n);
    // What the inputs add, for all steps at once.
    inner.all().rowwise() = gates_bias.row(0);
    add_product(inner.all(), xs.all(), G.topRows(I));
    candidates.all().rowwise() = candidate_bias.row(0);
    add_product(candidates.all(), xs.all(), C.topRows(I));

    for (Index i = 0; i < time; i++) {
      const Index t = reverse ? time - 1 - i : i;
      const Rows h = i == 0 ? rows(initial.data + first * U, n, U, U) : hs.at(reverse ? t + 1 : t - 1);
      gru_step(h, G.bottomRows(U), C.bottomRows(U), inner.at(t), candidates.at(t), hs.at(t));
      if (visible.size() == 0) continue;
      for (Index b = 0; b < n; b++)
        if (visible.data[(first + b) * time + t] == 0) hs.at(t).row(b) = h.row(b);
    }
  });
}

/** The state before each step, as a matrix [batch · time, U]. */
static Matrix states_before(const Tensor& initial, const Tensor& states, bool reverse) {
  const Index batch = states.shape[0], time = states.shape[1], U = states.shape[2];
  Matrix before(batch * time, U);
  const Steps hs(states, 0, batch), shifted(before.data(), 0, batch, time, U);
  for (Index i = 0; i < time; i++) {
    const Index t = reverse ? time - 1 - i : i;
    shifted.at(t) = i == 0 ? matrix(initial) : hs.at(reverse ? t + 1 : t - 1);
  }
  return before;
}

/**
 * in: the gradient of the states; what `gru` took, and what it gave. out: the gradients of x,
 * initial, gates, candidate, and the two biases.
 */
void gru_gradient(Call& call) {
  const Tensor d_states = call.in(0), x = call.in(1), initial = call.in(2), visible = call.in(7);
  const Rows G = matrix(call.in(3)), C = matrix(call.in(4));
  const Tensor gates = call.in(9), candidate = call.in(10);
  const bool reverse = call.settings.at("reverse");
  const Index batch = x.shape[0], time = x.shape[1], I = x.shape[2], U = initial.shape[1];
  const Tensor d_x = call.out(0, x.shape), d_initial = call.out(1, initial.shape);
  Matrix before = states_before(initial, call.in(8), reverse), reset(batch * time, U);
  Matrix d_gates(batch * time, 2 * U), d_candidate(batch * time, U);

  in_parts(batch, 6.0 * batch * time * (I + U) * U, [&](Index first, Index n) {
    const Steps hs(before.data(), first, n, time, U), resets(reset.data(), first, n, time, U);
    const Steps inner(gates, first, n), candidates(candidate, first, n), ds(d_states, first, n);
    const Steps d_inner(d_gates.data(), first, n, time, 2 * U);
    const Steps d_candidates(d_candidate.data(), first, n, time, U);
    Rows d = rows(d_initial.data + first * U, n, U, U);
    d.setZero();
    for (Index i = time - 1; i >= 0; i--) {
      const Index t = reverse ? time - 1 - i : i;
      d += ds.at(t);
      Matrix kept = Matrix::Zero(n, U);  // at padding the state is carried over, so its gradient is
      for (Index b = 0; b < n && visible.size() > 0; b++)
        if (visible.data[(first + b) * time + t] == 0) kept.row(b).swap(d.row(b));
      gru_step_back(hs.at(t), G.bottomRows(U), C.bottomRows(U), inner.at(t), candidates.at(t), d,
                    d_inner.at(t), d_candidates.at(t));
      d += kept;
    }
    resets.all() = inner.all().leftCols(U).cwiseProduct(hs.all());
    Rows d_xs = Steps(d_x, first, n).all();
    d_xs.setZero();
    add_product_transposed(d_xs, d_inner.all(), G.topRows(I));
    add_product_transposed(d_xs, d_candidates.all(), C.topRows(I));
  });

  // y = [x; h] W + b:  dW = [x; h]ᵀ dy,  db = Σ dy
  Rows dG = matrix(call.out(2, {I + U, 2 * U})), dC = matrix(call.out(3, {I + U, U}));
  weight_gradient(dG.topRows(I), matrix(x), d_gates);
  weight_gradient(dG.bottomRows(U), before, d_gates);
  weight_gradient(dC.topRows(I), matrix(x), d_candidate);
  weight_gradient(dC.bottomRows(U), reset, d_candidate);
  bias_gradient(matrix(call.out(4, {2 * U})), d_gates);
  bias_gradient(matrix(call.out(5, {U})), d_candidate);
}
