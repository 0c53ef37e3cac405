import { additiveAligner } from '../../attention/scores/additive';
import { type Batch, batches, pad, type SequencePair } from '../../data/batches';
import { letters, phonemes } from '../../data/cmudict';
import { Vocabulary } from '../../data/vocabulary';
import { lstm, lstmCell } from '../../layers/lstm';
import {
  deepFusion,
  deepFusionParameters,
  lstmn,
  lstmnParameters,
  shallowFusion,
  shallowFusionParameters,
} from '../../layers/lstmn';
import type { Decoded } from '../../models/encoder-decoder';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { crossEntropy } from '../../training/cross-entropy';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

/**
 * How a decoder meets the letters. The last two have LSTMs on both sides and attention between: one
 * asks with h_{t−1}, as shallow fusion does, the other with [x_t; γ̃_{t−1}], as deep fusion does.
 */
export type Fusion = 'shallow' | 'deep' | 'no tapes' | 'no tapes, deep query';

const [depth, dAttention] = [32, 32];

function parametersOf(fusion: Fusion, units: number, next: () => number) {
  const sizes = { inputDepth: depth, units, dAttention };
  const { intra, lstm, ...rest } = (
    fusion === 'deep' ? deepFusionParameters : shallowFusionParameters
  )(sizes, next);
  const reads = lstmnParameters(sizes, next);
  const tapes = fusion === 'shallow' || fusion === 'deep';
  if (!tapes) tf.dispose([intra, reads.intra]);
  if (fusion === 'no tapes, deep query') {
    tf.dispose(rest.inter.W);
    rest.inter.W = uniform([depth + units, dAttention], next);
  }
  return {
    letters: uniform([letters.size, depth], next, 0.3),
    phonemes: uniform([phonemes.size, depth], next, 0.3),
    encoder: tapes ? reads : { lstm: reads.lstm },
    decoder: tapes ? { intra, lstm, ...rest } : { lstm, ...rest },
    output: uniform([units, phonemes.size], next),
    bias: tf.zeros([phonemes.size]),
  };
}

const sizeOf = (fusion: Fusion, units: number) =>
  tf.tidy(() =>
    Object.values(flatten<tf.Tensor>(parametersOf(fusion, units, random(1)))).reduce(
      (sum, { size }) => sum + size,
      0,
    ),
  );

/** So many units that there are as many parameters as shallow fusion of `units` has. */
function unitsOfEqual(fusion: Fusion, units: number): number {
  const off = (n: number) => Math.abs(sizeOf(fusion, n) - sizeOf('shallow', units));
  let best = units;
  for (let n = units - 8; n <= units + 24; n++) if (off(n) < off(best)) best = n;
  return best;
}

/** An LSTMN that reads letters, and one that says sounds. */
export type Speller = ReturnType<typeof speller>;

/** Spelling → pronunciation by attention fusion; all kinds have as many parameters. */
export function speller(fusion: Fusion, { units: wanted = 48, seed = 1 } = {}) {
  const units = unitsOfEqual(fusion, wanted);
  const tree = variables(parametersOf(fusion, units, random(seed)));
  const ids = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');

  /** p of the next sound at every place, as logits, and where the decoder looked. */
  function run({ source, target }: Batch) {
    const spelled = tf.gather(tree.letters, ids(source));
    const before = target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
    const x = tf.gather(tree.phonemes, ids(before)) as tf.Tensor3D;
    const padded = source.some((row) => row.includes(Vocabulary.PAD));
    // Padding stands at the end, where no letter can see it; only the decoder has to be told.
    const mask = padded ? tf.notEqual(ids(source), Vocabulary.PAD) : undefined;
    const { states, weights, sourceWeights } = fused(x, spelled, mask);
    const logits = dense(states.reshape([-1, units]), tree.output, tree.bias) as tf.Tensor2D;
    return { logits, weights, sourceWeights };
  }
  function fused(x: tf.Tensor3D, spelled: tf.Tensor, mask?: tf.Tensor) {
    if (fusion !== 'shallow' && fusion !== 'deep')
      return untaped(x, lstm(spelled, tree.encoder.lstm).states, mask);
    const { tape } = lstmn(spelled, tree.encoder as ReturnType<typeof lstmnParameters>);
    const source = { tape, mask };
    return fusion === 'deep'
      ? deepFusion(x, source, tree.decoder as ReturnType<typeof deepFusionParameters>)
      : shallowFusion(x, source, tree.decoder as ReturnType<typeof shallowFusionParameters>);
  }
  function untaped(x: tf.Tensor3D, gamma: tf.Tensor, mask?: tf.Tensor) {
    const attend = additiveAligner(gamma, gamma, tree.decoder.inter, mask?.expandDims(1));
    const zero = () => tf.zeros([x.shape[0], units]) as tf.Tensor;
    let state = { h: zero(), c: zero() };
    let found = zero();
    const steps = tf.unstack(x, 1).map((input) => {
      const query = fusion === 'no tapes' ? state.h : tf.concat([input, found], 1);
      const { context, weights } = attend(query.expandDims(1));
      found = tf.squeeze(context, [1]);
      state = lstmCell(tf.concat([input, found], 1), state, tree.decoder.lstm);
      return { h: state.h, weights };
    });
    return {
      states: tf.stack(
        steps.map(({ h }) => h),
        1,
      ),
      sourceWeights: tf.concat(
        steps.map(({ weights }) => weights),
        1,
      ) as tf.Tensor3D,
      weights: undefined,
    };
  }
  function loss(words: Batch): tf.Scalar {
    return tf.tidy(() => {
      const targets = tf.tensor1d(words.target.flat(), 'int32');
      return crossEntropy(run(words).logits, targets, tf.notEqual(targets, Vocabulary.PAD));
    });
  }
  /** Says words, the likeliest sound at each step; each step runs the decoder from the start. */
  function decode(sources: number[][], maxSteps = 12): Decoded[] {
    const source = pad(sources);
    const said: number[][] = sources.map(() => []);
    for (let step = 0; step < maxSteps; step++) {
      const target = said.map((ids) => [...ids, Vocabulary.END]);
      const best = tf.tidy(() => {
        const { logits } = run({ source, target });
        return logits
          .argMax(1)
          .reshape([source.length, step + 1])
          .arraySync() as number[][];
      });
      said.forEach((ids, b) => {
        ids.push(best[b][step]);
      });
      if (said.every((ids) => ids.includes(Vocabulary.END))) break;
    }
    return said.map((ids) => {
      const end = ids.indexOf(Vocabulary.END);
      return { ids: end < 0 ? ids : ids.slice(0, end), weights: [], logProbability: 0 };
    });
  }
  return { fusion, units, tree, parameters: flatten(tree), run, loss, decode, seed };
}

/** Trains a speller. @returns the loss of each step, in nats per sound */
export async function trainSpeller(
  { parameters, loss, seed }: Speller,
  pairs: readonly SequencePair[],
  { steps = 200, batch: batchSize = 64 } = {},
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(parameters, { learningRate: cosineSchedule(0.01, steps), clipNorm: 1 });
  const stream = batches(pairs, { batchSize, seed });
  const losses = await train(steps, () => adam.minimize(() => loss(stream.next().value)), report);
  adam.dispose();
  return losses;
}
