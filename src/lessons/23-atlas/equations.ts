/** Which methods of the atlas are one and the same, and under which setting: both sides as `src` has them. */
import { methods } from '../../data/methods';
import { tf } from '../../tensors/tf';
import { type Equation, sample } from './equation';
import { equationsOfImages } from './equations-of-images';
import { equationsOfLength } from './equations-of-length';
import { equationsOfScores } from './equations-of-scores';

export type { Equation } from './equation';

/** The equations that join the 36 methods. */
export const equations: readonly Equation[] = [
  ...equationsOfScores,
  ...equationsOfLength,
  ...equationsOfImages,
].map(([one, setting, other, sides]) => ({
  one,
  setting,
  other,
  sides,
}));

/** The largest difference between both sides of an equation, for the inputs of a seed. */
export function gapOf({ sides }: Equation, seed: number): number {
  return tf.tidy(() => {
    const [left, right] = sides(sample(seed));
    return Math.max(
      ...left.map((y, i) => {
        const [ours, theirs] = [y.shape, right[i].shape].map(String);
        if (ours !== theirs) throw new Error(`the sides have shapes [${ours}] and [${theirs}]`);
        return tf.max(tf.abs(tf.sub(y, right[i]))).dataSync()[0];
      }),
    );
  });
}

/** The methods in pieces: two are in one piece if a chain of equations leads from one to the other. */
export function piecesOf(joined: readonly Pick<Equation, 'one' | 'other'>[]): string[][] {
  const piece = new Map(methods.map(({ name }) => [name, name]));
  for (const { one, other } of joined) {
    const [from, to] = [piece.get(one), piece.get(other)];
    if (from === undefined || to === undefined)
      throw new Error(`${from ? other : one} is none of the methods`);
    for (const [name, its] of piece) if (its === from) piece.set(name, to);
  }
  return [...new Set(piece.values())].map((its) =>
    [...piece.keys()].filter((name) => piece.get(name) === its),
  );
}
