/**
 * A step of a long short-term memory for n examples, forward and backward; see `lstmCell` in
 * src/layers/lstm.ts for the formula.
 */
#pragma once

#include "matrices.h"

/**
 *     i, f, o = σ(… + h G)   ĉ = tanh(… + h G)   c' = f ∘ c + i ∘ ĉ   h' = o ∘ tanh(c')
 *
 * @param h, c [n, U]: the state before
 * @param G [U, 4U]: the rows of the weights that h meets
 * @param gates [n, 4U]: what the input adds to them; then i, f, ĉ, o
 * @param next [h'; c'] [n, 2U]
 */
inline void lstm_step(In h, In c, In G, Out gates, Out next) {
  const Index U = h.cols();
  add_product(gates, h, G);
  const auto part = [&](Index i) { return gates.middleCols(i * U, U).array(); };
  gates.leftCols(2 * U) = gates.leftCols(2 * U).array().logistic();
  part(2) = part(2).tanh();
  part(3) = part(3).logistic();
  next.rightCols(U) = part(1) * c.array() + part(0) * part(2);
  next.leftCols(U) = part(3) * next.rightCols(U).array().tanh();
}

/**
 * With dh and dc, what comes back to h' and c' (σ' = σ (1 − σ), tanh' = 1 − tanh²),
 *
 *     dc' = dc + dh ∘ o ∘ (1 − tanh² c')     what stands inside of i, f, ĉ, o gets
 *     dc' ∘ ĉ ∘ i (1 − i)     dc' ∘ c ∘ f (1 − f)     dc' ∘ i ∘ (1 − ĉ²)     dh ∘ tanh c' ∘ o (1 − o)
 *
 * @param d [n, 2U]: ∂L/∂[h'; c'], and then ∂L/∂[h; c]
 * @param d_gates [n, 4U]
 */
inline void lstm_step_back(In c, In G, In gates, In next, Out d, Out d_gates) {
  const Index U = c.cols();
  const auto part = [&](Index i) { return gates.middleCols(i * U, U).array(); };
  const auto i = part(0), f = part(1), candidate = part(2), o = part(3);
  auto dh = d.leftCols(U), dc = d.rightCols(U);
  const Matrix squashed = next.rightCols(U).array().tanh();
  dc.array() += dh.array() * o * (1 - squashed.array().square());
  d_gates.leftCols(U) = dc.array() * candidate * i * (1 - i);
  d_gates.middleCols(U, U) = dc.array() * c.array() * f * (1 - f);
  d_gates.middleCols(2 * U, U) = dc.array() * i * (1 - candidate.square());
  d_gates.rightCols(U) = dh.array() * squashed.array() * o * (1 - o);
  dc.array() *= f;
  dh.setZero();
  add_product_transposed(dh, d_gates, G);
}
