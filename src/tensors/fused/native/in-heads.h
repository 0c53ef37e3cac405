#pragma once

#include "matrices.h"

/** A tensor [batch, heads, length, depth], or [batch, length, heads · depth], read head by head. */
struct InHeads {
  float* data;
  Index batch, heads, length, depth, to_batch, to_head, to_row;

  /** @param part, parts: of [batch, length, parts · heads · depth], the part of that number */
  InHeads(const Tensor& tensor, Index of_heads, Index part = 0, Index parts = 1) {
    const auto& shape = tensor.shape;
    const bool apart = shape.size() == 4;
    batch = shape[0];
    heads = apart ? shape[1] : of_heads;
    length = shape[apart ? 2 : 1];
    to_row = shape.back();
    depth = apart ? to_row : to_row / parts / heads;
    to_head = apart ? length * depth : depth;
    to_batch = tensor.size() / batch;
    data = tensor.data + part * heads * depth;
  }
  float* row(Index example, Index head, Index r) const {
    return data + example * to_batch + head * to_head + r * to_row;
  }
  /** [length, depth], of the i-th of all heads of all examples. */
  Rows at(Index i) const {
    return rows(row(i / heads, i % heads, 0), length, depth, to_row);
  }
};
