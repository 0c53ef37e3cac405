import {
  Adam,
  flatten,
  type ReformerParameters,
  random,
  randomRotations,
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

test('the Reformer computes the same without TensorFlow’s own kernels', () => {
  tf.env().set('IS_TEST', true); // as src/tensors/tf.ts does on this backend
  tf.setBackend('cpu');
  try {
    expectGolden(golden('reformer')[1] as never, run);
  } finally {
    tf.setBackend('tensorflow');
    tf.env().set('IS_TEST', false);
  }
});

describe('reformerLoss', () => {
  test('is the mean of −log p of each next token that is there', () => {
    const parameters = reformerParameters(sizes, random(1));
    const [tokens, settings] = [ids(2, 10), options()];
    const mask = tf.tensor2d([...Array(10).fill(1), ...Array(7).fill(1), 0, 0, 0], [2, 10]);
    const loss = reformerLoss(tokens, parameters, settings, mask).dataSync()[0];
    const logits = reformer(
      tokens.slice([0, 0], [2, 9]),
      parameters,
      settings,
      mask.slice([0, 0], [2, 9]),
    ).arraySync();
    const expected = (tokens.arraySync() as number[][]).flatMap((row, b) =>
      row.slice(1, [10, 7][b]).map((token, t) => {
        const total = logits[b][t].reduce((sum, logit) => sum + Math.exp(logit), 0);
        return Math.log(total) - logits[b][t][token];
      }),
    );
    expect(loss).toBeCloseTo(expected.reduce((a, b) => a + b) / expected.length, 4);
  });

  test('falls when Adam trains it on sequences that repeat themselves', () => {
    const parameters = variables(reformerParameters(sizes, random(1)));
    const adam = new Adam(flatten(parameters), { learningRate: 2e-2 });
    const half = ids(4, 8);
    const tokens = tf.concat([half, half, half.slice([0, 0], [4, 1])], 1);
    const losses = Array.from({ length: 12 }, () => {
      const settings = options();
      const loss = adam.minimize(() => reformerLoss(tokens, parameters, settings));
      tf.dispose(settings.rotations);
      return loss;
    });
    expect(losses[11]).toBeLessThan(0.8 * losses[0]);
  });

  test('keeps no tensor but what it returns', () => {
    const parameters = variables(reformerParameters(sizes, random(1)));
    const [tokens, settings] = [ids(1, 12), options()];
    expectNoLeak(() => {
      tf.dispose(tf.variableGrads(() => reformerLoss(tokens, parameters, settings)) as never);
    });
  });
});

describe('reformer', () => {
  test('gives the same logits whatever is padded on', () => {
    const parameters = reformerParameters(sizes, random(1));
    const settings = options();
    const tokens = ids(2, 9);
    const padded = tf.concat([tokens, ids(2, 6)], 1);
    const mask = tf.tensor2d(
      [...Array(2)].flatMap(() => [...Array(9).fill(1), ...Array(6).fill(0)]),
      [2, 15],
    );
    const plain = reformer(tokens, parameters, settings);
    const longer = reformer(padded, parameters, settings, mask).slice([0, 0, 0], [-1, 9, -1]);
    expect(tf.max(tf.abs(tf.sub(plain, longer))).dataSync()[0]).toBeLessThan(1e-5);
  });

  test('refuses rotations for another number of blocks, and a mask of another shape', () => {
    const parameters = reformerParameters(sizes, random(1));
    const settings = options();
    const one = { ...settings, rotations: settings.rotations.slice(1) };
    expect(() => reformer(ids(1, 8), parameters, one)).toThrow(
      'expected rotations for 2 blocks, got 1',
    );
    expect(() => reformer(ids(1, 8), parameters, settings, tf.ones([1, 7]))).toThrow(
      'mask: expected shape [1, 8], got [1, 7]',
    );
  });
});
