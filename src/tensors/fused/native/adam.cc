#include "matrices.h"
#include "operations.h"

using Numbers = Eigen::Map<Eigen::ArrayXf>;

/**
 * A step of `Adam` of src/training/adam.ts, for all its variables.
 *
 * in: of N variables θ, the gradients g, then m and v, which are changed in place and so must be nobody
 * else's; five numbers: the rate α √(1 − β₂ᵗ)/(1 − β₁ᵗ), 1 − β₁, 1 − β₂, ε, and the length to which
 * all gradients together are clipped. out: N new θ; the length of all gradients. If that is not
 * finite, nothing moves.
 */
void adam(Call& call) {
  const int N = call.settings.at("N");
  const float* numbers = call.in(4 * N).data;
  const float rate = numbers[0], new_m = numbers[1], new_v = numbers[2], epsilon = numbers[3];
  const auto all = [&](int i) {
    const Tensor tensor = call.in(i);
    return Numbers(tensor.data, tensor.size());
  };

  double squares = 0;
  for (int i = 0; i < N; i++) squares += all(N + i).square().sum();
  const float length = *call.out(N, {}).data = std::sqrt(squares);
  const float clip = length > numbers[4] ? numbers[4] / length : 1;

  for (int i = 0; i < N; i++) {
    const Numbers theta = all(i), g = all(N + i);
    Numbers m = all(2 * N + i), v = all(3 * N + i);
    Numbers next(call.out(i, call.in(i).shape).data, theta.size());
    if (!std::isfinite(length)) {
      next = theta;
      continue;
    }
    in_parts(theta.size(), 20.0 * theta.size(), [&](Index first, Index n) {
      const auto gradient = clip * g.segment(first, n);
      auto mean = m.segment(first, n), square = v.segment(first, n);
      mean += new_m * (gradient - mean);
      square += new_v * (gradient.square() - square);
      next.segment(first, n) = theta.segment(first, n) - rate * mean / (square.sqrt() + epsilon);
    });
  }
}
