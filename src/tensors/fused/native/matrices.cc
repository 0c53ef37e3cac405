#include "matrices.h"

#include <cstdlib>

void add_product(Out c, In a, In b) { c.noalias() += a * b; }

void add_product_transposed(Out c, In a, In b) { c.noalias() += a * b.transpose(); }

void add_transposed_product(Out c, In a, In b) { c.noalias() += a.transpose() * b; }

void weight_gradient(Out d, In a, In b) {
  in_parts(d.rows(), 2.0 * d.size() * a.rows(), [&](Index first, Index n) {
    d.middleRows(first, n).noalias() = a.middleCols(first, n).transpose() * b;
  });
}

int threads() {
  static const int n = [] {
    const char* setting = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int asked = setting ? std::atoi(setting) : 0;
    return asked > 0 ? asked : static_cast<int>(std::thread::hardware_concurrency());
  }();
  return n;
}
