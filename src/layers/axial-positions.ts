import { type Random, uniform } from '../tensors/random';
import { expectShape } from '../tensors/shape';
import { tf } from '../tensors/tf';

/** One table for each axis: [size of the axis, its share of the depth]. */
export type AxialPositionParameters = tf.Tensor[];

/**
 * Draws the tables of axial position embeddings.
 *
 * @param sizes.shape how the positions are laid out, such as [64, 64] for 4096 of them
 * @param sizes.depths the depth of each axis; they add up to dModel
 * @throws if there are not as many depths as axes
 */
export function axialPositionParameters(
  { shape, depths }: { shape: readonly number[]; depths: readonly number[] },
  next: Random,
): AxialPositionParameters {
  if (shape.length !== depths.length) {
    throw new Error(
      `expected a depth for each axis, got ${shape.length} axes, ${depths.length} depths`,
    );
  }
  return shape.map((size, axis) => uniform([size, depths[axis]], next, 1));
}

/**
 * Axial position embeddings: positions are laid out row by row in a grid; an embedding is the
 * embedding of its row beside the embedding of its column. A table of n₁ · n₂ positions costs
 * n₁ + n₂ rows.
 *
 *     E_p = [E¹_r; E²_c]      p = r · n₂ + c
 *
 * and so on for more axes. Source: the authors' code of Kitaev, Kaiser, Levskaya (2020) and HF
 * transformers' `AxialPositionEmbeddings`; the name is from Ho et al. (2019).
 *
 * @param tables for each axis a, E^a [n_a, depth_a]
 * @param length how many positions, at most n₁ · n₂ · …; left out, all
 * @returns [length, depth₁ + depth₂ + …]
 * @throws if there are fewer positions than `length`
 */
export function axialPositions(tables: AxialPositionParameters, length?: number): tf.Tensor2D {
  const shape = tables.map(
    (table, axis) => expectShape(`tables[${axis}]`, table, ['n', 'depth'])[0],
  );
  const positions = shape.reduce((product, n) => product * n, 1);
  const wanted = length ?? positions;
  if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= positions)) {
    throw new Error(`length: expected 1…${positions} (${shape.join(' · ')}), got ${wanted}`);
  }
  // Only as many rows of the grid as are asked for.
  const grid = [Math.ceil(wanted / (positions / shape[0])), ...shape.slice(1)];
  return tf.tidy(() => {
    const spread = tables.map((table, axis) => {
      const depth = table.shape[1] as number;
      const own = table.slice([0, 0], [grid[axis], -1]);
      const alongOne = grid.map((n, other) => (other === axis ? n : 1));
      return own
        .reshape([...alongOne, depth])
        .broadcastTo([...grid, depth])
        .reshape([-1, depth]);
    });
    return tf.concat(spread, 1).slice([0, 0], [wanted, -1]) as tf.Tensor2D;
  });
}
