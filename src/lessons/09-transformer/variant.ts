import { multiHeadAttention } from '../../attention/heads/multi-head';
import { causalMask } from '../../attention/masks';
import { type Batch, pad } from '../../data/batches';
import { Vocabulary } from '../../data/vocabulary';
import { feedForward } from '../../layers/feed-forward';
import { learnedPositions, sinusoidalPositions } from '../../layers/positions';
import { Transformer, type TransformerOptions } from '../../models/transformer';
import { layerNorm } from '../../tensors/layer-norm';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';

/** What can be taken out of a Transformer. */
export type Part =
  | 'positions'
  | 'residual connections'
  | 'layer norm'
  | 'feed-forward'
  | 'causal mask'
  | 'encoder self-attention'
  | 'decoder self-attention';

/** A `Transformer`'s options, as far as `variant` knows them. */
export type VariantOptions = Pick<
  TransformerOptions,
  | 'sourceTokens'
  | 'targetTokens'
  | 'maxLength'
  | 'dModel'
  | 'heads'
  | 'layers'
  | 'norm'
  | 'positions'
  | 'labelSmoothing'
  | 'seed'
>;

/**
 * A `Transformer` with its parameters, computed with one part left out. With none left out it
 * computes what `Transformer` does.
 */
export function variant(options: VariantOptions, without?: Part) {
  const model = new Transformer(options);
  const p = model.parameters;
  const { dModel = 64, heads = 4, layers = 2, norm = 'post', positions = 'sinusoidal' } = options;
  const { labelSmoothing = 0, targetTokens } = options;
  const group = (at: string) =>
    Object.fromEntries(
      Object.entries(p).flatMap(([name, tensor]) =>
        name.startsWith(`${at}/`) ? [[name.slice(at.length + 1), tensor]] : [],
      ),
    );
  const normed = (x: tf.Tensor, at: string) =>
    without === 'layer norm' ? x : layerNorm(x, group(at) as never);
  const sublayer = (x: tf.Tensor, at: string, f: (x: tf.Tensor) => tf.Tensor) => {
    const y = f(norm === 'pre' ? normed(x, at) : x);
    const sum = without === 'residual connections' ? y : tf.add(x, y);
    return norm === 'pre' ? sum : normed(sum, at);
  };
  const embed = (side: 'source' | 'target', ids: number[][]) => {
    const tokens = tf.gather(p[`${side}Embedding`], tf.tensor2d(ids, undefined, 'int32'));
    const scaled = tf.mul(tokens, Math.sqrt(dModel));
    if (without === 'positions') return scaled;
    const length = ids[0].length;
    return tf.add(
      scaled,
      positions === 'learned'
        ? learnedPositions(p[`${side}Positions`], length)
        : sinusoidalPositions(length, dModel),
    );
  };
  const attend = (x: tf.Tensor, memory: tf.Tensor, at: string, mask?: tf.Tensor) =>
    multiHeadAttention(x, memory, memory, group(at) as never, { heads, mask }).context;
  const feed = (x: tf.Tensor, at: string) =>
    without === 'feed-forward'
      ? x
      : sublayer(x, `${at}/feedForwardNorm`, (y) =>
          feedForward(y, group(`${at}/feedForward`) as never),
        );
  const final = (x: tf.Tensor, at: string) => (norm === 'pre' ? normed(x, at) : x);

  function logits(source: number[][], input: number[][]): tf.Tensor3D {
    const ids = tf.tensor2d(source, undefined, 'int32');
    const seen = tf.notEqual(ids, Vocabulary.PAD).expandDims(1);
    let x = embed('source', source);
    for (let i = 0; i < layers; i++) {
      const at = `encoder/${i}`;
      if (without !== 'encoder self-attention')
        x = sublayer(x, `${at}/attentionNorm`, (y) => attend(y, y, `${at}/attention`, seen));
      x = feed(x, at);
    }
    const memory = final(x, 'encoderNorm');
    const past = without === 'causal mask' ? undefined : causalMask(input[0].length);
    let y = embed('target', input);
    for (let i = 0; i < layers; i++) {
      const at = `decoder/${i}`;
      if (without !== 'decoder self-attention')
        y = sublayer(y, `${at}/attentionNorm`, (z) => attend(z, z, `${at}/attention`, past));
      y = sublayer(y, `${at}/crossNorm`, (z) => attend(z, memory, `${at}/crossAttention`, seen));
      y = feed(y, at);
    }
    const rows = final(y, 'decoderNorm').reshape([-1, dModel]);
    const scores = tf.matMul(rows, p.targetEmbedding, false, true);
    return scores.reshape([input.length, input[0].length, targetTokens]);
  }
  function loss({ source, target }: Batch, smoothing = labelSmoothing): tf.Scalar {
    return tf.tidy(() => {
      const input = target.map((row) => [Vocabulary.START, ...row.slice(0, -1)]);
      const rows = logits(source, input).reshape([-1, targetTokens]);
      const truth = tf.tensor1d(target.flat(), 'int32');
      return crossEntropy(rows, truth, tf.notEqual(truth, Vocabulary.PAD), {
        labelSmoothing: smoothing,
      });
    });
  }
  /** Greedy, the whole output again at every step: slow, and the same for every variant. */
  function write(sources: number[][], maxSteps: number): number[][] {
    const source = pad(sources);
    let written = sources.map(() => [Vocabulary.START as number]);
    for (let step = 0; step < maxSteps; step++) {
      const best = tf.tidy(() => {
        const last = logits(source, written).slice([0, step, 0], [-1, 1, -1]);
        return Array.from(last.argMax(2).dataSync());
      });
      written = written.map((row, b) => [...row, best[b]]);
      if (written.every((row) => row.includes(Vocabulary.END))) break;
    }
    return written.map((row) => row.slice(1));
  }
  // A part that is not there leaves its parameters without a gradient.
  const unused: Partial<Record<Part, RegExp>> = {
    'layer norm': /Norm\//,
    'feed-forward': /feedForward/,
    'encoder self-attention': /^encoder\/\d+\/attention/,
    'decoder self-attention': /^decoder\/\d+\/attention/,
  };
  const leftOut = without && unused[without];
  const parameters = Object.fromEntries(Object.entries(p).filter(([name]) => !leftOut?.test(name)));
  return { parameters, logits, loss, write, dispose: () => model.dispose() };
}
