import {
  type GraphAttentionParameters,
  graphAttention,
  graphAttentionV2,
} from '../../attention/graphs/graph';
import { graphSelfAttention } from '../../attention/graphs/graph-self-attention';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, shuffled, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

/** Dictionaries of one size: what stands in each, as one graph with as many parts. */
export type Dictionaries = {
  /** How many words a dictionary has. */
  size: number;
  /** [count][size]: the value of each word. */
  values: number[][];
};

/** Drawn dictionaries: in each, every value belongs to one word. */
export function drawDictionaries(count: number, size: number, next: Random): Dictionaries {
  const words = Array.from({ length: size }, (_, i) => i);
  return { size, values: Array.from({ length: count }, () => shuffled(words, next)) };
}

/**
 * The edges of `count` dictionaries side by side, [2, count · size · size]: of each, from every
 * entry to every query. A dictionary's queries have the numbers 0 … size − 1, its entries
 * size … 2 size − 1, and the next dictionary's follow. In the order dictionary, query, entry.
 */
export function dictionaryEdges(count: number, size: number): tf.Tensor2D {
  const sources = new Int32Array(count * size * size);
  const targets = new Int32Array(count * size * size);
  for (let e = 0; e < sources.length; e++) {
    const first = 2 * size * Math.floor(e / (size * size));
    targets[e] = first + (Math.floor(e / size) % size);
    sources[e] = first + size + (e % size);
  }
  return tf.stack([tf.tensor1d(sources), tf.tensor1d(targets)]) as tf.Tensor2D;
}

/**
 * What the nodes know, [count · 2 · size, 3 · size], one 1 in each third:
 * the word that a query asks for | the word of an entry | the value of an entry.
 */
export function dictionaryNodes({ size, values }: Dictionaries): tf.Tensor2D {
  const width = 3 * size;
  const rows = new Float32Array(values.length * 2 * size * width);
  values.forEach((ofWords, d) => {
    ofWords.forEach((value, word) => {
      const [query, entry] = [2 * d * size + word, (2 * d + 1) * size + word];
      rows[query * width + word] = 1;
      rows[entry * width + size + word] = 1;
      rows[entry * width + 2 * size + value] = 1;
    });
  });
  return tf.tensor2d(rows, [values.length * 2 * size, width]);
}

export type LookupOptions = {
  /** Which attention: `graphAttention`, `graphAttentionV2`, `graphSelfAttention`. */
  attention: 'GAT' | 'GATv2' | 'dot product';
  /** Words in a dictionary. */
  size: number;
  heads?: number;
  /** Depth of all heads together. Default 32. */
  depth?: number;
  /**
   * How the answer is read: by 'votes' of the entries, each with its weight, for its value; or by a
   * 'linear' layer from the contexts, as in the paper. Default 'votes'.
   */
  readout?: 'votes' | 'linear';
  /** Another attention in place of the one from `src`. */
  attend?: Attend;
  seed?: number;
};

type Attend = (
  x: tf.Tensor,
  edges: tf.Tensor,
  parameters: Record<string, tf.Tensor>,
) => { context: tf.Tensor; weights: tf.Tensor };

/** A model that looks words up in dictionaries. */
export type Lookup = ReturnType<typeof lookup>;

/**
 * One layer of graph attention that looks up words in a dictionary: a complete bipartite graph,
 * whose entries (a word and its value) are seen by all queries (a word).
 *
 *     votes:     p(value) = Σ_j ᾱ_ij [entry j has this value]     ᾱ: the mean weight of all heads
 *     linear:    x = ReLU(features E)      logits = context_i U
 *
 * W of GATv2 is tied (WTarget = WSource), so that it has as many numbers as GAT's; with votes the
 * features of queries and entries share no column, so that tying takes nothing away.
 *
 * Source: the task is DictionaryLookup of Brody, Alon, Yahav (2022), Section 4.1; 'linear' is the
 * network of their code, in which a word has one embedding, whoever says it.
 */
export function lookup({
  attention,
  size,
  heads = 1,
  depth = 32,
  readout = 'votes',
  attend,
  seed = 1,
}: LookupOptions) {
  const next = random(seed);
  const network = readout !== 'votes';
  const width = network ? depth : 3 * size;
  const dHead = depth / heads;
  const scale = 1 / Math.sqrt(dHead);
  const own: Record<string, tf.Tensor> =
    attention === 'GAT'
      ? {
          W: uniform([width, depth], next),
          aTarget: uniform([heads, dHead], next, scale),
          aSource: uniform([heads, dHead], next, scale),
        }
      : attention === 'GATv2'
        ? { W: uniform([width, depth], next), a: uniform([heads, dHead], next, scale) }
        : {
            WQ: uniform([width, depth / 2], next),
            WK: uniform([width, depth / 2], next),
          };
  const tree = variables({
    own,
    ...(network && {
      E: uniform([3 * size, depth], next, 1),
      U: uniform([depth, size], next),
    }),
  });
  const parameters = flatten(tree);

  const run: Attend = (x, edges, p) => {
    if (attention === 'GAT')
      return graphAttention(x, edges, p as unknown as GraphAttentionParameters, loops);
    if (attention === 'GATv2')
      return graphAttentionV2(x, edges, { WTarget: p.W, WSource: p.W, a: p.a }, loops);
    const WV = tf.zeros([width, depth / 2]);
    const WO = tf.zeros([depth / 2, depth]);
    return graphSelfAttention(x, edges, { WQ: p.WQ, WK: p.WK, WV, WO }, { heads });
  };

  /** @returns logits or logarithms of votes [queries of all, size]; weights [edges, heads] */
  function forward(batch: Dictionaries, other?: Attend) {
    const count = batch.values.length;
    const edges = dictionaryEdges(count, size);
    const features = dictionaryNodes(batch);
    const x = network ? tf.relu(tf.matMul(features, tree.E as tf.Tensor)) : features;
    const { context, weights } = (other ?? attend ?? run)(x, edges, tree.own);
    const logits = network ? answered(context, count) : tf.log(tf.add(votes(weights, batch), 1e-9));
    return { logits: logits as tf.Tensor2D, weights };
  }

  const answered = (x: tf.Tensor, count: number) => {
    const queries = x.reshape([count, 2, size, depth]).slice([0, 0, 0, 0], [-1, 1, -1, -1]);
    return dense(queries.reshape([count * size, depth]), tree.U as tf.Tensor);
  };
  const votes = (weights: tf.Tensor, { values }: Dictionaries) => {
    const byEntry = tf.mean(weights, 1).reshape([values.length, size, size]);
    const hot = tf.oneHot(tf.tensor2d(values, undefined, 'int32'), size);
    return tf.matMul(byEntry, tf.cast(hot, 'float32')).reshape([-1, size]);
  };
  return { attention, size, heads, next, tree, parameters, forward };
}

const loops = { selfLoops: false };

/** The words' values, [queries of all]. */
const answersOf = ({ values }: Dictionaries) => tf.tensor1d(values.flat(), 'int32');

/** Trains a model on dictionaries drawn anew for each step. Returns the loss of each, in nats. */
export async function trainLookup(
  { size, next, parameters, forward }: Lookup,
  { steps = 300, batch = 32, learningRate = 0.03 } = {},
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(parameters, { learningRate: cosineSchedule(learningRate, steps) });
  const losses = await train(
    steps,
    () => {
      const drawn = drawDictionaries(batch, size, next);
      return adam.minimize(() => {
        const hot = tf.oneHot(answersOf(drawn), size);
        return tf.neg(tf.mean(tf.sum(tf.mul(hot, tf.logSoftmax(forward(drawn).logits)), -1)));
      });
    },
    report,
  );
  adam.dispose();
  return losses;
}

/**
 * The share of words that are looked up right, in dictionaries that no training has seen. What is
 * ahead by less than a rounding error is no answer: float32 breaks ties as it likes.
 */
export function lookupAccuracy(one: Lookup, how: Testing = {}): number {
  return shareAhead(one, how, ({ logits }, drawn) => [
    logits,
    tf.cast(tf.oneHot(answersOf(drawn), one.size), 'float32'),
  ]);
}

/**
 * The share of queries that give most weight (the mean of all heads) to the entry of their own word.
 *
 * @returns with one head of static attention 1 / size at most: all queries prefer the same entry
 */
export function pointing(one: Lookup, how: Testing = {}): number {
  return shareAhead(one, how, ({ weights }, { values }) => [
    tf.log(tf.add(tf.mean(weights, 1).reshape([-1, one.size]), 1e-9)),
    tf.tile(tf.eye(one.size), [values.length, 1]),
  ]);
}

/** How a model is tested: on how many dictionaries, drawn from which seed, with which attention. */
export type Testing = { count?: number; seed?: number; attend?: Attend };

/** The share of rows in which the right one of the scores is ahead of all others. */
function shareAhead(
  { size, forward }: Lookup,
  { count = 64, seed = 1000, attend }: Testing,
  scored: (found: ReturnType<Lookup['forward']>, drawn: Dictionaries) => tf.Tensor[],
): number {
  const drawn = drawDictionaries(count, size, random(seed));
  return tf.tidy(() => {
    const [scores, right] = scored(forward(drawn, attend), drawn);
    const own = tf.sum(tf.mul(scores, right), -1);
    const best = tf.max(tf.sub(scores, tf.mul(right, 1e9)), -1);
    return tf.mean(tf.cast(tf.greater(tf.sub(own, best), 1e-4), 'float32')).dataSync()[0];
  });
}
