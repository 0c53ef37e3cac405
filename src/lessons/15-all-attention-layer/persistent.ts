import {
  allAttention,
  type PersistentParameters,
  persistentParameters,
} from '../../attention/heads/all-attention';
import { causalMask } from '../../attention/masks';
import { rotaryPositions } from '../../attention/positions/rotary';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { toCharacters, toText } from '../../data/characters';
import { type FeedForwardParameters, feedForwardParameters } from '../../layers/feed-forward';
import { type StreamOptions, trainOnStreams } from '../../models/character-streams';
import {
  attentionInHeads,
  type LanguageModel,
  type LanguageReading,
  languageModel,
  type Sublayer,
} from '../../models/language-model';
import { dense } from '../../tensors/dense';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import type { Report } from '../../training/train';

/** How long the models of lesson 15 are trained; the row of the table that five lessons share, longer. */
export const allAttentionTraining = { steps: 300 };

/**
 * What a head does with its context and its persistent vectors. Queries and keys have been turned by
 * their positions; `persistentQuery` is the query before that, since persistent vectors stand nowhere.
 */
export type AllAttention = (
  query: tf.Tensor4D,
  keys: tf.Tensor4D,
  values: tf.Tensor4D,
  persistent: PersistentParameters,
  mask: tf.Tensor,
  place: { persistentQuery: tf.Tensor4D; layer: number },
) => { context: tf.Tensor4D; weights: tf.Tensor4D };

export type AllAttentionOptions = {
  /** Persistent vectors of each head; 0: attention alone. */
  N?: number;
  layers?: number;
  /** Whether the vectors are stored divided by √dKey and √N, and multiplied again where they are used. */
  factors?: boolean;
  /** Another mechanism in place of `allAttention`. */
  attend?: AllAttention;
  seed?: number;
};

export type AllAttentionModel = ReturnType<typeof allAttentionModel>;

/**
 * The language model of lessons 13 to 16 and 18 without feed-forward networks: N persistent vectors in
 * each head in their place, stored small as the authors' are.
 *
 *     K_pers = √dKey · stored keys      V_pers = √N · stored values
 *
 * Source: Sukhbaatar et al. (2019b); the factors in persistent_memory.py of their repository.
 */
export function allAttentionModel({
  N = 256,
  layers = 3,
  factors = true,
  attend = allAttention,
  seed = 1,
}: AllAttentionOptions = {}) {
  const attention = (attendNow: AllAttention) =>
    attentionInHeads<Partial<PersistentParameters>>(
      ({ dModel, heads }, next) => {
        if (N === 0) return {};
        const dKey = dModel / heads;
        const { keys, values } = persistentParameters({ N, dKey, heads }, next);
        if (!factors) return { keys, values };
        return { keys: tf.div(keys, Math.sqrt(dKey)), values: tf.div(values, Math.sqrt(N)) };
      },
      (own, { layer }) =>
        (q, k, v) => {
          const [query, keys, mask] = [
            rotaryPositions(q),
            rotaryPositions(k),
            causalMask(q.shape[2]),
          ];
          const persistent = used(own, factors);
          return persistent
            ? attendNow(query, keys, v, persistent, mask, { persistentQuery: q, layer })
            : scaledDotProductAttention(query, keys, v, mask);
        },
    );
  const model = languageModel({
    attention: attention(attend),
    feedForward: 'none',
    positions: 'none', // turned above, where the query is wanted both ways
    layers,
    seed,
  });
  const train = (text: Uint8Array, how: StreamOptions = {}, report?: Report) =>
    trainOnStreams(model, text, { ...allAttentionTraining, ...how }, report);

  /** The persistent vectors of a layer as they are used, [heads, N, dHead]. */
  const persistent = (layer: number) =>
    used(model.tree.layers[layer].attention.own, factors) as PersistentParameters;

  /** The same model with another mechanism in each head: an option of `forward`. */
  const broken = (attendNow: AllAttention) => attention(attendNow).apply;

  return { ...model, model, N, train, persistent, broken };
}

/** Stored vectors as they are used. */
function used(
  { keys, values }: Partial<PersistentParameters>,
  factors: boolean,
): PersistentParameters | undefined {
  if (!keys || !values) return undefined;
  if (!factors) return { keys, values };
  const [N, dKey] = keys.shape.slice(-2);
  return { keys: tf.mul(keys, Math.sqrt(dKey)), values: tf.mul(values, Math.sqrt(N)) };
}

/**
 * The control to one softmax: context and persistent vectors each have a softmax of their own, and
 * the two results are added. Rows of the weights sum to 2.
 */
export const twoSoftmaxes: AllAttention = (query, keys, values, persistent, mask, place) => {
  const { persistentQuery } = place;
  const forEach = (x: tf.Tensor) => tf.tile(x.expandDims(0), [query.shape[0], 1, 1, 1]);
  const read = scaledDotProductAttention(query, keys, values, mask);
  const [K, V] = [persistent.keys, persistent.values].map(forEach) as tf.Tensor4D[];
  const known = scaledDotProductAttention(persistentQuery, K, V);
  return {
    context: tf.add(read.context, known.context),
    weights: tf.concat([read.weights, known.weights], -1),
  };
};

/**
 * All-attention in which a constant is added to every persistent score. With −ln N, all N persistent
 * vectors together count as much as one character, as long as nothing has been learned.
 */
export const shifted =
  (shift: (N: number) => number): AllAttention =>
  (query, keys, values, persistent, mask, place) => {
    // One more coordinate: 0 in the text, 1 in the query of the persistent keys, and they hold the rest.
    const [N, depth] = persistent.keys.shape.slice(-2);
    const longer = (x: tf.Tensor, last: number) => {
      const column = tf.onesLike(tf.slice(x, 0, [...x.shape.slice(0, -1), 1]));
      return tf.concat([x, tf.mul(column, last)], -1) as tf.Tensor4D;
    };
    const scaled = (x: tf.Tensor) => tf.mul(x, Math.sqrt((depth + 1) / depth)); // √depth stays below
    return allAttention(
      longer(scaled(query), 0),
      longer(keys, 0),
      values,
      { ...persistent, keys: longer(persistent.keys, shift(N) * Math.sqrt(depth + 1)) },
      mask,
      { persistentQuery: longer(scaled(place.persistentQuery), 1) },
    );
  };

/**
 * A feed-forward network with a softmax in place of ReLU: one head of attention to dHidden persistent
 * vectors, and to nothing else. Its values are stored divided by √dHidden.
 *
 *     FF(x) = softmax(x W_1 + b_1) √dHidden W_2 + b_2
 */
export const softmaxFeedForward: Sublayer<FeedForwardParameters> = {
  parameters: ({ dModel, dHidden }, next) => {
    const made = feedForwardParameters({ dModel, dHidden }, next);
    // Used values have variance 1, as persistent vectors have.
    const wide = Math.sqrt((dModel + dHidden) / 2 / dHidden);
    return { ...made, W2: tf.mul(made.W2, wide) };
  },
  apply: (x, { W1, b1, W2, b2 }) => {
    const rows = x.reshape([-1, x.shape[2]]);
    const weights = tf.softmax(dense(rows, W1, b1));
    const context = dense(tf.mul(weights, Math.sqrt(W2.shape[0])), W2, b2);
    return { context: context.reshape(x.shape) };
  },
};

/** Goes on with a text, drawing each character from what the model foretells of it. */
export function continued(
  { forward }: Pick<LanguageModel, 'forward'>,
  start: string,
  { length = 60, seed = 1, ...how }: { length?: number; seed?: number } & LanguageReading = {},
): string {
  const next = random(seed);
  let text = start;
  while (text.length < start.length + length) {
    const ids = toCharacters(text.slice(-64)); // as long as it was trained on
    const p = tf.tidy(() => {
      const { logits } = forward(tf.tensor2d([[...ids]], undefined, 'int32'), how);
      const last = tf.slice(logits, [0, ids.length - 1, 0], [1, 1, -1]);
      return tf.softmax(last.flatten()).dataSync();
    });
    let left = next();
    const drawn = p.findIndex((one) => {
      left -= one;
      return left < 0;
    });
    text += toText([Math.max(drawn, 0)]);
  }
  return text;
}
