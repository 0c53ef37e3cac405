import {
  type HeadAttention,
  multiHeadAttention,
  multiHeadParameters,
} from '../../attention/heads/multi-head';
import { loadCmudict } from '../../data/cmudict';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { crossEntropy } from '../../training/cross-entropy';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

/** Examples of a task whose answers stand in the values, at places that a query has to find. */
export type LookUps = {
  /** [examples, queries, queryDepth] */
  query: tf.Tensor;
  /** [examples, keys, keyDepth] */
  keys: tf.Tensor;
  /** [examples, keys, valueDepth] */
  values: tf.Tensor;
  /** [examples, queries, keys]: 1 = may be seen */
  mask?: tf.Tensor;
  /** [examples · queries · answers], int32: what is right */
  targets: tf.Tensor;
  /** The same shape: 1 = counts, 0 = nobody asked */
  counts: tf.Tensor;
};

/** Eight drawers, and a letter out of sixteen in each. */
export const drawers = { places: 8, letters: 16 };

/**
 * Two drawers: a query names two of eight drawers, and wants the letters in them, in this order.
 * A key is the number of its drawer and *nothing else*, a value its letter and nothing else; all are
 * lists of zeros with a one. Everything is drawn evenly.
 *
 * @param count so many chests of drawers; each is asked eight times
 */
export function twoDrawers(count: number, next: Random): LookUps {
  const { places, letters } = drawers;
  const draw = (choices: number) =>
    Int32Array.from({ length: count * places }, () => Math.floor(choices * next()));
  const [letter, first, second] = [draw(letters), draw(places), draw(places)];
  const targets = Array.from(letter).flatMap((_, at) => {
    const chest = at - (at % places);
    return [letter[chest + first[at]], letter[chest + second[at]]];
  });
  return tf.tidy(() => {
    const ones = (ids: Int32Array, choices: number) =>
      tf.oneHot(tf.tensor1d(ids, 'int32'), choices).toFloat().reshape([count, places, choices]);
    return {
      query: tf.concat([ones(first, places), ones(second, places)], 2),
      keys: tf.tile(tf.eye(places).expandDims(0), [count, 1, 1]),
      values: ones(letter, letters),
      targets: tf.tensor1d(targets, 'int32'),
      counts: tf.ones([targets.length]),
    };
  });
}

/** The words of the dictionary with four to ten letters, in upper case. */
export function spelledWords(): { train: string[]; validation: string[] } {
  const { train, validation } = loadCmudict();
  const usable = (some: { word: string }[]) =>
    some.map(({ word }) => word).filter(({ length }) => length >= 4 && length <= 10);
  return { train: usable(train), validation: usable(validation) };
}

/** A word of up to ten letters between two edges. */
const room = 12;
const edge = 26;
const code = (letter: string) => letter.charCodeAt(0) - 65;

/**
 * Hidden letters: each letter of a word is asked for in turn, and may look at all others and at the
 * edges of the word, but not at itself. A query is a place; keys and values are letters with their
 * places.
 *
 * @param words of 1 to 10 letters A–Z
 */
export function hiddenLetters(words: string[]): LookUps {
  const tokens = words.map((word) => {
    const letters = [...word].map(code);
    return Array.from({ length: room }, (_, i) => letters[i - 1] ?? edge);
  });
  const lengths = words.map(({ length }) => length);
  const flags = (is: (place: number, length: number) => boolean) =>
    lengths.map((length) => Array.from({ length: room }, (_, i) => Number(is(i, length))));
  return tf.tidy(() => {
    const places = tf.tile(tf.eye(room).expandDims(0), [words.length, 1, 1]);
    const ids = tf.tensor2d(tokens, undefined, 'int32');
    const letters = tf.oneHot(ids, edge + 1).toFloat();
    const there = tf.tensor2d(flags((i, length) => i < length + 2)).expandDims(1);
    const keys = tf.concat([letters, places], 2);
    return {
      query: places,
      keys,
      values: keys.clone(),
      mask: tf.mul(there, tf.sub(1, tf.eye(room)).expandDims(0)),
      targets: ids.flatten(),
      counts: tf.tensor2d(flags((i, length) => i >= 1 && i <= length)).flatten(),
    };
  });
}

/** An attention layer and nothing else: its W^O goes straight to the scores of the answers. */
export type LookUpLayer = ReturnType<typeof lookUpLayer>;

/**
 * A layer for such a task.
 *
 * @param like examples of the task; only their shapes are looked at
 * @param options.outputs columns of W^O: so many scores for each query
 * @param options.attend what a head does, if not `scaledDotProductAttention`
 */
export function lookUpLayer(
  like: LookUps,
  options: {
    heads: number;
    dModel: number;
    outputs: number;
    seed?: number;
    attend?: HeadAttention;
  },
) {
  const { heads, dModel, outputs, seed = 1 } = options;
  const next = random(seed);
  const [queryDepth, keyDepth, valueDepth] = [like.query, like.keys, like.values].map(
    ({ shape }) => shape[2] as number,
  );
  const parameters = variables({
    ...multiHeadParameters({ dModel, queryDepth, keyDepth, valueDepth }, next),
    WO: uniform([dModel, outputs], next),
  });
  const attend = (
    { query, keys, values, mask }: LookUps,
    inHead: HeadAttention | undefined = options.attend,
  ) => multiHeadAttention(query, keys, values, parameters, { heads, mask, attend: inHead });
  return {
    heads,
    parameters,
    trained: flatten(parameters),
    attend,
    scores: (examples: LookUps) => attend(examples).context,
  };
}

/**
 * Heads that do not choose: head i looks at the place `offsets[i]` to the right of the hidden letter,
 * or at nothing where that is beyond the word's edges.
 */
export function fixedHeads(offsets: number[]): HeadAttention {
  const looks = offsets.map((offset) =>
    Array.from({ length: room }, (_, i) =>
      Array.from({ length: room }, (_, j) => Number(j === i + offset)),
    ),
  );
  return (_query, _keys, values, mask) => {
    const weights = tf.mul(mask ?? 1, tf.tensor4d([looks])) as tf.Tensor4D;
    return { context: tf.matMul(weights, values) as tf.Tensor4D, weights };
  };
}

/** What can be trained and asked. */
export type LookUpModel = {
  trained: Record<string, tf.Variable>;
  /** [examples, queries, scores of all answers] */
  scores: (examples: LookUps) => tf.Tensor;
};

/** The scores, a row for each answer. */
const answers = (model: Pick<LookUpModel, 'scores'>, examples: LookUps): tf.Tensor =>
  model.scores(examples).reshape([examples.targets.size, -1]);

export type FitOptions = {
  steps: number;
  seed?: number;
  /** The highest learning rate. */
  peak?: number;
};

/** Trains on new examples at every step, by cross-entropy; returns the loss of each step. */
export async function fitLookUps(
  model: LookUpModel,
  draw: (next: Random) => LookUps,
  { steps, seed = 1, peak = 0.02 }: FitOptions,
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(model.trained, { learningRate: cosineSchedule(peak, steps, 20) });
  const next = random(100 + seed);
  const losses = await train(
    steps,
    () => {
      const examples = draw(next);
      const { targets, counts } = examples;
      const loss = adam.minimize(() => crossEntropy(answers(model, examples), targets, counts));
      tf.dispose(Object.values(examples));
      return loss;
    },
    report,
  );
  adam.dispose();
  return losses;
}

/**
 * How well a model answers.
 *
 * @returns the share of right answers, its parts if each query wants `perQuery` answers, and the loss
 */
export function markLookUps(
  model: Pick<LookUpModel, 'scores'>,
  examples: LookUps,
  perQuery = 1,
): { right: number; parts: number[]; loss: number } {
  const { targets, counts } = examples;
  return tf.tidy(() => {
    const scores = answers(model, examples);
    const hits = tf.mul(tf.equal(scores.argMax(1).toInt(), targets).toFloat(), counts);
    const parts = tf.div(
      hits.reshape([-1, perQuery]).sum(0),
      counts.reshape([-1, perQuery]).sum(0),
    );
    return {
      right: tf.div(hits.sum(), counts.sum()).dataSync()[0],
      parts: Array.from(parts.dataSync()),
      loss: crossEntropy(scores, targets, counts).dataSync()[0],
    };
  });
}
