#include <cmath>
#include <limits>

#include "matrices.h"
#include "operations.h"

static const float NOTHING = -std::numeric_limits<float>::infinity();
/** Z of a position that sees nobody: exp(z − Z) is 0. */
static const float NOBODY = 1e30f;

/** What all sequences of a call have in common. */
struct LshCall {
  Tensor queries, values;
  const float* scale;
  const int32_t* buckets;
  Tensor shown;
  Index depth, width, length, sequences, rounds, m;
  bool causal, across_buckets;

  /** @param first which input is the first of what `lsh` takes */
  LshCall(Call& call, int first)
      : queries(call.in(first)),
        values(call.in(first + 1)),
        scale(call.in(first + 2).data),
        buckets(call.integers(first + 3)),
        shown(call.in(first + 4)),
        depth(queries.shape[2]),
        width(values.shape[2]),
        length(queries.shape[1]),
        sequences(queries.shape[0]),
        rounds(call.settings.at("rounds")),
        m(call.settings.at("chunk_length")),
        causal(call.settings.at("causal")),
        across_buckets(call.settings.at("across_buckets")) {}

  bool is_shown(Index sequence, Index i) const {
    if (shown.size() == 0) return true;
    const Index heads = sequences / shown.shape[0];
    return shown.data[sequence / heads * length + i] != 0;
  }
  /** Of any tensor [sequences, length, …], one sequence. */
  Rows of(const Tensor& tensor, Index sequence) const {
    const Index columns = tensor.shape[2];
    return rows(tensor.data + sequence * length * columns, length, columns, columns);
  }
  double work(double products) const {
    return products * 2 * sequences * rounds * length * 2 * m * (depth + width);
  }
};

/** One sequence, sorted by bucket in every round; all rounds stand in one line of slots. */
struct Line {
  const LshCall& call;
  const Rows q, v;
  Index slots;
  /** Which position stands in a slot; `length` where nobody does who may see or be seen. */
  std::vector<int32_t> position;
  /** Other numbers in other rounds. */
  std::vector<int32_t> bucket;
  /** 1 / |q_i| */
  std::vector<float> rate;

  /** Counting sort: there are few buckets. Hidden positions fill no slot. */
  Line(const LshCall& call, Index sequence)
      : call(call), q(call.of(call.queries, sequence)), v(call.of(call.values, sequence)) {
    const Index per_round = (call.length + call.m - 1) / call.m * call.m;
    slots = call.rounds * per_round;
    position.assign(slots, call.length);
    bucket.assign(slots, -1);
    const int32_t* all = call.buckets + sequence * call.rounds * call.length;
    const Index most = 1 + *std::max_element(all, all + call.rounds * call.length);
    for (Index round = 0; round < call.rounds; round++) {
      const int32_t* of = all + round * call.length;
      std::vector<Index> next(most + 1, 0);
      for (Index i = 0; i < call.length; i++)
        if (call.is_shown(sequence, i)) next[of[i] + 1]++;
      for (Index b = 0; b < most; b++) next[b + 1] += next[b];
      for (Index i = 0; i < call.length; i++) {
        if (!call.is_shown(sequence, i)) continue;
        const Index slot = round * per_round + next[of[i]]++;
        position[slot] = i;
        bucket[slot] = round * most + of[i];
      }
    }
    rate.resize(call.length);
    for (Index i = 0; i < call.length; i++) rate[i] = 1 / std::sqrt(q.row(i).squaredNorm() + 1e-12f);
  }

  Index chunks() const { return slots / call.m; }
};

/** One chunk of a line: its queries, the keys of the chunk before and its own, and their logits. */
struct Chunk {
  const Line& line;
  Index reach;
  Matrix queries, keys, values, z;
  std::vector<int32_t> key, bucket;
  const int32_t* query = nullptr;

  explicit Chunk(const Line& line) : line(line), reach(line.chunks() == 1 ? 1 : 2) {
    const LshCall& call = line.call;
    reach *= call.m;
    queries.resize(call.m, call.depth);
    keys.resize(reach, call.depth);
    values.resize(reach, call.width);
    z.resize(call.m, reach);
    key.resize(reach);
    bucket.resize(reach);
  }

  bool is_empty(int32_t position) const { return position == line.call.length; }

  void read(Index chunk) {
    const LshCall& call = line.call;
    const Index m = call.m, before = chunk == 0 ? line.chunks() - 1 : chunk - 1;
    query = line.position.data() + chunk * m;
    for (Index j = 0; j < reach; j++) {
      const Index slot = (j < reach - m ? before * m : chunk * m - (reach - m)) + j;
      key[j] = line.position[slot];
      bucket[j] = line.bucket[slot];
      if (is_empty(key[j])) {
        keys.row(j).setZero();
        values.row(j).setZero();
      } else {
        keys.row(j) = line.q.row(key[j]) * (line.rate[key[j]] * *call.scale);
        values.row(j) = line.v.row(key[j]);
      }
    }
    for (Index r = 0; r < m; r++) {
      if (is_empty(query[r])) queries.row(r).setZero();
      else queries.row(r) = line.q.row(query[r]);
    }
    z.setZero();
    add_product_transposed(z, queries, keys);
    for (Index r = 0; r < m; r++) hide(r, line.bucket[chunk * m + r]);
  }

  /** −∞ where query r must not look: nowhere at all if its slot is empty. */
  void hide(Index r, int32_t own_bucket) {
    const LshCall& call = line.call;
    const int32_t self = query[r];
    const int32_t limit = is_empty(self) ? -1 : call.causal ? self : call.length;
    float* row = z.row(r).data();
    for (Index j = 0; j < reach; j++) {
      const bool seen = (key[j] < limit) & (key[j] != self) &
                        (call.across_buckets | (bucket[j] == own_bucket));
      row[j] = seen ? row[j] : NOTHING;
    }
  }
};

/**
 * `lshAttention` of src/attention/lsh/lsh.ts, without a table of anything sorted: each chunk reads the
 * rows it needs, and adds to the rows it is about.
 *
 * in: queries (which are the keys too) [sequences, length, depth], values [sequences, length, width],
 * the scale, buckets [sequences, rounds, length], which positions there are [batch, length] or
 * nothing. out: context [sequences, length, width]; for the way back Z [sequences, length].
 */
void lsh(Call& run) {
  const LshCall call(run, 0);
  const Tensor contexts = run.out(0, call.values.shape);
  float* const normalisers = run.out(1, {call.sequences, call.length}).data;
  in_parts(call.sequences, call.work(1), [&](Index first, Index n) {
    for (Index sequence = first; sequence < first + n; sequence++) {
      const Line line(call, sequence);
      Rows context = call.of(contexts, sequence);
      context.setZero();
      // What has been summed up is divided by exp(top), the largest logit met by then.
      std::vector<float> top(call.length, NOTHING), sum(call.length, 0);
      Matrix found(call.m, call.width);
      Chunk chunk(line);
      for (Index c = 0; c < line.chunks(); c++) {
        chunk.read(c);
        for (Index r = 0; r < call.m; r++) {
          auto row = chunk.z.row(r).array();
          const int32_t i = chunk.query[r];
          const float largest = row.maxCoeff();
          if (largest == NOTHING) {
            row = 0;
            continue;
          }
          if (!(largest <= top[i])) {  // a NaN comes in here too, and stays
            const float factor = std::exp(top[i] - largest);
            sum[i] *= factor;
            context.row(i) *= factor;
            top[i] = largest;
          }
          row = (row - top[i]).exp();
          sum[i] += row.sum();
        }
        found.setZero();
        add_product(found, chunk.z, chunk.values);
        for (Index r = 0; r < call.m; r++)
          if (!chunk.is_empty(chunk.query[r])) context.row(chunk.query[r]) += found.row(r);
      }
      for (Index i = 0; i < call.length; i++) {
        float& Z = normalisers[sequence * call.length + i];
        Z = top[i] == NOTHING ? NOBODY : top[i] + std::log(sum[i]);
        if (top[i] != NOTHING) context.row(i) /= sum[i];
        else if (call.is_shown(sequence, i)) context.row(i) = line.v.row(i);  // itself
      }
    }
  });
}

/**
 * With p_ij = exp(z_ij − Z_i) and z_ij = q_i · k_j, k_j = scale · q_j / |q_j|,
 *
 *     dz_ij = p_ij (dc_i · v_j − dc_i · c_i)      dv_j = Σ_i p_ij dc_i      dk_j = Σ_i dz_ij q_i
 *     dq_i = Σ_j dz_ij k_j + (scale · dk_i − k_i (k_i · dk_i) / scale) / |q_i|
 *
 * in: the gradient of the context; what `lsh` took, and what it gave. out: dq, dv.
 */
void lsh_gradient(Call& run) {
  const LshCall call(run, 1);
  const Tensor d_contexts = run.in(0), contexts = run.in(6);
  const float* const normalisers = run.in(7).data;
  const Tensor d_queries = run.out(0, call.queries.shape), d_values = run.out(1, call.values.shape);
  in_parts(call.sequences, call.work(3), [&](Index first, Index n) {
    Matrix dk;
    for (Index sequence = first; sequence < first + n; sequence++) {
      const Line line(call, sequence);
      const Rows context = call.of(contexts, sequence), dc = call.of(d_contexts, sequence);
      Rows dq = call.of(d_queries, sequence), dv = call.of(d_values, sequence);
      dq.setZero();
      dv.setZero();
      dk.setZero(call.length, call.depth);
      const float* const Z = normalisers + sequence * call.length;
      Chunk chunk(line);
      Matrix d_found(call.m, call.width), dz(call.m, chunk.reach);
      Matrix found_queries(call.m, call.depth), found_keys(chunk.reach, call.depth);
      Matrix found_values(chunk.reach, call.width);
      for (Index c = 0; c < line.chunks(); c++) {
        chunk.read(c);
        for (Index r = 0; r < call.m; r++) {
          if (chunk.is_empty(chunk.query[r])) d_found.row(r).setZero();
          else d_found.row(r) = dc.row(chunk.query[r]);
        }
        dz.setZero();
        add_product_transposed(dz, d_found, chunk.values);
        for (Index r = 0; r < call.m; r++) {
          auto p = chunk.z.row(r).array();
          const int32_t i = chunk.query[r];
          if (chunk.is_empty(i)) {
            p = 0;
            dz.row(r).setZero();
            continue;
          }
          p = (p - Z[i]).exp();
          dz.row(r).array() = p * (dz.row(r).array() - dc.row(i).dot(context.row(i)));
        }
        found_queries.setZero();
        found_keys.setZero();
        found_values.setZero();
        add_product(found_queries, dz, chunk.keys);
        add_transposed_product(found_keys, dz, chunk.queries);
        add_transposed_product(found_values, chunk.z, d_found);
        for (Index r = 0; r < call.m; r++)
          if (!chunk.is_empty(chunk.query[r])) dq.row(chunk.query[r]) += found_queries.row(r);
        for (Index j = 0; j < chunk.reach; j++) {
          if (chunk.is_empty(chunk.key[j])) continue;
          dk.row(chunk.key[j]) += found_keys.row(j);
          dv.row(chunk.key[j]) += found_values.row(j);
        }
      }
      for (Index i = 0; i < call.length; i++) {
        const auto direction = (line.q.row(i) * line.rate[i]).eval();
        const float along = direction.dot(dk.row(i));
        dq.row(i) += *call.scale * line.rate[i] * (dk.row(i) - along * direction);
        if (Z[i] == NOBODY && call.is_shown(sequence, i)) dv.row(i) += dc.row(i);
      }
    }
  });
}
