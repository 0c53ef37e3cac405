import { expectDraw, type Random } from '../../tensors/random';
import { expectShape, expectSizes, leadingAxes } from '../../tensors/shape';
import { tf } from '../../tensors/tf';

/** How many hash functions to draw, and for what. */
export type HashSize = {
  /** Depth of the vectors to hash. */
  depth: number;
  /** How many independent hash functions each vector is given to. */
  rounds: number;
  /** Left out, all heads share their hash functions. */
  heads?: number;
};

/**
 * Draws the random rotations R of `angularHash`: standard normal numbers.
 *
 * @param size.buckets b, even; or the factors of b, each even: [32, 64] gives 2048 buckets for
 *   48 columns instead of 1024
 * @returns for each factor one tensor [(heads,) rounds, depth, b / 2]
 * @throws if a number of buckets is not even
 */
export function randomRotations(
  { buckets, ...size }: HashSize & { buckets: number | readonly number[] },
  next: Random,
): tf.Tensor[] {
  const factors = [buckets].flat();
  const odd = factors.find((b) => !(Number.isInteger(b) && b >= 2 && b % 2 === 0));
  if (odd !== undefined) {
    throw new Error(`buckets: expected an even number (each column of R is two), got ${odd}`);
  }
  return factors.map((b) => normal(size, b / 2, next));
}

/**
 * How many buckets to ask `randomRotations` for: one for each chunk, rounded down to a power of 2, as a
 * product of two smaller sets where these are many. One set of length / m buckets takes
 * time in proportion to length², two of its square root each to length^1.5, of which little is left
 * beside the attention.
 *
 * Source: HF transformers, `ReformerModel`, whose limit, 2 m, this is.
 *
 * @param chunkLength m
 * @returns b, or its factors
 */
export function bucketsFor(length: number, chunkLength = 64): number | [number, number] {
  expectSizes({ length, chunkLength });
  const power = Math.max(1, Math.floor(Math.log2(length / chunkLength)));
  if (2 ** power <= 2 * chunkLength) return 2 ** power;
  const first = Math.max(1, Math.floor(power / 2));
  return [2 ** first, 2 ** (power - first)];
}

/**
 * Draws the random planes of `signHash`: the normal vector of each is a column.
 *
 * @returns [(heads,) rounds, depth, planes]
 */
export function randomPlanes(
  { planes, ...size }: HashSize & { planes: number },
  next: Random,
): tf.Tensor {
  return normal(size, planes, next);
}

/**
 * Angular locality-sensitive hashing: to which of b random directions is x closest?
 *
 *     h(x) = argmax([x R; −x R])
 *
 * The smaller the angle between two vectors, the likelier they share a bucket; lengths do not
 * matter. With several rotations, each gives a digit: h(x) = h₁(x) + b₁ h₂(x) + b₁ b₂ h₃(x) + …
 *
 * Source: Kitaev, Kaiser, Levskaya (2020), Section 2, "Locality sensitive hashing"; the scheme is
 * from Andoni et al. (2015).
 *
 * @param x [batch, (heads,) length, depth]
 * @param rotations R [(heads,) rounds, depth, b / 2], or a list of them
 * @returns buckets [batch, (heads,) rounds, length], int32, 0 … b − 1. Has no gradient
 * @throws if a shape does not fit
 */
export function angularHash(x: tf.Tensor, rotations: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return hash(x, [rotations].flat(), (xR) => [
    tf.argMax(tf.concat([xR, tf.neg(xR)], -1), -1),
    2 * xR.shape[xR.rank - 1],
  ]);
}

/**
 * Sign hashing: on which side of each of n random planes does x lie?
 *
 *     h(x) = Σ_k 2ᵏ [x · p_k > 0]
 *
 * The simplest locality-sensitive hash: two vectors at angle θ lie on the same side of a random
 * plane with probability 1 − θ/π.
 *
 * Source: Charikar (2002), Section 3.
 *
 * @param x [batch, (heads,) length, depth]
 * @param planes p [(heads,) rounds, depth, n]
 * @returns buckets [batch, (heads,) rounds, length], int32, 0 … 2ⁿ − 1. Has no gradient
 * @throws if a shape does not fit
 */
export function signHash(x: tf.Tensor, planes: tf.Tensor): tf.Tensor {
  return hash(x, [planes], (projections) => {
    const n = projections.shape[projections.rank - 1];
    const powers = tf.tensor1d(
      Array.from({ length: n }, (_, k) => 2 ** k),
      'int32',
    );
    const above = tf.cast(tf.greater(projections, 0), 'int32');
    return [tf.sum(tf.mul(above, powers), -1), 2 ** n];
  });
}

/** Numbers that one piece of x times its hash functions may have: keeps them in the cache. */
const PIECE = 2 ** 21;

/**
 * Projects x piece by piece, so that length × buckets numbers never stand in memory at once.
 *
 * @param digit from projections [n, rounds, columns] to one digit of the hash, and its base
 */
function hash(
  x: tf.Tensor,
  matrices: tf.Tensor[],
  digit: (projections: tf.Tensor) => [tf.Tensor, number],
): tf.Tensor {
  const axes = leadingAxes('x', x);
  const sizes = expectShape('x', x, [...axes, 'length', 'depth'] as const);
  const [length, depth] = sizes.slice(-2);
  const perHead = matrices.some(({ rank }) => rank === 4);
  const [heads, rows] = perHead ? [sizes[1], sizes[0]] : [1, x.size / (length * depth)];
  const rounds = matrices[0]?.shape.at(-3) ?? 0;
  for (const matrix of matrices) {
    const lead = perHead ? [heads, rounds] : [rounds];
    expectShape('hash functions', matrix, [...lead, depth, 'columns']);
  }

  const ofHead = (head: number): tf.Tensor => {
    const vectors = tf.slice(x.reshape([rows, heads, length, depth]), [0, head], [rows, 1]);
    const flat = matrices.map((matrix) => {
      const own = tf.slice(matrix.reshape([heads, rounds, depth, -1]), [head], [1]);
      return tf.transpose(own, [0, 2, 1, 3]).reshape([depth, -1]); // all rounds in one product
    });
    const width = Math.max(...flat.map((matrix) => matrix.shape[1] as number));
    const buckets = inPieces(vectors.reshape([-1, depth]), Math.ceil(PIECE / width), (piece) => {
      let base = 1;
      const digits = flat.map((matrix) => {
        const projections = tf.matMul(piece, matrix).reshape([piece.shape[0], rounds, -1]);
        const [value, count] = digit(projections);
        base *= count;
        return tf.mul(value, tf.scalar(base / count, 'int32'));
      });
      return digits.reduce((sum, next) => tf.add(sum, next));
    });
    return tf.transpose(buckets.reshape([rows, 1, length, rounds]), [0, 1, 3, 2]);
  };
  const ofAllHeads = () => {
    const buckets = tf.concat(
      Array.from({ length: heads }, (_, head) => ofHead(head)),
      1,
    );
    return buckets.reshape([...sizes.slice(0, -2), rounds, length]);
  };
  // Inside a customGrad nothing is kept for a gradient.
  return tf.customGrad(() => ({ value: ofAllHeads(), gradFunc: () => [] }))();
}

function inPieces(x: tf.Tensor, size: number, f: (piece: tf.Tensor) => tf.Tensor): tf.Tensor {
  const starts = Array.from({ length: Math.ceil(x.shape[0] / size) }, (_, i) => i * size);
  return tf.concat(
    starts.map((start) =>
      tf.tidy(() => f(tf.slice(x, [start, 0], [Math.min(size, x.shape[0] - start), -1]))),
    ),
  );
}

/** Standard normal numbers by the method of Box and Muller. */
function normal({ depth, rounds, heads }: HashSize, columns: number, next: Random): tf.Tensor {
  const shape = [...(heads ? [heads] : []), rounds, depth, columns];
  expectDraw(shape, next);
  const size = shape.reduce((product, n) => product * n, 1);
  const draw = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return tf.tensor(Float32Array.from({ length: size }, draw), shape);
}
