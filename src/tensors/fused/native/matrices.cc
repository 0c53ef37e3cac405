#include "matrices.h"

void add_product(Out c, In a, In b) { c.noalias() += a * b; }

void add_product_transposed(Out c, In a, In b) { c.noalias() += a * b.transpose(); }

void add_transposed_product(Out c, In a, In b) { c.noalias() += a.transpose() * b; }

void weight_gradient(Out d, In a, In b) {
  in_parts(d.rows(), 2.0 * d.size() * a.rows(), [&](Index first, Index n) {
    d.middleRows(first, n).noalias() = a.middleCols(first, n).transpose() * b;
  });
}
