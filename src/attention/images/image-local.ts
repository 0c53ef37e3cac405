import { lengthOf } from '../../tensors/shape';
import type { tf } from '../../tensors/tf';
import { type Blocks, remembered } from '../sparse/block-layout';
import { blockAttention } from '../sparse/blocks';
import type { SparseWeights } from '../sparse-weights';

/** Blocks of a flattened image. */
export type ImageBlocks1D = {
  /** l_q: positions of a query block. */
  block: number;
  /** l_m: positions before the block that it sees too. */
  memory: number;
};

/**
 * One-dimensional local attention over an image, pixel by pixel in raster order: the positions of a
 * block see the memory before the block, and of the block what is not after them.
 *
 *     S_i = { j : b·l_q − l_m ≤ j ≤ i }      b = ⌊i / l_q⌋
 *
 * Source: Parmar et al. (2018), "Image Transformer", Section 3.3, "1D Local Attention", and Fig. 2.
 *
 * @param query [batch, length, dKey], or [batch, heads, length, dKey]; length = height · width (·
 *   channels), row by row
 * @param keys shape of `query`
 * @param values [batch, length, dValue], or [batch, heads, length, dValue]
 * @param mask which keys may be seen, [batch, (heads,) 1, length]; see `blockAttention`
 * @returns context, shape of `values`; the weights of each query's memory block
 * @throws if block or memory is not a whole number ≥ 1 and ≥ 0, or a shape does not fit
 */
export function imageLocal1DAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask: tf.Tensor | undefined,
  options: ImageBlocks1D,
): { context: T; weights: SparseWeights } {
  const length = lengthOf('query', query);
  return blockAttention(query, keys, values, remembered(imageBlocks1D, length, options), mask);
}

/** Its pattern. */
export function imageBlocks1D(length: number, { block, memory }: ImageBlocks1D): Blocks {
  expectSizes({ block: [block], memory: [memory] });
  const starts = range(0, length, block);
  return {
    queries: starts.map((start) => range(start, Math.min(start + block, length))),
    keys: starts.map((start) =>
      range(Math.max(0, start - memory), Math.min(start + block, length)),
    ),
    sees: (i, j) => j <= i,
  };
}

/** Blocks of an image, each [height, width]. */
export type ImageBlocks2D = {
  image: [height: number, width: number];
  /** [h_q, w_q]: the rectangle of queries. */
  block: [height: number, width: number];
  /** [h_m, w_m]: how far the memory reaches beyond the block: up, and to the left and right. */
  memory: [height: number, width: number];
};

/**
 * Two-dimensional local attention over an image, which is generated block after block in raster
 * order, and within a block pixel by pixel in raster order. A position sees of its memory, the
 * block and h_m rows above and w_m columns on either side, what is not generated after it.
 *
 * Source: Parmar et al. (2018), "Image Transformer", Section 3.3, "2D Local Attention", and Fig. 2.
 * Parameters and result as for `imageLocal1DAttention`; position = row · width + column.
 *
 * @throws if length ≠ height · width; and what `imageLocal1DAttention` throws
 */
export function imageLocal2DAttention<T extends tf.Tensor = tf.Tensor3D>(
  query: T,
  keys: T,
  values: T,
  mask: tf.Tensor | undefined,
  options: ImageBlocks2D,
): { context: T; weights: SparseWeights } {
  const length = lengthOf('query', query);
  const [height, width] = options.image;
  if (length !== height * width) {
    throw new Error(`query length ${length} ≠ ${height} · ${width}, the size of the image`);
  }
  return blockAttention(query, keys, values, remembered(imageBlocks2D, options), mask);
}

/** Its pattern. */
export function imageBlocks2D({ image, block, memory }: ImageBlocks2D): Blocks {
  expectSizes({ block, memory });
  const [height, width] = image;
  const rectangle = (top: number, bottom: number, left: number, right: number) =>
    range(top, bottom).flatMap((y) =>
      range(left, right).map((x) =>
        y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1,
      ),
    );
  const corners = range(0, height, block[0]).flatMap((y) =>
    range(0, width, block[1]).map((x) => [y, x]),
  );
  const queries = corners.map(([y, x]) => rectangle(y, y + block[0], x, x + block[1]));
  const turn = new Map(
    queries
      .flat()
      .filter((i) => i >= 0)
      .map((i, time) => [i, time]),
  );
  return {
    queries,
    keys: corners.map(([y, x]) =>
      rectangle(y - memory[0], y + block[0], x - memory[1], x + block[1] + memory[1]),
    ),
    sees: (i, j) => (turn.get(j) as number) <= (turn.get(i) as number),
  };
}

function range(from: number, to: number, step = 1): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((to - from) / step)) },
    (_, i) => from + i * step,
  );
}

function expectSizes({ block, memory }: { block: number[]; memory: number[] }): void {
  if (!block.every((size) => Number.isInteger(size) && size >= 1)) {
    throw new Error(`block: expected whole numbers above 0, got ${block}`);
  }
  if (!memory.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new Error(`memory: expected whole numbers from 0, got ${memory}`);
  }
}
