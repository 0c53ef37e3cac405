import {
  type AdaptiveSpanParameters,
  adaptiveSpanAttention,
  clampSpans,
  spanPenalty,
} from '../../attention/positions/adaptive-span';
import { denseWeights, type SparseWeights } from '../../attention/sparse-weights';
import { type StreamOptions, trainOnStreams } from '../../models/character-streams';
import { attentionInHeads, languageModel } from '../../models/language-model';
import { uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import type { Report } from '../../training/train';

/** What a span model reads and how: as many characters a step as all lessons on long contexts. */
export const spanTraining = { steps: 300, batch: 4, segment: 128 };

/** What a head with a span does, for queries, keys and values [batch, heads, length, dHead]. */
export type SpanAttention = (
  query: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  learned: AdaptiveSpanParameters,
  ramp: number,
  /** Which layer the heads are in, from 0. */
  layer?: number,
) => { context: tf.Tensor4D; weights: tf.Tensor4D | SparseWeights };

export type SpanOptions = {
  /** S: no span is longer, and there is a learned key for each distance below it. */
  maxSpan?: number;
  /** R. */
  ramp?: number;
  /** Hard windows of so many characters in place of learned spans: one for all heads, or `[layer][head]`. */
  fixed?: number | number[][];
  /** False: z stays as it is, a soft window for all heads. */
  learned?: boolean;
  /** All z at first. The paper begins with 0. */
  z?: number;
  /** How many characters of span one z' stands for: how fast spans can change. The paper's is S. */
  unit?: number;
  /** Another attention in place of `adaptiveSpanAttention`. */
  attend?: SpanAttention;
  seed?: number;
};

export type SpanModel = ReturnType<typeof spanModel>;

const fromSource: SpanAttention = (query, keys, values, learned, ramp) =>
  adaptiveSpanAttention<tf.Tensor4D>(query, keys, values, learned, undefined, { ramp });

/**
 * The language model of lessons 13 to 16 and 18 with spans that its heads learn, and a learned key for
 * each distance, shared by the heads of a layer.
 *
 *     z = unit · z'      0 ≤ z ≤ S
 *
 * Source: Sukhbaatar et al. (2019), Section 2; its unit is S.
 */
export function spanModel({
  maxSpan = spanTraining.segment,
  ramp = 8,
  fixed,
  learned = true,
  z = 32,
  unit = 64,
  attend = fromSource,
  seed = 1,
}: SpanOptions = {}) {
  const attention = (attendNow: SpanAttention) =>
    attentionInHeads(
      ({ dModel, heads }, next): { z?: tf.Tensor; positions: tf.Tensor } => ({
        ...(fixed === undefined && learned && { z: tf.fill([heads], z / unit) }),
        // Of variance 1: at first, distances should differ as much as characters do.
        positions: uniform([maxSpan, dModel / heads], next, Math.sqrt(3)),
      }),
      ({ z: share, positions }, { layer, heads }) =>
        (query, keys, values) => {
          if (fixed === undefined) {
            const spans = share ? tf.mul(share, unit) : tf.fill([heads], z);
            return attendNow(query, keys, values, { z: spans, positions }, ramp, layer);
          }
          // m is 1 up to distance window − 1, and 0 from the next one on.
          const windows = typeof fixed === 'number' ? Array(heads).fill(fixed) : fixed[layer];
          const hard = tf.sub(tf.tensor1d(windows), 1);
          return attendNow(query, keys, values, { z: hard, positions }, 0.5, layer);
        },
    );
  const model = languageModel({ attention: attention(attend), positions: 'none', seed });
  const shares = model.tree.layers.flatMap(
    ({ attention: { own } }) => (own.z as tf.Variable | undefined) ?? [],
  );
  const spans = () => shares.map((share) => Array.from(share.dataSync(), (one) => one * unit));

  /** How many keys each head sees, `[layer][head]`: whole distances below z + R, or its fixed window. */
  const keys = () => {
    const { layers, heads } = model.sizes;
    if (fixed !== undefined)
      return Array.from({ length: layers }, (_, layer) =>
        typeof fixed === 'number' ? Array<number>(heads).fill(fixed) : fixed[layer],
      );
    const all = learned ? spans() : Array(layers).fill(Array<number>(heads).fill(z));
    return all.map((layer: number[]) =>
      layer.map((one) => Math.min(Math.ceil(one + ramp), maxSpan)),
    );
  };

  /** λ/M Σ z of each layer, added over the layers. */
  const penalty = (lambda: number) =>
    tf.tidy(() =>
      shares
        .map((share) => spanPenalty(tf.mul(share, unit), lambda))
        .reduce((sum, one) => tf.add(sum, one)),
    );

  const train = (
    text: Uint8Array,
    { lambda = 0, ...how }: StreamOptions & { lambda?: number } = {},
    report?: Report,
  ) =>
    trainOnStreams(
      model,
      text,
      {
        ...spanTraining,
        ...how,
        ...(shares.length > 0 && lambda > 0 && { penalty: () => penalty(lambda) }),
        after(step) {
          for (const share of shares) clampSpans(share, maxSpan / unit);
          how.after?.(step);
        },
      },
      report,
    );

  /** The same model with another attention in each head: an option of `forward`. */
  const broken = (attendNow: SpanAttention) => attention(attendNow).apply;

  return { ...model, model, maxSpan, ramp, spans, keys, penalty, train, broken };
}

/** How many characters back a prediction can reach through all layers: each adds its longest head. */
export function reachOf(keys: readonly (readonly number[])[]): number {
  return keys.reduce((sum, layer) => sum + Math.max(...layer) - 1, 1);
}

/** Attention weights of a layer as a matrix, [batch, heads, queries, keys]. */
export function spanMatrix(weights: tf.TensorContainer): tf.Tensor4D {
  const found = weights as SparseWeights | tf.Tensor4D;
  return (found instanceof tf.Tensor ? found : denseWeights(found)) as tf.Tensor4D;
}

/**
 * Multiply-adds that attention takes for each character: scores and contexts of all layers, without
 * the projections, which a span does not change.
 *
 *     Σ_layers Σ_heads 2 dHead · keys
 *
 * @param keys how many keys a query of each head sees, `[layer][head]`
 * @param options.together the heads of a layer are computed together: each costs what the longest does
 */
export function attentionWork(
  keys: readonly (readonly number[])[],
  { dHead = 16, together = false }: { dHead?: number; together?: boolean } = {},
): number {
  return keys
    .flatMap((layer) => layer.map((one) => (together ? Math.max(...layer) : one)))
    .reduce((sum, one) => sum + 2 * dHead * one, 0);
}

/** Multiply-adds of all matrix products that a call makes, and the largest tensor. */
export async function countedWork(
  call: () => tf.TensorContainer,
): Promise<{ multiplyAdds: number; largest: number }> {
  const { kernels } = await tf.profile((() => tf.tidy(() => void call())) as never);
  let [multiplyAdds, largest] = [0, 0];
  for (const { name, inputShapes, outputShapes } of kernels) {
    const sizes = outputShapes.map((shape) => shape.reduce((a, b) => a * b, 1));
    largest = Math.max(largest, ...sizes);
    if (/MatMul/.test(name)) {
      // [.., a, b] · [.., b, c]: a · b and b · c and a · c are known, whatever is transposed
      const [left, right] = inputShapes as number[][];
      const batch = outputShapes[0].slice(0, -2).reduce((a, b) => a * b, 1);
      const size = (shape: number[]) => shape.slice(-2).reduce((a, b) => a * b, 1);
      const inner = Math.sqrt((size(left) * size(right)) / size(outputShapes[0]));
      multiplyAdds += batch * size(outputShapes[0]) * inner;
    }
  }
  return { multiplyAdds, largest };
}
