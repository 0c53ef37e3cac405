#include "matrices.h"
#include "operations.h"

/**
 * `rotaryPositions` of src/attention/positions, in every head.
 *
 * in: x [..., length, depth], or [batch, length, heads · depth] with the setting `heads` (0: there are
 * none), or queries, keys and values side by side [batch, length, 3 · heads · depth] with `parts` 3, of
 * which the values are left as they are. out: like x.
 *
 * @param direction 1, or −1 for the way back
 */
static void turn(Call& call, const Tensor& in, float direction) {
  const Index parts = call.settings.at("parts"), heads = std::max(call.settings.at("heads"), 1);
  const Index length = in.shape[in.shape.size() - 2], start = call.settings.at("start");
  const Rows x = matrix(in);
  Rows y = matrix(call.out(0, in.shape));
  const Index depth = x.cols() / (parts * heads), half = depth / 2;
  Matrix cos(length, half), sin(length, half);
  for (Index m = 0; m < half; m++) {
    const double omega = std::pow(10000.0, -2.0 * m / depth);
    for (Index t = 0; t < length; t++) {
      cos(t, m) = std::cos((start + t) * omega);
      sin(t, m) = direction * std::sin((start + t) * omega);
    }
  }
  const Index turned = (parts == 3 ? 2 : 1) * heads * depth;
  in_parts(x.rows(), 6.0 * x.size(), [&](Index begin, Index n) {
    for (Index r = begin; r < begin + n; r++) {
      const auto c = cos.row(r % length).array(), s = sin.row(r % length).array();
      for (Index at = 0; at < turned; at += depth) {
        const auto first = x.row(r).segment(at, half).array();
        const auto second = x.row(r).segment(at + half, half).array();
        y.row(r).segment(at, half).array() = first * c - second * s;
        y.row(r).segment(at + half, half).array() = first * s + second * c;
      }
      y.row(r).tail(x.cols() - turned) = x.row(r).tail(x.cols() - turned);
    }
  });
}

void rotary(Call& call) { turn(call, call.in(0), 1); }
void rotary_gradient(Call& call) { turn(call, call.in(0), -1); }
