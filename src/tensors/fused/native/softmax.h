#pragma once

#include <limits>

#include "matrices.h"

using ArrayRow = Eigen::Array<float, 1, Eigen::Dynamic>;

/** Numbers that broadcast to [batch, heads, queries, keys]: 0 where a key is hidden. Or none. */
struct Mask {
  const float* data;
  Index to[4] = {0, 0, 0, 0};

  Mask(const Tensor& tensor) : data(tensor.size() > 0 ? tensor.data : nullptr) {
    Index step = 1, axis = 4;
    for (size_t i = tensor.shape.size(); i-- > 0; step *= tensor.shape[i])
      to[--axis] = tensor.shape[i] == 1 ? 0 : step;
  }
  const float* row(Index batch, Index head, Index query) const {
    return data ? data + batch * to[0] + head * to[1] + query * to[2] : nullptr;
  }
};

const float HIDDEN = -std::numeric_limits<float>::infinity();

/**
 * Takes the largest logit of a row off all, so that none is above 0; hidden keys get −∞.
 *
 * @returns the largest
 */
template <typename Row>
float shift_logits(Row row, const float* visible, Index step) {
  auto e = row.array();
  if (visible && step == 0 && *visible == 0) e = HIDDEN;
  if (visible && step != 0) e = (Eigen::Map<const ArrayRow>(visible, e.size()) != 0).select(e, HIDDEN);
  const float largest = e.maxCoeff();
  if (largest != HIDDEN) e -= largest;
  return largest;
}

/** Divides exponentials of shifted logits by their sum; 0 if all keys are hidden. @returns log Z */
template <typename Row>
float normalise(Row row, const float* visible, Index step, float largest) {
  auto e = row.array();
  if (visible && step != 0) e *= Eigen::Map<const ArrayRow>(visible, e.size());
  const float sum = e.sum();
  if (sum == 0) return -1e38f;
  e /= sum;
  return largest + std::log(sum);
}

/**
 * Softmax of a row over the keys that are visible; 0 if none is.
 *
 * @param visible 0 where a key is hidden; nothing: all are visible
 * @param step from one key to the next; 0: what the first says holds for all
 * @returns log Z, the logarithm of the sum that the row was divided by; hardly anything if it is 0
 */
template <typename Row>
float softmax(Row row, const float* visible, Index step) {
  const float largest = shift_logits(row, visible, step);
  row.array() = row.array().exp();
  return normalise(row, visible, step, largest);
}

/** The same of all rows of a matrix, which takes its exponentials at once; log Z of each. */
inline void softmax_of_rows(Matrix& e, const Matrix& visible, Eigen::ArrayXf& log_z) {
  log_z.resize(e.rows());
  for (Index r = 0; r < e.rows(); r++) log_z(r) = shift_logits(e.row(r), visible.row(r).data(), 1);
  e = e.array().exp();
  for (Index r = 0; r < e.rows(); r++)
    log_z(r) = normalise(e.row(r), visible.row(r).data(), 1, log_z(r));
}
