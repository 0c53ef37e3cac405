/** A lesson's own version of a function beside the one in `src`. */
import { plainArrays, shapeOf } from '../plots/weights';
import type { tf } from '../tensors/tf';

/** What a function returns: a tensor, numbers, or several of them by name. */
export type Numbers = tf.Tensor | number | Numbers[] | { [name: string]: Numbers | undefined };

/**
 * Prints how far what a cell computed is from what `src` computes: what a cell calls under its
 * readable version of a function.
 *
 * @param what the name of the function
 * @param within the largest difference, of numbers above 1 as a share: float32 sums in another order differ
 * @throws if the shapes differ, or a number by more; it says where, and both numbers
 *
 * @example
 * same('multiHeadAttention', mine(x), multiHeadAttention(x, x, x, parameters, { heads: 2 }))
 */
export function same(what: string, mine: Numbers, theirs: Numbers, within = 1e-5): void {
  const [left, right] = [listed(mine), listed(theirs)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left, right].map((side) => side.get(name) ?? { shape: 'nothing', values: [] });
    if (a.shape !== b.shape) {
      throw new Error(`${what}${name}: this cell has ${a.shape}, src has ${b.shape}`);
    }
  }
  let count = 0;
  let worst = { difference: 0, text: '' };
  for (const [name, { values }] of left) {
    const others = right.get(name)?.values ?? [];
    count += values.length;
    values.forEach((x, i) => {
      const difference = Math.abs(x - others[i]) / Math.max(1, Math.abs(others[i]));
      if (difference <= worst.difference) return;
      if (!(difference <= within)) {
        throw new Error(
          `${what}${name}: number ${i} of ${values.length} is ${x} in this cell and ${others[i]} in src`,
        );
      }
      worst = { difference, text: `: the largest difference is ${difference.toExponential(0)}` };
    });
  }
  console.log(`✓ ${what}: this cell and src agree in ${count} numbers${worst.text}`);
}

/** All numbers by where they stand: '' or '.context', each with its shape. */
function listed(numbers: Numbers, name = ''): Map<string, { shape: string; values: number[] }> {
  const plain = plainArrays(numbers);
  if (typeof plain === 'object' && plain !== null && !Array.isArray(plain)) {
    const parts = Object.entries(plain as Record<string, Numbers | undefined>);
    return new Map(
      parts.flatMap(([part, value]) =>
        value === undefined ? [] : [...listed(value, `${name}.${part}`)],
      ),
    );
  }
  const values = [plain].flat(Number.POSITIVE_INFINITY) as number[];
  return new Map([[name, { shape: `[${values.length && shapeOf(plain)}]`, values }]]);
}
