#include "operations.h"
#include "softmax.h"

/** For each block its queries, or keys: positions in the sequence, −1 where it has none. */
struct Lists {
  const int32_t* positions;
  Index count, size;

  Lists(Call& call, int i)
      : positions(call.integers(i)), count(call.in(i).shape[0]), size(call.in(i).shape[1]) {}
  int32_t at(Index block, Index i) const { return positions[block * size + i]; }

  /** Calls f(i, position, n) for n places of a block, from the i-th on, whose positions follow one another. */
  template <typename F>
  void runs(Index block, F f) const {
    for (Index i = 0, n; i < size; i += n) {
      const int32_t position = at(block, i);
      for (n = 1; i + n < size && at(block, i + n) == (position < 0 ? position : position + n);) n++;
      f(i, position, n);
    }
  }
  /** The rows of a sequence that stand in a block, 0 where it has none. */
  void read(Index block, const Rows& sequence, Matrix& rows) const {
    const Index width = sequence.cols();
    rows.resize(size, width);
    runs(block, [&](Index i, int32_t position, Index n) {
      float* const to = rows.data() + i * width;
      if (position < 0) std::fill_n(to, n * width, 0.0f);
      else std::copy_n(sequence.data() + position * width, n * width, to);
    });
  }
  /** And back: adds them to where they stand. */
  void add(Index block, const Matrix& rows, Rows sequence) const {
    runs(block, [&](Index i, int32_t position, Index n) {
      if (position >= 0) sequence.middleRows(position, n) += rows.middleRows(i, n);
    });
  }
};

/** [m, n]: 1 where a query of a block sees a key of it, where all keys are shown, or some. */
static void read_visible(const Lists& queries, Index block, const int32_t* seen, const float* shown,
                         Matrix& visible) {
  visible.setZero();
  for (Index r = 0; r < visible.rows(); r++) {
    const int32_t i = queries.at(block, r);
    for (Index c = 0; i >= 0 && c < visible.cols(); c++) {
      const int32_t j = seen[i * visible.cols() + c];
      visible(r, c) = j >= 0 && (!shown || shown[j] != 0);
    }
  }
}

/** [..., length, depth], one of all sequences. */
static Rows sequence(const Tensor& x, Index s) {
  const Index length = x.shape[x.shape.size() - 2], depth = x.shape.back();
  return rows(x.data + s * length * depth, length, depth, depth);
}

/** The shape of `like`, with another depth. */
static std::vector<int64_t> with_depth(std::vector<int64_t> like, Index depth) {
  like.back() = depth;
  return like;
}

/**
 * `blockAttention` of src/attention/sparse/blocks.ts.
 *
 * in: q, k [..., length, dKey], v [..., length, dValue]; the queries of each block [count, m] and
 * its keys [count, n]; which of them each position sees, −1 where not [length, n]; which keys may be
 * seen at all [..., length], or empty; the scale. out: context [..., length, dValue], log Z
 * [..., length, 1], weights [..., length, n].
 */
void block_attention(Call& call) {
  const Tensor q = call.in(0), k = call.in(1), v = call.in(2), shown = call.in(6);
  const Lists queries(call, 3), keys(call, 4);
  const int32_t* seen = call.integers(5);
  const float scale = *call.in(7).data;
  const Index length = q.shape[q.shape.size() - 2], n = keys.size, depth = q.shape.back();
  const Index sequences = q.size() / (length * depth);
  const Tensor context = call.out(0, with_depth(q.shape, v.shape.back()));
  const Tensor log_z = call.out(1, with_depth(q.shape, 1));
  const Tensor weights = call.out(2, with_depth(q.shape, n));

  const double work = 2.0 * sequences * length * n * (depth + v.shape.back() + 10);
  in_parts(sequences, work, [&](Index first, Index part) {
    Matrix Q, K, V, E, C, visible(queries.size, n);
    Eigen::ArrayXf Z;
    for (Index s = first; s < first + part; s++) sequence(context, s).setZero();
    for (Index b = 0; b < queries.count; b++) {
      for (Index s = first; s < first + part; s++) {
        if (shown.size() > 0) read_visible(queries, b, seen, shown.data + s * length, visible);
        else if (s == first) read_visible(queries, b, seen, nullptr, visible);
        queries.read(b, sequence(q, s), Q);
        keys.read(b, sequence(k, s), K);
        keys.read(b, sequence(v, s), V);
        E.setZero(queries.size, n);
        Q *= scale;
        add_product_transposed(E, Q, K);
        softmax_of_rows(E, visible, Z);
        for (Index r = 0; r < queries.size; r++) {
          const Index i = queries.at(b, r);
          if (i < 0) continue;
          log_z.data[s * length + i] = Z(r);
          sequence(weights, s).row(i) = E.row(r);
        }
        C.setZero(queries.size, V.cols());
        add_product(C, E, V);
        queries.add(b, C, sequence(context, s));
      }
    }
  });
}

/**
 * With c = W v and W = softmax(e), e = s · q kᵀ in each block,
 *
 *     dW = dc vᵀ (+ what W itself gets)      de = s · W ∘ (dW − Σ_keys W ∘ dW + dlog Z)
 *     dv = Wᵀ dc      dq = de k      dk = deᵀ q
 *
 * in: the gradients of context, log Z and weights, no numbers where there is none; what
 * `block_attention` took; the weights. out: dq, dk, dv.
 */
void block_attention_gradient(Call& call) {
  const Tensor d_context = call.in(0), d_log_z = call.in(1), d_weights = call.in(2);
  const Tensor q = call.in(3), k = call.in(4), v = call.in(5), weights = call.in(11);
  const Lists queries(call, 6), keys(call, 7);
  const float scale = *call.in(10).data;
  const Index length = q.shape[q.shape.size() - 2], n = keys.size, depth = q.shape.back();
  const Index sequences = q.size() / (length * depth);
  const Tensor dq = call.out(0, q.shape), dk = call.out(1, k.shape), dv = call.out(2, v.shape);

  const double work = 4.0 * sequences * length * n * (depth + v.shape.back());
  in_parts(sequences, work, [&](Index first, Index part) {
    Matrix Q, K, V, W, d, dC, through;
    for (Index s = first; s < first + part; s++) {
      for (const Tensor& x : {dq, dk, dv}) sequence(x, s).setZero();
      for (Index b = 0; b < queries.count; b++) {
        queries.read(b, sequence(q, s), Q);
        keys.read(b, sequence(k, s), K);
        keys.read(b, sequence(v, s), V);
        queries.read(b, sequence(weights, s), W);
        if (d_weights.size() > 0) queries.read(b, sequence(d_weights, s), d);
        else d.setZero(queries.size, n);
        if (d_context.size() > 0) {
          queries.read(b, sequence(d_context, s), dC);
          add_product_transposed(d, dC, V);
          V.setZero();  // from here on its gradient
          add_transposed_product(V, W, dC);
          keys.add(b, V, sequence(dv, s));
        }
        for (Index r = 0; r < queries.size; r++) {
          const Index i = queries.at(b, r);
          const float of_z = d_log_z.size() > 0 && i >= 0 ? d_log_z.data[s * length + i] : 0;
          const float mean = d.row(r).dot(W.row(r));
          d.row(r).array() = scale * W.row(r).array() * (d.row(r).array() - mean + of_z);
        }
        through.setZero(queries.size, Q.cols());
        add_product(through, d, K);
        queries.add(b, through, sequence(dq, s));
        through.setZero(n, Q.cols());
        add_transposed_product(through, d, Q);
        keys.add(b, through, sequence(dk, s));
      }
    }
  });
}
