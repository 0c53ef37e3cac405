import type { AttendedGraph } from '../../attention/graphs/edges';
import {
  type GraphAttentionParameters,
  type GraphAttentionV2Parameters,
  graphAttention,
  graphAttentionParameters,
  graphAttentionV2,
  graphAttentionV2Parameters,
} from '../../attention/graphs/graph';
import type { KarateClub } from '../../data/karate-club';
import { flatten, variables } from '../../tensors/parameters';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { type Report, train } from '../../training/train';

/** [2, 2 · pairs], int32: every pair as two edges, one each way. */
export function bothWays(pairs: [number, number][]): tf.Tensor2D {
  const forth = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
  return tf.tensor2d(
    [
      [...forth[0], ...forth[1]],
      [...forth[1], ...forth[0]],
    ],
    undefined,
    'int32',
  );
}

export type SidesOptions = {
  /**
   * What a member looks at: itself and its neighbours with weights of GAT or GATv2, or all of these
   * alike ('mean'); everybody, with weights of GATv2; or nobody but itself ('alone').
   */
  attention: 'GAT' | 'GATv2' | 'mean' | 'everybody' | 'alone';
  layers?: number;
  heads?: number;
  /** Depth of a head. Default 4. */
  dHead?: number;
  seed?: number;
};

/** A model that tells the two sides of a club apart. */
export type Sides = ReturnType<typeof sides>;

type Layer = Partial<GraphAttentionParameters> | GraphAttentionV2Parameters;

type Attend = (
  x: tf.Tensor,
  edges: tf.Tensor,
  layer: Record<string, tf.Tensor>,
  options: { selfLoops: boolean },
) => AttendedGraph;

/** GAT; without its a all logits are 0, and so all weights of a node are alike. */
const constantOr: Attend = (x, edges, { W, bias, aTarget, aSource }, options) => {
  const none = tf.zeros([1, W.shape[1] as number]);
  const a = { aTarget: aTarget ?? none, aSource: aSource ?? none };
  return graphAttention(x, edges, { W, bias, ...a }, options);
};

const allPairs = (count: number) =>
  Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: i }, (_, j): [number, number] => [j, i]),
  );

/** How the layers attend, if not as they were trained. */
export type Looking = {
  edges?: tf.Tensor;
  selfLoops?: boolean;
  attend?: Attend;
};

/**
 * Layers of graph attention over the members of a club, who know nothing but who they are (one 1
 * each), and in the end two logits each, one for each side.
 *
 *     h ← ELU(heads of graph attention, concatenated)      logits = one more, heads averaged
 *
 * Source: Veličković et al. (2018), Section 3.3, whose first layer has 8 heads of 8, too, in front
 * of one with as many columns as there are classes.
 */
export function sides(
  club: KarateClub,
  { attention, layers = 2, heads = 4, dHead = 4, seed = 1 }: SidesOptions,
) {
  const next = random(seed);
  const count = club.names.length;
  const learned = attention === 'GAT' || attention === 'GATv2' || attention === 'everybody';
  const v2 = learned && attention !== 'GAT';
  const stack = Array.from({ length: layers }, (_, l): Layer => {
    const sizes = l < layers - 1 ? { heads, dHead } : { heads: 1, dHead: 2 }; // two columns: one for each side
    const all = { ...sizes, nodeDepth: l === 0 ? count : heads * dHead };
    if (v2) return graphAttentionV2Parameters(all, next);
    const { W, bias, ...a } = graphAttentionParameters(all, next);
    return learned ? { W, bias, ...a } : { W, bias };
  });
  const tree = variables(stack);
  const parameters = flatten(tree);
  const [features, neighbours, everybody, nobody] = variables([
    tf.eye(count),
    bothWays(club.pairs),
    bothWays(allPairs(count)),
    tf.zeros([2, 0], 'int32'),
  ]);
  const seen = attention === 'everybody' ? everybody : attention === 'alone' ? nobody : neighbours;

  /** @returns logits [members, 2]; of each layer the weights and the edges that they belong to */
  function forward({ edges = seen, selfLoops = true, attend }: Looking = {}) {
    let x: tf.Tensor = features;
    const looked = tree.map((layer, l) => {
      const run = attend ?? (v2 ? (graphAttentionV2 as unknown as Attend) : constantOr);
      const { context, weights, edges: its } = run(x, edges, layer, { selfLoops });
      x = l < layers - 1 ? tf.elu(context) : context;
      return { weights, edges: its };
    });
    return { logits: x as tf.Tensor2D, looked };
  }
  return { attention, tree, parameters, forward };
}

/**
 * Trains a model on the members whose side is known, all in every step.
 *
 * @returns the loss of each step, in nats per known member
 */
export async function trainSides(
  { parameters, forward }: Sides,
  club: KarateClub,
  { steps = 100, known = [0, club.names.length - 1], learningRate = 0.02 } = {},
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(parameters, { learningRate });
  const wanted = known.map((member) => club.sides[member]);
  const losses = await train(
    steps,
    () =>
      adam.minimize(() => {
        const logits = tf.gather(forward().logits, known);
        const hot = tf.oneHot(tf.tensor1d(wanted, 'int32'), 2);
        return tf.neg(tf.mean(tf.sum(tf.mul(hot, tf.logSoftmax(logits)), -1)));
      }),
    report,
  );
  adam.dispose();
  return losses;
}

/** For each member: how much more the model gives to side 1 than to side 0, in logits. */
export function leanings({ forward }: Sides, how: Looking = {}): number[] {
  return tf.tidy(() => {
    const [zero, one] = tf.unstack(forward(how).logits, 1);
    return Array.from(tf.sub(one, zero).dataSync());
  });
}

/** How many of the members whose side was not known are put on the right one. */
export function rightSides(
  found: number[],
  club: KarateClub,
  known = [0, club.names.length - 1],
): number {
  return found.filter(
    (leaning, member) => !known.includes(member) && leaning > 0 === (club.sides[member] === 1),
  ).length;
}

/** GATv2 with its values as they are and all weights of a node alike: for `Looking.attend`. */
export const leveled: Attend = (x, edges, { WSource, bSource, bias }, options) =>
  constantOr(tf.add(tf.matMul(x, WSource), bSource), edges, identityOf(WSource, bias), options);

const identityOf = (WSource: tf.Tensor, bias: tf.Tensor): Record<string, tf.Tensor> => ({
  W: tf.eye(WSource.shape[1] as number),
  bias,
});
