import { isNested } from '../tensors/kernels';
import { flatten } from '../tensors/parameters';
import { expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { recompute } from './recompute';

/**
 * A position-wise layer, some positions at a time: its wide hidden layer exists for one chunk only,
 * forward and backward (which runs it again).
 *
 *     Y = [f(X⁽¹⁾); f(X⁽²⁾); …; f(X⁽ᶜ⁾)]
 *
 * Source: Kitaev, Kaiser, Levskaya (2020), Section 3, "Chunking", eq. (10).
 *
 * @param x [..., length, depth]
 * @param f [n, depth] → [n, columns], each position by itself
 * @param parameters all learned tensors that `f` uses; those left out get no gradient
 * @param chunkLength positions at a time, over all examples
 * @returns [..., length, columns]
 * @throws if chunkLength is not a whole number from 1
 */
export function chunkedFeedForward<T extends tf.Tensor>(
  x: T,
  f: (x: tf.Tensor) => tf.Tensor,
  parameters: object,
  chunkLength: number,
): T {
  expectTensor('x', x);
  if (!(Number.isInteger(chunkLength) && chunkLength > 0)) {
    throw new Error(`chunkLength: expected a whole number from 1, got ${chunkLength}`);
  }
  const depth = x.shape[x.rank - 1];
  const rows = x.size / depth;
  const sizes = Array.from({ length: Math.ceil(rows / chunkLength) }, (_, i) =>
    Math.min(chunkLength, rows - i * chunkLength),
  );
  const chunk = (y: tf.Tensor, i: number) =>
    tf.slice(y.reshape([rows, -1]), [i * chunkLength, 0], [sizes[i], -1]);
  // Where a second derivative is wanted, everything has to be kept.
  if (isNested())
    return tf.tidy(() => {
      const y = f(x.reshape([rows, depth]));
      return y.reshape([...x.shape.slice(0, -1), y.shape[1] as number]) as T;
    });
  const learned = Object.values(flatten<tf.Tensor>(parameters));

  const layer = tf.customGrad((...args) => {
    const [input, save] = [args[0] as tf.Tensor, args.at(-1) as unknown as tf.GradSaveFunc];
    save([input]);
    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]) => {
      const dx: tf.Tensor[] = [];
      let sums: tf.Tensor[] | undefined;
      sizes.forEach((_, i) => {
        const before = sums;
        const [own, ...total] = tf.tidy(() => {
          const piece = chunk(saved, i);
          const [first, ...rest] = recompute(
            () => f(piece),
            [piece, ...learned],
            chunk(dy, i),
          ).gradients;
          return [
            first,
            ...rest.map((gradient, j) => (before ? tf.add(before[j], gradient) : gradient)),
          ];
        });
        if (before) tf.dispose(before);
        dx.push(own);
        sums = total;
      });
      return [tf.concat(dx).reshape(x.shape), ...(sums ?? [])];
    };
    return { value: tf.concat(sizes.map((_, i) => tf.tidy(() => f(chunk(input, i))))), gradFunc };
  });
  return tf.tidy(() => {
    const y = layer(x, ...learned);
    return y.reshape([...x.shape.slice(0, -1), y.shape[1] as number]) as T;
  });
}
