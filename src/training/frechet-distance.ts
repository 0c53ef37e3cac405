import { expectShape } from '../tensors/shape';
import type { tf } from '../tensors/tf';

/**
 * The Fréchet distance of two samples, each taken for a normal distribution of its mean μ and its
 * covariance Σ: how far the one must be moved, in squared length, to become the other.
 *
 *     d = ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)
 *
 * The trace of the root is Σ √λ over the eigenvalues λ of Σ_a^½ Σ_b Σ_a^½, which is symmetric. Computed
 * in float64. With features of an Inception network it is the FID.
 *
 * Source: Dowson and Landau (1982); Heusel et al. (2017), "GANs Trained by a Two Time-Scale Update
 * Rule Converge to a Local Nash Equilibrium", eq. (6). Covariances divide by n − 1.
 *
 * @param a [count, features], at least 2 rows
 * @param b [other count, features]
 * @returns the distance, 0 or more
 * @throws if a shape does not fit
 */
export function frechetDistance(a: tf.Tensor, b: tf.Tensor): number {
  const [left, right] = [momentsOf('a', a), momentsOf('b', b)];
  if (left.mean.length !== right.mean.length) {
    throw new Error(
      `b: expected ${left.mean.length} features as in a, got ${right.mean.length} features`,
    );
  }
  const apart = sum(left.mean.map((x, i) => (x - right.mean[i]) ** 2));
  const { values, vectors } = eigen(left.covariance);
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  // Σ_a^½ Σ_b Σ_a^½ in the basis of Σ_a's eigenvectors: √λ_i (v_iᵀ Σ_b v_j) √λ_j.
  const turned = times(transposed(vectors), times(right.covariance, vectors));
  const middle = turned.map((row, i) => row.map((x, j) => roots[i] * x * roots[j]));
  const overlap = sum(eigen(middle).values.map((value) => Math.sqrt(Math.max(0, value))));
  return Math.max(0, apart + trace(left.covariance) + trace(right.covariance) - 2 * overlap);
}

/**
 * What the Fréchet distance of two samples is on average if both come from one normal distribution,
 * and only differ because samples do: the floor for a generator that is perfect.
 *
 *     (1/n + 1/m) · (tr Σ + ½ Σ_ij λ_i λ_j / (λ_i + λ_j) + ¼ tr Σ)
 *
 * From the second order in the difference Δ of the covariances, in the basis of Σ's eigenvectors:
 * d = ½ Σ_ij Δ_ij² / (λ_i + λ_j), and E Δ_ij² = (1/n + 1/m) λ_i λ_j (1 + [i = j]). Right if both
 * samples are larger than the number of features.
 *
 * @param features [count, features]: a sample to take Σ from
 * @param n size of the one sample
 * @param m size of the other
 * @throws if the shape does not fit, or a sample has fewer than 2 points
 */
export function frechetFloor(features: tf.Tensor, n: number, m = n): number {
  for (const size of [n, m])
    if (!(Number.isInteger(size) && size >= 2))
      throw new Error(`sample: expected a whole number from 2, got ${size}`);
  const values = eigen(momentsOf('features', features).covariance).values.filter((x) => x > 0);
  const pairs = sum(values.flatMap((x) => values.map((y) => (x * y) / (x + y))));
  return (1 / n + 1 / m) * (1.25 * sum(values) + pairs / 2);
}

type Matrix = number[][];

function momentsOf(name: string, sample: tf.Tensor): { mean: number[]; covariance: Matrix } {
  const [count, width] = expectShape(name, sample, ['count', 'features']);
  if (count < 2) throw new Error(`${name}: expected at least 2 rows, got ${count}`);
  const rows = sample.arraySync() as Matrix;
  const mean = Array.from({ length: width }, (_, i) => sum(rows.map((row) => row[i])) / count);
  const centred = rows.map((row) => row.map((x, i) => x - mean[i]));
  const covariance = mean.map((_, i) =>
    mean.map((__, j) => sum(centred.map((row) => row[i] * row[j])) / (count - 1)),
  );
  return { mean, covariance };
}

/** Eigenvalues and, in columns, eigenvectors of a symmetric matrix: Jacobi's rotations. */
function eigen(symmetric: Matrix): { values: number[]; vectors: Matrix } {
  const A = symmetric.map((row) => [...row]);
  const V = A.map((_, i) => A.map((__, j) => Number(i === j)));
  const size = A.length;
  const scale = Math.max(...A.flat().map(Math.abs)) || 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let left = 0;
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        left = Math.max(left, Math.abs(A[p][q]));
        if (A[p][q] === 0) continue;
        const half = (A[q][q] - A[p][p]) / (2 * A[p][q]);
        const t = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.hypot(half, 1));
        const c = 1 / Math.hypot(t, 1);
        rotate(A, V, p, q, c, t * c);
      }
    if (left < 1e-14 * scale) break;
  }
  return { values: A.map((row, i) => row[i]), vectors: V };
}

/** A ← Jᵀ A J and V ← V J, J the rotation of axes p and q that makes A[p][q] 0. */
function rotate(A: Matrix, V: Matrix, p: number, q: number, c: number, s: number): void {
  for (const row of [...A, ...V])
    [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
  for (let k = 0; k < A.length; k++)
    [A[p][k], A[q][k]] = [c * A[p][k] - s * A[q][k], s * A[p][k] + c * A[q][k]];
}

const sum = (list: readonly number[]) => list.reduce((total, x) => total + x, 0);
const trace = (matrix: Matrix) => sum(matrix.map((row, i) => row[i]));
const transposed = (matrix: Matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
const times = (a: Matrix, b: Matrix) => {
  const columns = transposed(b);
  return a.map((row) => columns.map((column) => sum(row.map((x, i) => x * column[i]))));
};
