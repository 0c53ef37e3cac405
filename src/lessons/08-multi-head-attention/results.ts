import { type HeadAttention, multiHeadAttention } from '../../attention/heads/multi-head';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { feedForward, feedForwardParameters } from '../../layers/feed-forward';
import type { Results } from '../../notebook/stored-results';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import {
  type FitOptions,
  fitLookUps,
  fixedHeads,
  hiddenLetters,
  type LookUpModel,
  type LookUps,
  lookUpLayer,
  markLookUps,
  spelledWords,
  twoDrawers,
} from './look-ups';

const seeds = [1, 2, 3];
const two = { dModel: 32, outputs: 32 };
const hidden = { dModel: 64, outputs: 27 };

/** Both tasks of the lesson with other numbers of heads, and with what might take their place. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Record<string, number[]> = {};
  const curves: Record<string, number[][]> = {};
  const keep = (what: string, value: number) => {
    numbers[what] = [...(numbers[what] ?? []), value];
    report(`${what}: ${value.toFixed(4)}`);
  };

  const asked = twoDrawers(500, random(9));
  const chests = (next: Random) => twoDrawers(64, next);
  for (const seed of seeds) {
    for (const [heads, steps] of [
      [1, 200],
      [2, 200],
      [4, 200],
      [1, 2000],
    ]) {
      const model = lookUpLayer(asked, { ...two, heads, seed });
      const losses = await fitLookUps(model, chests, { steps, seed });
      const { right, parts, loss } = markLookUps(model, asked, 2);
      const what = `drawers, ${counted(heads)}, ${steps} steps`;
      keep(`${what}: right`, 100 * right);
      keep(`${what}: loss`, loss);
      keep(`${what}: better answer`, 100 * Math.max(...parts));
      keep(`${what}: worse answer`, 100 * Math.min(...parts));
      curves[what] = [...(curves[what] ?? []), thinned(losses)];
    }
    const model = withFeedForward(asked, { ...two, heads: 1, seed });
    await fitLookUps(model, chests, { steps: 1000, seed, peak: 0.01 });
    const what = 'drawers, 1 head and feed-forward, 1000 steps: right';
    keep(what, 100 * markLookUps(model, asked, 2).right);
  }

  const { train, validation } = spelledWords();
  const heldOut = hiddenLetters(validation);
  const words = (next: Random) =>
    hiddenLetters(Array.from({ length: 64 }, () => train[Math.floor(next() * train.length)]));
  const letters = async (what: string, model: LookUpModel, options: FitOptions) => {
    await fitLookUps(model, words, options);
    const { right, loss } = markLookUps(model, heldOut);
    keep(`letters, ${what}: right`, 100 * right);
    keep(`letters, ${what}: perplexity`, Math.exp(loss));
    tf.dispose(Object.values(model.trained));
  };
  for (const seed of seeds) {
    for (const heads of [1, 2, 4, 8, 16, 32, 64]) {
      const model = lookUpLayer(heldOut, { ...hidden, heads, seed });
      await letters(counted(heads), model, { steps: 1000, seed });
    }
    for (const heads of [16, 64]) {
      const model = lookUpLayer(heldOut, { ...hidden, heads, seed });
      await letters(`${heads} heads, 4000 steps`, model, { steps: 4000, seed });
    }
    const wide = lookUpLayer(heldOut, { ...hidden, dModel: 512, heads: 64, seed });
    await letters('64 heads of depth 8', wide, { steps: 1000, seed });
    for (const heads of [1, 2, 4]) {
      const model = withFeedForward(heldOut, { ...hidden, heads, seed });
      const options = { steps: 1000, seed, peak: 0.01 };
      await letters(`${counted(heads)} and feed-forward`, model, options);
    }
    const bare = withoutOutputProjection(heldOut, { ...hidden, heads: 4, seed });
    await letters('4 heads without W^O', bare, { steps: 1000, seed });
    for (const [root, scale] of [
      ['without the root', 1],
      ['with the root of d_model', 1 / Math.sqrt(hidden.dModel)],
    ] as const) {
      const attend: HeadAttention = (q, k, v, mask) =>
        scaledDotProductAttention(q, k, v, mask, { scale });
      const model = lookUpLayer(heldOut, { ...hidden, heads: 4, seed, attend });
      await letters(`4 heads ${root}`, model, { steps: 1000, seed });
    }
    for (const offsets of [
      [-1, 1],
      [-2, -1, 1, 2],
    ]) {
      const model = fixed(heldOut, offsets, seed);
      await letters(`heads fixed at ${offsets.join(', ')}`, model, { steps: 1000, seed });
    }
  }
  const near = [-4, -3, -2, -1, 1, 2, 3, 4];
  const layouts = subsets(near, 4);
  const rights: [string, number][] = [];
  for (const offsets of layouts) {
    const model = fixed(heldOut, offsets, 1);
    await fitLookUps(model, words, { steps: 1000 });
    rights.push([offsets.join(', '), 100 * markLookUps(model, heldOut).right]);
    report(`fixed at ${rights[rights.length - 1]}`);
    tf.dispose(Object.values(model.trained));
  }
  rights.sort(([, a], [, b]) => b - a);
  numbers['letters, all layouts of 4 fixed heads: right'] = rights.map(([, right]) => right);
  return {
    setting: 'seeds 1, 2 and 3',
    numbers,
    curves,
  };
}

const counted = (heads: number) => `${heads} ${heads === 1 ? 'head' : 'heads'}`;

/** All choices of `count` out of a list, in its order. */
function subsets(list: number[], count: number): number[][] {
  if (count === 0) return [[]];
  return list.flatMap((first, i) =>
    subsets(list.slice(i + 1), count - 1).map((rest) => [first, ...rest]),
  );
}

/** Heads that look where they are told; only W^V and W^O learn. */
function fixed(like: LookUps, offsets: number[], seed: number): LookUpModel {
  const attend = fixedHeads(offsets);
  const { parameters, scores } = lookUpLayer(like, {
    ...hidden,
    heads: offsets.length,
    seed,
    attend,
  });
  const { WV, WO } = parameters;
  return { trained: flatten({ WV, WO }), scores };
}

/** The first columns of the heads side by side are the scores. */
function withoutOutputProjection(
  like: LookUps,
  options: { heads: number; dModel: number; outputs: number; seed: number },
): LookUpModel {
  const { dModel, outputs, heads } = options;
  const { WO, ...rest } = lookUpLayer(like, options).parameters;
  const parameters = { ...rest, WO: tf.eye(dModel).slice([0, 0], [dModel, outputs]) };
  return {
    trained: flatten(rest),
    scores: ({ query, keys, values, mask }) =>
      multiHeadAttention(query, keys, values, parameters, { heads, mask }).context,
  };
}

/** The mean of every ten steps. */
const thinned = (losses: number[]) =>
  Array.from({ length: losses.length / 10 }, (_, i) => {
    const some = losses.slice(10 * i, 10 * i + 10);
    return some.reduce((sum, loss) => sum + loss, 0) / some.length;
  });

/** A feed-forward network behind the attention, and a linear layer to the scores. */
function withFeedForward(
  like: LookUps,
  options: { heads: number; dModel: number; outputs: number; seed: number },
): LookUpModel {
  const { dModel, outputs, seed } = options;
  const layer = lookUpLayer(like, { ...options, outputs: dModel });
  const next = random(1000 + seed);
  const more = variables({
    ffn: feedForwardParameters({ dModel, dHidden: 2 * dModel }, next),
    scores: uniform([dModel, outputs], next),
  });
  return {
    trained: { ...layer.trained, ...flatten(more) },
    scores: (examples) => dense(feedForward(layer.scores(examples), more.ffn), more.scores),
  };
}
