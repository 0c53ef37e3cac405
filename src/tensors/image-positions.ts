import { expectSizes } from './shape';
import { tf } from './tf';

/**
 * Where a pixel stands, as a vector: sines and cosines of its row in the first half, of its column
 * in the second.
 *
 *     P(y, x)_{2i} = sin(ŷ / 10000^{2i / h})
 *     P(y, x)_{2i + 1} = cos(ŷ / 10000^{2i / h})      h = dModel / 2
 *     P(y, x)_{h + …}: the same of x̂
 *
 * with ŷ = 2π (y + 1) / height and x̂ = 2π (x + 1) / width, so that positions mean the same in images
 * of different size. Source: Carion et al. (2020), Appendix A.4, after Parmar et al. (2018).
 *
 * @param options.normalise false: ŷ = y + 1 and x̂ = x + 1, in pixels
 * @returns [height, width, dModel]
 * @throws unless dModel divides by 4
 */
export function imagePositions(
  { height, width, dModel }: { height: number; width: number; dModel: number },
  { normalise = true }: { normalise?: boolean } = {},
): tf.Tensor3D {
  expectSizes({ height, width, dModel });
  if (dModel % 4 !== 0) throw new Error(`imagePositions: expected dModel = 4 n, got ${dModel}`);
  const half = dModel / 2;
  const along = (size: number) =>
    Array.from({ length: size }, (_, at) => (normalise ? (2 * Math.PI * (at + 1)) / size : at + 1));
  const wave = (place: number) =>
    Array.from({ length: half }, (_, i) =>
      (i % 2 ? Math.cos : Math.sin)(place / 10000 ** ((i - (i % 2)) / half)),
    );
  const [rows, columns] = [along(height).map(wave), along(width).map(wave)];
  const vectors = rows.flatMap((row) => columns.flatMap((column) => [...row, ...column]));
  return tf.tensor3d(Float32Array.from(vectors), [height, width, dModel]);
}
