#include "operations.h"
#include "softmax.h"

/** For each block its queries, or keys: positions in the sequence, −1 where it has none. */
struct Lists {
  const int32_t* positions;
  Index count, size;

  Lists(Call& call, int i)
      : positions(call.integers(i)), count(call.in(i).shape[0]), size(call.in(i).shape[1]) {}
  int32_t at(Index block, Index i) const { return positions[block * size + i]; }

  /** The rows of a sequence that stand in a block, 0 where it has none. */
  void read(Index block, In sequence, Matrix& rows) const {
    rows.setZero(size, sequence.cols());
    for (Index i = 0; i < size; i++)
      if (at(block, i) >= 0) rows.row(i) = sequence.row(at(block, i));
  }
  /** And back: adds them to where they stand. */
  void add(Index block, In rows, Out sequence) const {
    for (Index i = 0; i < size; i++)
      if (at(block, i) >= 0) sequence.row(at(block, i)) += rows.row(i);
  }
};

/** 1 where a position sees a key of its block, in a sequence in which all keys or some are shown. */
static void read_visible(const int32_t* seen, const float* shown, Matrix& visible) {
  for (Index c = 0; c < visible.size(); c++)
    visible.data()[c] = seen[c] >= 0 && (!shown || shown[seen[c]] != 0);
}

/** [sequences, length, depth], one of them. */
static Rows sequence(const Tensor& x, Index s) { return Steps(x, s, 1).all(); }

/**
 * `blockAttention` of src/attention/sparse/blocks.ts.
 *
 * in: q, k [sequences, length, dKey], v [sequences, length, dValue]; the queries of each block
 * [count, m] and its keys [count, n]; which of them each position sees, −1 where not [length, n];
 * which keys may be seen at all [sequences, length], or empty; the scale. out: context
 * [sequences, length, dValue], log Z [sequences, length, 1], weights [sequences, length, n].
 */
void block_attention(Call& call) {
  const Tensor q = call.in(0), k = call.in(1), v = call.in(2), shown = call.in(6);
  const Lists queries(call, 3), keys(call, 4);
  const int32_t* seen = call.integers(5);
  const float scale = *call.in(7).data;
  const Index length = q.shape[1], n = keys.size;
  const Tensor context = call.out(0, {q.shape[0], length, v.shape[2]});
  const Tensor log_z = call.out(1, {q.shape[0], length, 1});
  const Tensor weights = call.out(2, {q.shape[0], length, n});

  const double work = 2.0 * q.shape[0] * length * n * (q.shape[2] + v.shape[2] + 10);
  in_parts(q.shape[0], work, [&](Index first, Index part) {
    Matrix Q, K, V, E, C, visible(length, n);
    for (Index s = first; s < first + part; s++) {
      if (shown.size() > 0) read_visible(seen, shown.data + s * length, visible);
      else if (s == first) read_visible(seen, nullptr, visible);
      sequence(context, s).setZero();
      for (Index b = 0; b < queries.count; b++) {
        queries.read(b, sequence(q, s), Q);
        keys.read(b, sequence(k, s), K);
        keys.read(b, sequence(v, s), V);
        E.setZero(queries.size, n);
        add_product_transposed(E, scale * Q, K);
        for (Index r = 0; r < queries.size; r++) {
          const Index i = queries.at(b, r);
          if (i < 0) continue;
          log_z.data[s * length + i] = softmax(E.row(r), visible.row(i).data(), 1);
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
  const Index length = q.shape[1], n = keys.size;
  const Tensor dq = call.out(0, q.shape), dk = call.out(1, k.shape), dv = call.out(2, v.shape);

  const double work = 4.0 * q.shape[0] * length * n * (q.shape[2] + v.shape[2]);
  in_parts(q.shape[0], work, [&](Index first, Index part) {
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
