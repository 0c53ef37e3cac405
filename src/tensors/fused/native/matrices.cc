#include "matrices.h"

void add_product(Out c, In a, In b) { c.noalias() += a * b; }

void add_product_transposed(Out c, In a, In b) { c.noalias() += a * b.transpose(); }

void add_transposed_product(Out c, In a, In b) { c.noalias() += a.transpose() * b; }

void weight_gradient(Out d, In a, In b) {
  in_parts(d.rows(), 2.0 * d.size() * a.rows(), [&](Index first, Index n) {
    d.middleRows(first, n).noalias() = a.middleCols(first, n).transpose() * b;
  });
}

// A product with ones is up to three times as fast as Eigen's sum of columns.
Eigen::RowVectorXf column_sums(In a) { return Eigen::RowVectorXf::Ones(a.rows()) * a; }

void bias_gradient(Out d, In a) {
  in_parts(a.cols(), 10.0 * a.size(), [&](Index first, Index n) {
    d.middleCols(first, n) = column_sums(a.middleCols(first, n));
  });
}
