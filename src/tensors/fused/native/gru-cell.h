/**
 * A step of a gated recurrent unit for n examples, forward and backward; see `gruCell` in
 * src/layers/gru.ts for the formula.
 */
#pragma once

#include "matrices.h"

/**
 *     r = σ(…)   u = σ(…)   h̃ = tanh(… + (r ∘ h) C)   h' = u ∘ h + (1 − u) ∘ h̃
 *
 * @param h [n, U], the state before
 * @param G [U, 2U], C [U, U]: the rows of the weights that the state meets
 * @param gates [n, 2U], candidate [n, U]: what the input adds to them; then r, u and h̃
 * @param next h' [n, U]
 */
inline void gru_step(In h, In G, In C, Out gates, Out candidate, Out next) {
  const Index U = h.cols();
  const auto r = gates.leftCols(U).array();
  const auto u = gates.rightCols(U).array();
  add_product(gates, h, G);
  gates = gates.array().logistic();
  const Matrix reset = r * h.array();
  add_product(candidate, reset, C);
  candidate = candidate.array().tanh();
  next = u * h.array() + (1 - u) * candidate.array();
}

/**
 * With d = ∂L/∂h' (σ' = σ (1 − σ), tanh' = 1 − tanh²), what stands inside σ and tanh gets
 *
 *     dh̃ = d ∘ (1 − u) ∘ (1 − h̃²)     dr = (dh̃ Cᵀ) ∘ h ∘ r ∘ (1 − r)     du = d ∘ (h − h̃) ∘ u ∘ (1 − u)
 *     dh = d ∘ u + (dh̃ Cᵀ) ∘ r + [dr; du] Gᵀ
 *
 * @param d [n, U]: ∂L/∂h', and then ∂L/∂h
 * @param d_gates [dr; du], d_candidate dh̃
 */
inline void gru_step_back(In h, In G, In C, In gates, In candidate, Out d, Out d_gates,
                          Out d_candidate) {
  const Index U = h.cols();
  const auto r = gates.leftCols(U).array();
  const auto u = gates.rightCols(U).array();
  const auto c = candidate.array();
  d_candidate = d.array() * (1 - u) * (1 - c.square());
  d_gates.rightCols(U) = d.array() * (h.array() - c) * u * (1 - u);
  Matrix d_reset = Matrix::Zero(d.rows(), U);
  add_product_transposed(d_reset, d_candidate, C);
  d_gates.leftCols(U) = d_reset.array() * h.array() * r * (1 - r);
  d = d.array() * u + d_reset.array() * r;
  add_product_transposed(d, d_gates, G);
}
