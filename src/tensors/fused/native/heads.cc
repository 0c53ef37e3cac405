#include "in-heads.h"
#include "operations.h"

static void copy(const InHeads& from, const InHeads& to) {
  for (Index b = 0; b < from.batch; b++)
    for (Index r = 0; r < from.length; r++)
      for (Index h = 0; h < from.heads; h++)
        std::copy_n(from.row(b, h, r), from.depth, to.row(b, h, r));
}

/**
 * Queries, keys and values that stand side by side, each in heads.
 *
 * in: x [batch, length, parts · heads · depth]. out: that many times [batch, heads, length, depth].
 */
void heads_apart(Call& call) {
  const Index heads = call.settings.at("heads"), parts = call.settings.at("parts");
  const Tensor x = call.in(0);
  for (Index part = 0; part < parts; part++) {
    const InHeads from(x, heads, part, parts);
    copy(from, {call.out(part, {from.batch, heads, from.length, from.depth}), heads});
  }
}

/** And back, which is the gradient of the former, as that is of this. */
void heads_together(Call& call) {
  const Index heads = call.settings.at("heads"), parts = call.settings.at("parts");
  const InHeads first(call.in(0), heads);
  const Tensor y = call.out(0, {first.batch, first.length, parts * heads * first.depth});
  for (Index part = 0; part < parts; part++)
    copy({call.in(part), heads}, {y, heads, part, parts});
}
