import {
  Adam,
  flatten,
  randomRotations,
  type ReformerParameters,
  random,
  reformer,
  reformerLoss,
  reformerParameters,
  tf,
  variables,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectClose, expectGolden, golden, type Tensors } from '../golden/golden';
import { expectNoLeak } from '../helpers';

/** { 'blocks/0/attention/WQK': … } → { blocks: [{ attention: { WQK } }] } */
function tree(flat: Tensors): ReformerParameters {
  const root: any = {};
  for (const [path, tensor] of Object.entries(flat)) {
    const names = path.split('/');
    const last = names.pop() as string;
    let node = root;
    names.forEach((name, i) => {
      const isList = /^\d+$/.test(names[i + 1] ?? last);
      node = node[name] ??= isList ? [] : {};
    });
    node[last] = tensor;
  }
  return root;
}

/** HF transformers' settings: no mask between buckets, dot products as they are. */
const asTransformers = { acrossBuckets: true, scale: 1 };

function run(inputs: Tensors, { heads, chunkLength }: { heads: number; chunkLength: number }) {
  const { ids, rotations0, rotations1, mask, ...parameters } = inputs;
  const options = { heads, chunkLength, rotations: [rotations0, rotations1], ...asTransformers };
  const logits = reformer(tf.cast(ids, 'int32'), tree(parameters), options, mask);
  return { logits: mask ? tf.mul(logits, mask.expandDims(2)) : logits };
}

const sizes = {
  tokens: 11,
  dModel: 8,
  dFeedForward: 16,
  blocks: 2,
  positions: { shape: [4, 8], depths: [3, 5] },
};
const next = random(3);
const rotations = () =>
  [0, 1].map(() => randomRotations({ depth: 4, rounds: 2, buckets: 4, heads: 2 }, next));
const options = () => ({ heads: 2, chunkLength: 4, rotations: rotations() });
const ids = (batch: number, length: number) =>
  tf.tensor2d(
    Array.from({ length: batch * length }, () => Math.floor(next() * 11)),
    [batch, length],
    'int32',
  );

describe('reformer', () => {
  const cases = golden<any>('reformer');

  test.each(cases.slice(0, 2))(
    'agrees with HF transformers, reversible and trained, case %#',
    (example) => expectGolden(example, run),
  );

  test.each(cases.slice(2))('agrees with HF transformers where it pads, case %#', (example) => {
    const inputs: Tensors = {};
    for (const [name, { values, shape }] of Object.entries<any>(example.inputs)) {
      inputs[name] = tf.tensor(values, shape);
    }
    expectClose(run(inputs, example.options).logits, example.outputs.logits, 1e-5, 'logits');
  });
});

describe('reformerLoss', () => {
  test.each(golden<any>('reformer').slice(0, 3))('agrees with HF transformers, case %#', (example) => {
    const inputs: Tensors = {};
    for (const [name, { values, shape }] of Object.entries<any>(example.inputs)) {
      inputs[name] = tf.tensor(values, shape);
    }
    const { ids, rotations0, rotations1, ...parameters } = inputs;
    const loss = reformerLoss(tf.cast(ids, 'int32'), tree(parameters), {
      ...{ heads: 2, chunkLength: 4, rotations: [rotations0, rotations1], ...asTransformers },
    });
    expect(loss.dataSync()[0]).toBeCloseTo(example.options.loss, 3);
  });
});
