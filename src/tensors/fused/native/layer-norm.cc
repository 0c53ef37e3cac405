#include "matrices.h"
#include "operations.h"

/**
 * `layerNorm` of src/tensors/layer-norm.ts, of a sum of N tensors: of x, or of x + residual.
 *
 * in: N times x [..., depth], gain [depth], bias [depth], ε. out: y [..., depth]; for the way back
 * n = (x − μ) / √(σ² + ε) [..., depth], 1 / √(σ² + ε) [rows].
 */
void layer_norm(Call& call) {
  const int N = call.settings.at("N");
  std::vector<Rows> terms;
  for (int i = 0; i < N; i++) terms.push_back(matrix(call.in(i)));
  const Rows gain = matrix(call.in(N)), bias = matrix(call.in(N + 1));
  const float epsilon = *call.in(N + 2).data;
  const auto shape = call.in(0).shape;
  const Index count = terms[0].rows(), depth = terms[0].cols();
  Rows y = matrix(call.out(0, shape)), normal = matrix(call.out(1, shape));
  float* rate = call.out(2, {count}).data;
  in_parts(count, 10.0 * y.size(), [&](Index first, Index n) {
    for (Index r = first; r < first + n; r++) {
      auto row = normal.row(r).array();
      row = terms[0].row(r).array();
      for (int i = 1; i < N; i++) row += terms[i].row(r).array();
      row -= row.sum() / depth;
      rate[r] = 1 / std::sqrt(row.square().sum() / depth + epsilon);
      row *= rate[r];
      y.row(r).array() = row * gain.row(0).array() + bias.row(0).array();
    }
  });
}

/**
 * With dn = g ∘ dy,
 *
 *     dx = (dn − mean(dn) − n · mean(dn ∘ n)) / √(σ² + ε)      dg = Σ dy ∘ n      db = Σ dy
 *
 * in: the gradient of y; what `layer_norm` took; n and 1 / √(σ² + ε). out: N times dx, dg, db.
 */
void layer_norm_gradient(Call& call) {
  const int N = call.settings.at("N");
  const Rows d_y = matrix(call.in(0)), gain = matrix(call.in(1 + N));
  const Rows normal = matrix(call.in(4 + N));
  const float* rate = call.in(5 + N).data;
  Rows d_x = matrix(call.out(0, call.in(1).shape));
  for (int i = 1; i < N; i++) call.same_out(i, 0);
  in_parts(d_y.rows(), 10.0 * d_y.size(), [&](Index first, Index n) {
    for (Index r = first; r < first + n; r++) {
      const auto along = normal.row(r).array();
      auto d = d_x.row(r).array();
      d = d_y.row(r).array() * gain.row(0).array();
      const float mean = d.mean(), slope = (d * along).mean();
      d = (d - mean - along * slope) * rate[r];
    }
  });
  Rows d_gain = matrix(call.out(N, {d_y.cols()})), d_bias = matrix(call.out(N + 1, {d_y.cols()}));
  in_parts(d_y.cols(), 10.0 * d_y.size(), [&](Index first, Index n) {
    const auto d = d_y.middleCols(first, n);
    d_gain.middleCols(first, n) = column_sums(d.cwiseProduct(normal.middleCols(first, n)));
    d_bias.middleCols(first, n) = column_sums(d);
  });
}
