import { bucketsFor, randomRotations } from '../../attention/lsh/angular-hash';
import { characters } from '../../data/characters';
import { reformerLoss, reformerParameters } from '../../models/reformer';
import { flatten, variables } from '../../tensors/parameters';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

/** The Reformer of the lesson: one window of a text, in one piece. */
export const longSizes = { length: 16384, blocks: 2, heads: 4, dModel: 64, dFeedForward: 256 };
export const longTraining = { steps: 30, learningRate: 0.01 };

/**
 * A Reformer that reads `length` characters at once: LSH attention (two rounds, chunks of 64),
 * reversible blocks, feed-forward in chunks of 1,024, axial positions.
 */
export function longReformer({
  seed = 1,
  ...given
}: Partial<typeof longSizes> & { seed?: number } = {}) {
  const sizes = { ...longSizes, ...given };
  const { length, blocks, heads, dModel, dFeedForward } = sizes;
  const side = 2 ** Math.ceil(Math.log2(length) / 2);
  const next = random(seed);
  const positions = { shape: [side, Math.ceil(length / side)], depths: [dModel / 2, dModel / 2] };
  const tree = variables(
    reformerParameters(
      { tokens: characters.length, dModel, dFeedForward, blocks, positions },
      next,
    ),
  );
  const parameters = flatten(tree);
  const buckets = bucketsFor(length);
  const draw = () => {
    const size = { depth: dModel / heads, rounds: 2, buckets };
    return Array.from({ length: blocks }, () => randomRotations(size, next));
  };
  /** Nats per character of the window that begins at `start`. */
  const loss = (text: Uint8Array, start: number) => {
    const ids = tf.tensor2d(
      [...text.subarray(start, start + length + 1)],
      [1, length + 1],
      'int32',
    );
    return reformerLoss(ids, tree, { heads, rotations: draw(), chunkLength: 64, scale: 1 });
  };
  /** Trains on windows anywhere in the text. */
  const fit = (
    text: Uint8Array,
    { steps, learningRate, of = steps }: { steps: number; learningRate: number; of?: number },
    report?: Report,
  ) => {
    const adam = new Adam(parameters, {
      learningRate: cosineSchedule(learningRate, of, 5),
      clipNorm: 1,
    });
    return train(
      steps,
      () => {
        const start = Math.floor(next() * (text.length - length));
        return adam.minimize(() => tf.tidy(() => loss(text, start)));
      },
      report,
    );
  };
  /** Bits per character on so many windows, one after another. */
  const bits = (text: Uint8Array, windows = 4) => {
    const each = Array.from({ length: windows }, (_, i) =>
      tf.tidy(() => loss(text, i * length).dataSync()[0] / Math.LN2),
    );
    return each.reduce((a, b) => a + b) / windows;
  };
  return { sizes, tree, parameters, loss, train: fit, bits };
}
