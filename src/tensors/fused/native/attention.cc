#include "in-heads.h"
#include "operations.h"
#include "softmax.h"

/** Queries that are looked at together: their weights stay in the cache. */
const Index BLOCK = 64;

/**
 * What a logit gets by distance: q'_i · r_δ, where key j lies δ = i + keys − queries − j ≥ 0 before
 * query i. The future is hidden.
 */
struct Distances {
  /** [batch, heads, queries, depth] */
  InHeads q;
  /** [1, heads, keys, depth], the same for each example; the row of distance 0 is the last one. */
  InHeads r;

  /** How many keys the i-th query sees, the first ones. */
  Index seen(Index i) const { return i + 1 + r.length - q.length; }
  /** Of the products of a query with all rows of r, where that of key 0 stands. */
  Index first(Index i) const { return q.length - 1 - i; }
};

/** softmax(scale · (Q Kᵀ + what distances add)) V in every head. */
static void attend(const InHeads& q, const InHeads& k, const InHeads& v, const Distances* by,
                   const Mask& mask, float scale, float* weights, const InHeads& context) {
  const Index products = k.depth + v.depth + (by ? k.depth : 0) + 10;
  const double work = 2.0 * q.batch * q.heads * q.length * k.length * products;
  in_parts(q.batch * q.heads, work, [&](Index first, Index n) {
    Matrix scaled, along;
    for (Index i = first; i < first + n; i++) {
      for (Index from = 0; from < q.length; from += BLOCK) {
        const Index count = std::min(BLOCK, q.length - from);
        Rows w = rows(weights + (i * q.length + from) * k.length, count, k.length, k.length);
        scaled = scale * q.at(i).middleRows(from, count);
        w.setZero();
        add_product_transposed(w, scaled, k.at(i));
        if (by) {
          scaled = scale * by->q.at(i).middleRows(from, count);
          along.setZero(count, k.length);
          add_product_transposed(along, scaled, by->r.at(i % q.heads));
          for (Index r = 0; r < count; r++) {
            const Index seen = by->seen(from + r);
            w.row(r).head(seen) += along.row(r).segment(by->first(from + r), seen);
            w.row(r).tail(k.length - seen).fill(HIDDEN);
          }
        }
        for (Index r = 0; r < count; r++)
          softmax(w.row(r), mask.row(i / q.heads, i % q.heads, from + r), mask.to[3]);
        auto c = context.at(i).middleRows(from, count);
        c.setZero();
        add_product(c, w, v.at(i));
      }
    }
  });
}

/**
 * With c = w V, w = softmax(s · Q Kᵀ) and e = s · Q Kᵀ,
 *
 *     dw = dc Vᵀ (+ what w itself gets)      de = s · w ∘ (dw − Σ_keys w ∘ dw)
 *     dV = wᵀ dc      dQ = de K      dK = deᵀ Q
 *
 * and with distances dQ' and dr likewise, of de with its rows where those of the products were. All
 * examples share r: a thread takes all examples of a head, for them to be added up one by one.
 *
 * @param d_context, d_weights: where there is none, no numbers
 * @param d_by: the gradients, with `by`
 */
static void attend_back(const InHeads& q, const InHeads& k, const InHeads& v, const Distances* by,
                        float scale, float* weights, const Tensor& d_context,
                        const Tensor& d_weights, const InHeads& dq, const InHeads& dk,
                        const InHeads& dv, const Distances* d_by = nullptr) {
  const bool of_context = d_context.size() > 0, of_weights = d_weights.size() > 0;
  const Index products = k.depth + v.depth + (by ? k.depth : 0);
  const double work = 4.0 * q.batch * q.heads * q.length * k.length * products;
  const Index together = by ? q.batch : 1;
  in_parts(q.batch * q.heads / together, work, [&](Index first, Index n) {
    Matrix d, along;
    for (Index one = first * together; one < (first + n) * together; one++) {
      const Index i = by ? one % q.batch * q.heads + one / q.batch : one;
      if (by && one % q.batch == 0) d_by->r.at(i).setZero();
      dk.at(i).setZero();
      dv.at(i).setZero();
      for (Index from = 0; from < q.length; from += BLOCK) {
        const Index count = std::min(BLOCK, q.length - from), at = (i * q.length + from) * k.length;
        const Rows w = rows(weights + at, count, k.length, k.length);
        if (of_weights) d = rows(d_weights.data + at, count, k.length, k.length);
        else d.setZero(count, k.length);
        if (of_context) {
          const auto dc = InHeads(d_context, q.heads).at(i).middleRows(from, count);
          add_product_transposed(d, dc, v.at(i));
          add_transposed_product(dv.at(i), w, dc);
        }
        for (Index r = 0; r < count; r++) {
          const float mean = d.row(r).dot(w.row(r));
          d.row(r).array() = scale * w.row(r).array() * (d.row(r).array() - mean);
        }
        auto dq_rows = dq.at(i).middleRows(from, count);
        dq_rows.setZero();
        add_product(dq_rows, d, k.at(i));
        add_transposed_product(dk.at(i), d, q.at(i).middleRows(from, count));
        if (by) {
          along.setZero(count, k.length);
          for (Index r = 0; r < count; r++) {
            const Index seen = by->seen(from + r);
            along.row(r).segment(by->first(from + r), seen) = d.row(r).head(seen);
          }
          auto of_queries = d_by->q.at(i).middleRows(from, count);
          of_queries.setZero();
          add_product(of_queries, along, by->r.at(i % q.heads));
          add_transposed_product(d_by->r.at(i % q.heads), along, by->q.at(i).middleRows(from, count));
        }
      }
    }
  });
}

/** [batch, heads, queries, keys], or without heads, if the tensors that go in have none. */
static std::vector<int64_t> shape_of_weights(const InHeads& q, const InHeads& k, bool heads) {
  if (heads) return {q.batch, q.heads, q.length, k.length};
  return {q.batch, q.length, k.length};
}

/**
 * `scaledDotProductAttention` of src/attention/scores, in several heads if they are.
 *
 * in: queries, keys, values [batch, heads, length, depth], or [batch, length, heads · depth] with the
 * setting `heads` (0: there are none); mask, broadcastable to the weights, or empty; the scale. out:
 * context, like the queries; weights [batch, (heads,) queries, keys].
 */
void attention(Call& call) {
  const Tensor query = call.in(0), values = call.in(2);
  const int setting = call.settings.at("heads");
  const Index heads = std::max(setting, 1);
  const InHeads q(query, heads), k(call.in(1), heads), v(values, heads);
  const bool apart = query.shape.size() == 4;
  auto shape = query.shape;
  shape.back() = values.shape.back();
  const InHeads context(call.out(0, shape), heads);
  const Tensor weights = call.out(1, shape_of_weights(q, k, setting > 0 || apart));
  Mask mask(call.in(3));
  if (setting == 0 && !apart) std::swap(mask.to[0], mask.to[1]);
  attend(q, k, v, nullptr, mask, *call.in(4).data, weights.data, context);
}

/** in: the gradients of context and weights; what `attention` took; the weights. out: dq, dk, dv. */
void attention_gradient(Call& call) {
  const Tensor query = call.in(2), keys = call.in(3), values = call.in(4);
  const Index heads = std::max(call.settings.at("heads"), 1);
  const InHeads dq(call.out(0, query.shape), heads), dk(call.out(1, keys.shape), heads);
  const InHeads dv(call.out(2, values.shape), heads);
  attend_back({query, heads}, {keys, heads}, {values, heads}, nullptr, *call.in(6).data,
              call.in(7).data, call.in(0), call.in(1), dq, dk, dv);
}

/** `attention` of queries, keys, values side by side: [batch, length, 3 · heads · depth]. */
void packed_attention(Call& call) {
  const Tensor x = call.in(0);
  const Index heads = call.settings.at("heads");
  const InHeads q(x, heads, 0, 3), k(x, heads, 1, 3), v(x, heads, 2, 3);
  const InHeads context(call.out(0, {q.batch, q.length, heads * q.depth}), heads);
  const Tensor weights = call.out(1, shape_of_weights(q, k, true));
  attend(q, k, v, nullptr, call.in(1), *call.in(2).data, weights.data, context);
}

void packed_attention_gradient(Call& call) {
  const Tensor x = call.in(2), d_x = call.out(0, x.shape);
  const Index heads = call.settings.at("heads");
  const auto part = [&](const Tensor& of, Index i) { return InHeads(of, heads, i, 3); };
  attend_back(part(x, 0), part(x, 1), part(x, 2), nullptr, *call.in(4).data, call.in(5).data,
              call.in(0), call.in(1), part(d_x, 0), part(d_x, 1), part(d_x, 2));
}

/**
 * `transformerXLAttention` of src/attention/positions: `attention` with logits by distance.
 *
 * in: queries q, keys, values, queries q' as for `attention`; r, like the keys of one example; mask,
 * scale. out: context, weights.
 */
void distance_attention(Call& call) {
  const Tensor query = call.in(0), values = call.in(2);
  const Index heads = std::max(call.settings.at("heads"), 1);
  const InHeads q(query, heads), k(call.in(1), heads), v(values, heads);
  const Distances by{{call.in(3), heads}, {call.in(4), heads}};
  auto shape = query.shape;
  shape.back() = values.shape.back();
  const InHeads context(call.out(0, shape), heads);
  const Tensor weights = call.out(1, shape_of_weights(q, k, true));
  attend(q, k, v, &by, call.in(5), *call.in(6).data, weights.data, context);
}

void distance_attention_gradient(Call& call) {
  const Index heads = std::max(call.settings.at("heads"), 1);
  std::vector<InHeads> in, out;
  for (int i = 0; i < 5; i++) {
    const Tensor tensor = call.in(2 + i);
    in.emplace_back(tensor, heads);
    out.emplace_back(call.out(i, tensor.shape), heads);
  }
  const Distances by{in[3], in[4]}, d_by{out[3], out[4]};
  attend_back(in[0], in[1], in[2], &by, *call.in(8).data, call.in(9).data, call.in(0), call.in(1),
              out[0], out[1], out[2], &d_by);
}

/**
 * `softAttention` of src/attention/scores/soft.ts.
 *
 * in: logits [batch, (heads,) queries, keys], values [batch, (heads,) keys, dValue]; mask,
 * broadcastable to the logits, or empty. out: context [batch, (heads,) queries, dValue]; weights.
 */
void soft_attention(Call& call) {
  const Tensor logits = call.in(0), values = call.in(1);
  const InHeads e(logits, 1), v(values, 1);
  auto shape = logits.shape;
  shape.back() = values.shape.back();
  const InHeads context(call.out(0, shape), 1), weights(call.out(1, logits.shape), 1);
  Mask mask(call.in(2));
  if (logits.shape.size() == 3) std::swap(mask.to[0], mask.to[1]);
  in_parts(e.batch * e.heads, 2.0 * logits.size() * (v.depth + 10), [&](Index first, Index n) {
    for (Index i = first; i < first + n; i++) {
      Rows w = weights.at(i), c = context.at(i);
      w = e.at(i);
      for (Index r = 0; r < e.length; r++)
        softmax(w.row(r), mask.row(i / e.heads, i % e.heads, r), mask.to[3]);
      c.setZero();
      add_product(c, w, v.at(i));
    }
  });
}

/**
 *     de = w ∘ (dw − Σ_keys w ∘ dw)      dw = dc Vᵀ (+ what w itself gets)      dV = wᵀ dc
 *
 * in: the gradients of context and weights, no numbers where there is none; what `soft_attention`
 * took; the weights. out: de, dV.
 */
void soft_attention_gradient(Call& call) {
  const Tensor d_context = call.in(0), d_weights = call.in(1), values = call.in(3);
  const Tensor weights = call.in(5);
  const InHeads v(values, 1), w(weights, 1);
  const InHeads de(call.out(0, weights.shape), 1), dv(call.out(1, values.shape), 1);
  in_parts(w.batch * w.heads, 4.0 * weights.size() * v.depth, [&](Index first, Index n) {
    for (Index i = first; i < first + n; i++) {
      Rows d = de.at(i), of_values = dv.at(i);
      of_values.setZero();
      if (d_weights.size() > 0) d = InHeads(d_weights, 1).at(i);
      else d.setZero();
      if (d_context.size() > 0) {
        const Rows dc = InHeads(d_context, 1).at(i);
        add_product_transposed(d, dc, v.at(i));
        add_transposed_product(of_values, w.at(i), dc);
      }
      for (Index r = 0; r < d.rows(); r++) {
        const float mean = d.row(r).dot(w.at(i).row(r));
        d.row(r).array() = w.at(i).row(r).array() * (d.row(r).array() - mean);
      }
    }
  });
}
