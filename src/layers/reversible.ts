import { isNested } from '../tensors/kernels';
import { flatten } from '../tensors/parameters';
import { expectShape, expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { recompute } from './recompute';

/**
 * Plain data that a function must find again when the backward pass runs it a second time: the
 * first run computes and notes it, the second gets the note. For seeds, and for choices that a
 * rounding error could tip, such as buckets.
 */
export type Recall = <Data>(make: () => Data) => Data;

/** One of the two functions of a reversible block, F or G. */
export type Residual = {
  /** x ↦ F(x), same shape. Whatever is random in it goes through `recall`. */
  apply: (x: tf.Tensor, recall: Recall) => tf.Tensor;
  /** All learned tensors that `apply` uses; those left out get no gradient. */
  parameters: object;
};

/** A reversible block: y₁ = x₁ + F(x₂), y₂ = x₂ + G(y₁). */
export type ReversibleBlock = { F: Residual; G: Residual };

/** What the runs of F and G noted, block by block. */
type Notes = { F: unknown[]; G: unknown[] };

const noting =
  (notes: unknown[]): Recall =>
  (make) => {
    notes.push(make());
    return notes.at(-1) as ReturnType<typeof make>;
  };
const reading = (notes: unknown[]): Recall => {
  let next = 0;
  return () => notes[next++] as never;
};
const freshly: Recall = (make) => make();

/**
 * One reversible block.
 *
 *     y₁ = x₁ + F(x₂)      y₂ = x₂ + G(y₁)
 *
 * Source: Gomez, Ren, Urtasun, Grosse (2017), eq. (6); Kitaev et al. (2020), eq. (7) and (9): F is
 * attention, G feed-forward.
 *
 * @param x1, x2 same shape
 * @returns y₁, y₂
 */
export function reversibleBlock(
  [x1, x2]: readonly tf.Tensor[],
  { F, G }: ReversibleBlock,
  recall: { F: Recall; G: Recall } = { F: freshly, G: freshly },
): [tf.Tensor, tf.Tensor] {
  expectPair([x1, x2]);
  return tf.tidy(() => {
    const y1 = tf.add(x1, F.apply(x2, recall.F));
    return [y1, tf.add(x2, G.apply(y1, recall.G))] as [tf.Tensor, tf.Tensor];
  });
}

/**
 * The inputs of a reversible block from its outputs.
 *
 *     x₂ = y₂ − G(y₁)      x₁ = y₁ − F(x₂)
 *
 * Source: Gomez et al. (2017), eq. (7); Kitaev et al. (2020), eq. (8).
 *
 * @returns x₁, x₂
 */
export function invertBlock(
  [y1, y2]: readonly tf.Tensor[],
  { F, G }: ReversibleBlock,
  recall: { F: Recall; G: Recall } = { F: freshly, G: freshly },
): [tf.Tensor, tf.Tensor] {
  expectPair([y1, y2]);
  return tf.tidy(() => {
    const x2 = tf.sub(y2, G.apply(y1, recall.G));
    return [tf.sub(y1, F.apply(x2, recall.F)), x2] as [tf.Tensor, tf.Tensor];
  });
}

/**
 * Blocks one after another, whose backward pass needs only the output of the last: it computes the
 * inputs of each block from its outputs. Memory for activations does not grow with the number of
 * blocks; time grows by the second run of F and G.
 *
 * Source: Gomez et al. (2017), Algorithm 1.
 *
 * @param x1, x2 same shape
 * @returns y₁, y₂ of the last block
 * @throws if the shapes of x₁ and x₂ differ
 */
export function reversibleStack(
  x1: tf.Tensor,
  x2: tf.Tensor,
  blocks: readonly ReversibleBlock[],
): [tf.Tensor, tf.Tensor] {
  expectPair([x1, x2]);
  // Where a second derivative is wanted, everything has to be kept.
  if (isNested())
    return tf.tidy(() => {
      const start: [tf.Tensor, tf.Tensor] = [x1, x2];
      return blocks.reduce((state, block) => reversibleBlock(state, block), start);
    });
  const learned = blocks.map(({ F, G }) => ({
    F: Object.values(flatten<tf.Tensor>(F.parameters)),
    G: Object.values(flatten<tf.Tensor>(G.parameters)),
  }));
  const notes: Notes[] = blocks.map(() => ({ F: [], G: [] }));

  // One customGrad around all blocks: nothing that happens inside is kept, except what is saved.
  const stack = tf.customGrad((...args) => {
    const [inputs, save] = [args.slice(0, 2) as tf.Tensor[], args.at(-1) as unknown];
    let state: readonly tf.Tensor[] = inputs;
    blocks.forEach((block, i) => {
      const [F, G] = [noting(notes[i].F), noting(notes[i].G)];
      const before = state;
      state = reversibleBlock(before, block, { F, G });
      if (i > 0) tf.dispose(before as tf.Tensor[]);
    });
    const y = tf.stack(state as tf.Tensor[]);
    (save as tf.GradSaveFunc)([y]);

    const gradFunc = (dy: tf.Tensor, [saved]: tf.Tensor[]) => {
      const gradients: tf.Tensor[][] = [];
      let [y1, y2, dy1, dy2] = [...tf.unstack(saved), ...tf.unstack(dy)];
      for (let i = blocks.length - 1; i >= 0; i--) {
        const before = [y1, y2, dy1, dy2];
        const step = tf.tidy(() => {
          const [{ F, G }, recall] = [
            blocks[i],
            { F: reading(notes[i].F), G: reading(notes[i].G) },
          ];
          const g = recompute(() => G.apply(y1, recall.G), [y1, ...learned[i].G], dy2);
          const x2 = tf.sub(y2, g.y);
          const dx1 = tf.add(dy1, g.gradients[0]);
          const f = recompute(() => F.apply(x2, recall.F), [x2, ...learned[i].F], dx1);
          const x1 = tf.sub(y1, f.y);
          const dx2 = tf.add(dy2, f.gradients[0]);
          const parameters = [...f.gradients.slice(1), ...g.gradients.slice(1)];
          return { state: [x1, x2, dx1, dx2], parameters };
        });
        tf.dispose(before);
        [y1, y2, dy1, dy2] = step.state;
        gradients.unshift(step.parameters);
      }
      tf.dispose([y1, y2]);
      return [dy1, dy2, ...gradients.flat()];
    };
    return { value: y, gradFunc };
  });
  return tf.tidy(() => {
    const parameters = learned.flatMap(({ F, G }) => [...F, ...G]);
    return tf.unstack(stack(x1, x2, ...parameters)) as [tf.Tensor, tf.Tensor];
  });
}

function expectPair([first, second]: readonly tf.Tensor[]): void {
  expectTensor('x1', first);
  expectShape('x2', second, first.shape);
}
