import { expectSizes } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { Adam } from '../training/adam';
import { crossEntropy } from '../training/cross-entropy';
import { cosineSchedule } from '../training/schedule';
import { type Report, train } from '../training/train';
import type { LanguageModel, LanguageReading } from './language-model';

/** How a text is cut for training: batch · segment characters a step, the same for all variants. */
export type StreamOptions = {
  steps?: number;
  /** Streams that are read side by side. */
  batch?: number;
  /** Characters of each stream in a step. */
  segment?: number;
  /** Positions that each layer remembers from one segment to the next; 0: none. */
  memoryLength?: number;
  learningRate?: number;
  /** Added to the loss, in nats. */
  penalty?: () => tf.Tensor;
  /** Called after each step. */
  after?: (step: number) => void;
};

/** The training that the lessons on long contexts have in common. */
export const streamTraining = { steps: 800, batch: 8, segment: 64, learningRate: 0.006 };

/**
 * Trains a language model on streams: the text is cut into as many long pieces as there are examples
 * in a batch, and each step reads the next segment of every piece. So an example of a batch goes on
 * where the same example of the batch before ended, and a memory is a memory of the right text.
 *
 * @param text ids; long enough that no stream is read twice
 * @returns the loss of each step, in nats per character
 * @throws if the text is too short
 */
export async function trainOnStreams(
  model: LanguageModel,
  text: Uint8Array,
  options: StreamOptions = {},
  report?: Report,
): Promise<number[]> {
  const { steps, batch, segment, memoryLength, learningRate } = {
    ...streamTraining,
    memoryLength: 0,
    ...options,
  };
  const apart = Math.floor(text.length / batch);
  const farthest = apart - steps * segment - 1;
  if (farthest < 0) {
    throw new Error(`${text.length} characters are too few for ${steps} × ${batch} × ${segment}`);
  }
  const first = Math.floor(model.next() * (farthest + 1));
  const starts = Array.from({ length: batch }, (_, stream) => first + stream * apart);
  const adam = new Adam(model.parameters, {
    learningRate: cosineSchedule(learningRate, steps),
    clipNorm: 1,
  });
  let memories: tf.Tensor3D[] = [];
  const losses = await train(
    steps,
    (step) => {
      let next: tf.Tensor3D[] = [];
      const loss = adam.minimize(() => {
        const at = starts.map((start) => start + step * segment);
        const read = model.forward(stretches(text, at, segment), { memories, memoryLength });
        next = read.memories.map((memory) => tf.keep(memory.clone()));
        const nats = lossOf(read.logits, stretches(text, at, segment, 1));
        return options.penalty ? tf.add(nats, options.penalty()) : nats;
      });
      tf.dispose(memories);
      memories = next;
      options.after?.(step);
      return loss;
    },
    report,
  );
  tf.dispose(memories);
  adam.dispose();
  return losses;
}

/** [at.length, length] of a text, int32, each stretch moved on by `by`. */
function stretches(text: Uint8Array, at: number[], length: number, by = 0): tf.Tensor2D {
  const rows = at.map((start) => [...text.subarray(start + by, start + by + length)]);
  return tf.tensor2d(rows, [at.length, length], 'int32');
}

/** Mean cross-entropy, in nats. */
function lossOf(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  const flat = targets.flatten();
  return crossEntropy(logits.reshape([flat.size, -1]), flat, tf.onesLike(flat));
}

/** −log₂ p of each target, [batch][length]. */
function bitsOf(logits: tf.Tensor, targets: tf.Tensor2D): number[][] {
  return tf.tidy(() => {
    const classes = logits.shape[2] as number;
    const hit = tf.oneHot(targets, classes);
    const log = tf.sum(tf.mul(tf.logSoftmax(logits), hit), -1);
    return tf.mul(log, -1 / Math.LN2).arraySync() as number[][];
  });
}

/** How a text is read for a test. */
export type BitsOptions = Pick<LanguageReading, 'mask' | 'attention'> & {
  /** Characters read at once. */
  segment?: number;
  /** Positions that each layer remembers; 0: none, every segment begins anew. */
  memoryLength?: number;
  /** Streams side by side. */
  batch?: number;
  /** Characters that count, in all. */
  total?: number;
  /** Segments of each stream that are read before the first that counts. */
  warmup?: number;
};

/**
 * How many bits a language model needs for each character of a text, read segment by segment.
 *
 *     bits = − mean_t log₂ p(character t | what was read before)
 *
 * @returns the mean, and the mean at each place of a segment
 * @throws if the text is too short
 */
export function bitsPerCharacter(
  model: LanguageModel,
  text: Uint8Array,
  {
    segment = 64,
    memoryLength = 0,
    batch = 16,
    total = 32768,
    warmup = 0,
    ...how
  }: BitsOptions = {},
): { bits: number; byPlace: number[] } {
  expectSizes({ segment, batch, total });
  const count = Math.ceil(total / (batch * segment));
  const apart = Math.floor(text.length / batch);
  if ((count + warmup) * segment >= apart) {
    throw new Error(`${text.length} characters are too few for ${batch} streams, ${total} in all`);
  }
  const byPlace: number[] = Array(segment).fill(0);
  let memories: tf.Tensor3D[] = [];
  for (let step = 0; step < count + warmup; step++) {
    const at = Array.from({ length: batch }, (_, stream) => stream * apart + step * segment);
    const read = tf.tidy(() =>
      model.forward(stretches(text, at, segment), { memories, memoryLength, ...how }),
    );
    tf.dispose(memories);
    memories = read.memories;
    if (step >= warmup) {
      const targets = stretches(text, at, segment, 1);
      for (const row of bitsOf(read.logits, targets))
        row.forEach((bits, place) => {
          byPlace[place] += bits / (batch * count);
        });
      targets.dispose();
    }
    tf.dispose([read.logits, read.weights as tf.TensorContainer]);
  }
  tf.dispose(memories);
  return { bits: byPlace.reduce((sum, bits) => sum + bits, 0) / segment, byPlace };
}

/**
 * Bits per character where each character is foretold from exactly the `context` characters before it:
 * a window that is moved on by one for every character. Right for a model without a memory, and slow.
 *
 * @param options.total characters that count, evenly apart in the text
 */
export function bitsInWindow(
  model: LanguageModel,
  text: Uint8Array,
  { context, total = 512, batch = 64 }: { context: number; total?: number; batch?: number },
): number {
  expectSizes({ context, total, batch });
  const apart = Math.floor((text.length - context - 1) / total);
  let sum = 0;
  for (let done = 0; done < total; done += batch) {
    const at = Array.from({ length: Math.min(batch, total - done) }, (_, i) => (done + i) * apart);
    sum += tf.tidy(() => {
      const { logits } = model.forward(stretches(text, at, context));
      const last = tf.slice(logits, [0, context - 1, 0], [-1, 1, -1]);
      return bitsOf(last, stretches(text, at, 1, context)).reduce((all, [bits]) => all + bits, 0);
    });
  }
  return sum / total;
}

/** How `bitsByContext` reads. */
export type ContextOptions = {
  /** Characters read at once. */
  segment?: number;
  /** Positions that each layer remembers; 0: none. */
  memoryLength?: number;
  /** Characters that count at each place. */
  stretch?: number;
  /** Places in the text. */
  places?: number;
  /** The largest context that will be asked for: places must have as much before them. */
  most?: number;
};

/**
 * What a context is worth: bits per character at the same characters, again and again, each time with
 * more of what stands before them. Reading begins with empty memories exactly `context` characters
 * before the first that counts.
 *
 * @returns bits per character for each context
 */
export function bitsByContext(
  { forward }: LanguageModel,
  text: Uint8Array,
  contexts: readonly number[],
  {
    segment = 64,
    memoryLength = 0,
    stretch = 8,
    places = 256,
    most = Math.max(...contexts),
  }: ContextOptions = {},
): number[] {
  const apart = Math.floor((text.length - most - stretch - 1) / places);
  return contexts.map((context) => {
    let sum = 0;
    for (let done = 0; done < places; done += 64) {
      const batch = Math.min(64, places - done);
      const targets = Array.from({ length: batch }, (_, i) => most + (done + i) * apart);
      // Segments are cut from the end, so that the characters that count are in one.
      const lengths: number[] = [];
      let left = context + stretch - 1;
      for (; left > 0; left -= segment) lengths.unshift(Math.min(segment, left));
      let memories: tf.Tensor3D[] = [];
      let from = -context;
      for (const [n, length] of lengths.entries()) {
        const at = targets.map((target) => target + from);
        const read = tf.tidy(() =>
          forward(stretches(text, at, length), { memories, memoryLength }),
        );
        tf.dispose(memories);
        memories = read.memories;
        if (n === lengths.length - 1)
          sum += tf.tidy(() => {
            const logits = read.logits.slice([0, length - stretch, 0], [-1, stretch, -1]);
            const bits = bitsOf(logits, stretches(text, targets, stretch)).flat();
            return bits.reduce((total, one) => total + one, 0);
          });
        tf.dispose([read.logits, read.weights as tf.TensorContainer]);
        from += length;
      }
      tf.dispose(memories);
    }
    return sum / (places * stretch);
  });
}
