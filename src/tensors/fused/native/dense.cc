#include "matrices.h"
#include "operations.h"

/** The inputs i … i + n − 1 as matrices. */
static std::vector<Rows> matrices(Call& call, int i, int n) {
  std::vector<Rows> result;
  for (int k = i; k < i + n; k++) result.push_back(matrix(call.in(k)));
  return result;
}

/**
 * `dense` of src/tensors/dense.ts for N matrices: y = [x W_1 + b_1; …; x W_N + b_N].
 *
 * in: x [..., depth], W_i [depth, columns_i], b_i [columns_i] or empty. out: y [..., Σ columns_i].
 */
static void product_and_bias(Call& call, bool relu) {
  const int N = call.settings.at("N");
  const Tensor input = call.in(0);
  const Rows x = matrix(input);
  const std::vector<Rows> W = matrices(call, 1, N), b = matrices(call, 1 + N, N);
  std::vector<int64_t> shape = input.shape;
  shape.back() = 0;
  for (const Rows& w : W) shape.back() += w.cols();
  Rows y = matrix(call.out(0, shape));

  in_parts(x.rows(), 2.0 * x.size() * y.cols(), [&](Index first, Index n) {
    Index column = 0;
    for (int i = 0; i < N; column += W[i++].cols()) {
      auto part = y.block(first, column, n, W[i].cols());
      if (b[i].size() > 0) part.rowwise() = b[i].row(0);
      else part.setZero();
      add_product(part, x.middleRows(first, n), W[i]);
      if (relu) part = part.cwiseMax<Eigen::PropagateNaN>(0.0f);
    }
  });
}

/** out: the gradients of x, all W, all b, from that of y without ReLU:  dx = dy Wᵀ, dW = xᵀ dy, db = Σ dy. */
static void product_and_bias_back(Call& call, In d_y) {
  const int N = call.settings.at("N");
  const Tensor input = call.in(1);
  const Rows x = matrix(input);
  const std::vector<Rows> W = matrices(call, 2, N), b = matrices(call, 2 + N, N);
  Rows d_x = matrix(call.out(0, input.shape));
  in_parts(x.rows(), 2.0 * x.size() * d_y.cols(), [&](Index first, Index n) {
    auto part = d_x.middleRows(first, n);
    part.setZero();
    Index column = 0;
    for (int i = 0; i < N; column += W[i++].cols())
      add_product_transposed(part, d_y.block(first, column, n, W[i].cols()), W[i]);
  });
  Index column = 0;
  for (int i = 0; i < N; column += W[i++].cols()) {
    const auto part = d_y.middleCols(column, W[i].cols());
    weight_gradient(matrix(call.out(1 + i, {x.cols(), W[i].cols()})), x, part);
    Rows d_b = matrix(call.out(1 + N + i, {b[i].cols()}));
    if (d_b.size() > 0) bias_gradient(d_b, part);
  }
}

void dense(Call& call) { product_and_bias(call, false); }
void dense_gradient(Call& call) { product_and_bias_back(call, matrix(call.in(0))); }

void dense_relu(Call& call) { product_and_bias(call, true); }
void dense_relu_gradient(Call& call) {
  const int N = call.settings.at("N");
  const Rows y = matrix(call.in(2 + 2 * N)), d_y = matrix(call.in(0));
  Matrix passed(y.rows(), y.cols());
  in_parts(y.rows(), 10.0 * y.size(), [&](Index first, Index n) {
    const auto on = y.middleRows(first, n).array() > 0;
    passed.middleRows(first, n) = on.select(d_y.middleRows(first, n), 0);
  });
  product_and_bias_back(call, passed);
}
