#pragma once

#include <limits>

#include "matrices.h"

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

/**
 * Softmax of a row over the keys that are visible; 0 if none is.
 *
 * @param visible 0 where a key is hidden; nothing: all are visible
 * @param step from one key to the next; 0: what the first says holds for all
 * @returns log Z, the logarithm of the sum that the row was divided by; hardly anything if it is 0
 */
template <typename Row>
float softmax(Row row, const float* visible, Index step) {
  using Numbers = Eigen::Map<const Eigen::Array<float, 1, Eigen::Dynamic>>;
  const float nothing = -std::numeric_limits<float>::infinity(), hardly = -1e38f;
  auto e = row.array();
  if (visible && step == 0) {
    if (*visible == 0) return e = 0, hardly;
    visible = nullptr;
  }
  const Numbers shown(visible, visible ? e.size() : 0);
  if (visible) e = (shown != 0).select(e, nothing);
  const float largest = e.maxCoeff();
  if (largest == nothing) return e = 0, hardly;
  e = (e - largest).exp();
  if (visible) e *= shown;
  const float sum = e.sum();
  e /= sum;
  return largest + std::log(sum);
}

/** The same of all rows of a matrix, which takes its exponentials at once; log Z of each. */
inline void softmax_of_rows(Matrix& e, const Matrix& visible, Eigen::ArrayXf& log_z) {
  const float nothing = -std::numeric_limits<float>::infinity(), hardly = -1e38f;
  e = (visible.array() != 0).select(e, nothing);
  log_z = e.rowwise().maxCoeff();
  for (Index r = 0; r < e.rows(); r++)
    if (log_z(r) != nothing) e.row(r).array() -= log_z(r);
  e = e.array().exp() * visible.array();
  for (Index r = 0; r < e.rows(); r++) {
    const float sum = e.row(r).sum();
    log_z(r) = sum == 0 ? hardly : log_z(r) + std::log(sum);
    if (sum != 0) e.row(r) /= sum;
  }
}
