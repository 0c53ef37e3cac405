/** Matrices that lie in tensors, by Eigen; and work divided among threads. */
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "Eigen/Core"
#include "operation.h"

using Eigen::Index;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/** n rows in somebody's memory, one every so many numbers: some columns, a step of a sequence. */
using Rows = Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
/** Rows as arguments, to read and to write. */
using In = const Eigen::Ref<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>&;
using Out = Eigen::Ref<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;

inline Rows rows(float* data, Index n, Index columns, Index stride) {
  return {data, n, columns, Eigen::OuterStride<>(stride)};
}

/** A tensor as a matrix: [a, b, columns] is [a · b, columns], and [columns] is [1, columns]. */
inline Rows matrix(const Tensor& tensor) {
  const Index columns = tensor.shape.back();
  return rows(tensor.data, columns == 0 ? 0 : tensor.size() / columns, columns, columns);
}

/** Of a tensor [batch, time, width], or a matrix [batch · time, width], n examples. */
struct Steps {
  float* data;
  Index n, time, width;

  Steps(float* data, Index first, Index n, Index time, Index width)
      : data(data + first * time * width), n(n), time(time), width(width) {}
  Steps(const Tensor& tensor, Index first, Index n)
      : Steps(tensor.data, first, n, tensor.shape[1], tensor.shape[2]) {}

  /** [n, width], one step of each. */
  Rows at(Index t) const { return rows(data + t * width, n, width, time * width); }
  /** [n · time, width] */
  Rows all() const { return rows(data, n * time, width, width); }
};

// Products, compiled once, in matrices.cc.

/** c += a b */
void add_product(Out c, In a, In b);
/** c += a bᵀ */
void add_product_transposed(Out c, In a, In b);
/** c += aᵀ b */
void add_transposed_product(Out c, In a, In b);
/** aᵀ b, what a matrix that was multiplied with a gets of the gradient; the work divided among threads. */
void weight_gradient(Out d, In a, In b);
/** The sum of all rows. */
Eigen::RowVectorXf column_sums(In a);
/** The same, what a vector that was added to each row gets of the gradient; the work divided among threads. */
void bias_gradient(Out d, In a);

/** As many as TF_NUM_INTRAOP_THREADS says; where it says nothing 2, on four processors or more. */
int threads();

/** Calls part(0) … part(n − 1), n ≤ threads(), each in a thread of its own, and returns when all have. */
void run_parts(Index n, const std::function<void(Index)>& part);

/**
 * Calls f(first, n) for parts of 0 … size − 1, each in a thread of its own.
 *
 * @param work floating-point operations of all together: where they are few, a thread would cost
 *   more than it gains
 */
template <typename F>
void in_parts(Index size, double work, F f) {
  const double least = 2e5;  // some 10 µs; to call a thread takes up to 5
  const Index parts = std::max<Index>(
      1, std::min<Index>({threads(), size, static_cast<Index>(work / least)}));
  const auto begin = [&](Index part) { return part * size / parts; };
  run_parts(parts, [&](Index part) { f(begin(part), begin(part + 1) - begin(part)); });
}
