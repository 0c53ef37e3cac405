import {
  denseGraphWeights,
  graphAttention,
  graphAttentionParameters,
  graphAttentionV2,
  graphAttentionV2Parameters,
  graphSelfAttention,
  graphSelfAttentionParameters,
  random,
  scaledDotProductAttention,
  segmentSoftmax,
  tf,
  uniform,
  withSelfLoops,
} from 'attention';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectGolden, golden } from '../../golden/golden';
import { expectGradient, expectNoLeak } from '../../helpers';

const next = random(20);
const draw = (...shape: number[]) => uniform(shape, next, 1);
const int = (values: number[][]) => tf.tensor2d(values, undefined, 'int32');
const difference = (a: tf.Tensor, b: tf.Tensor) =>
  a.size === 0 ? 0 : tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

/** A graph of some nodes and edges, many of them double or loops. */
const graphs = fc.record({
  nodes: fc.integer({ min: 1, max: 9 }),
  count: fc.integer({ min: 1, max: 25 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});
function build({ nodes, count, seed }: { nodes: number; count: number; seed: number }) {
  const draws = random(seed);
  const node = () => Math.floor(draws() * nodes);
  const edges = int([Array.from({ length: count }, node), Array.from({ length: count }, node)]);
  return { x: uniform([nodes, 3], draws, 2), edges, draws };
}

const sizes = { nodeDepth: 3, heads: 2, dHead: 4 };
const mechanisms = {
  graphAttention: (x: tf.Tensor, edges: tf.Tensor, selfLoops = true) =>
    graphAttention(x, edges, gat, { selfLoops }),
  graphAttentionV2: (x: tf.Tensor, edges: tf.Tensor, selfLoops = true) =>
    graphAttentionV2(x, edges, gatV2, { selfLoops }),
  graphSelfAttention: (x: tf.Tensor, edges: tf.Tensor, selfLoops = true) =>
    tf.tidy(() => {
      const used = selfLoops ? withSelfLoops(edges, x.shape[0]) : edges;
      return graphSelfAttention(x, used, gsa, { heads: 3 });
    }),
};
const gat = graphAttentionParameters(sizes, random(1));
const gatV2 = graphAttentionV2Parameters(sizes, random(2));
const gsa = graphSelfAttentionParameters({ dModel: 3, heads: 3, dHead: 2 }, random(3));

describe('golden values', () => {
  test.each(golden('graph'))('agree with torch_geometric, case %#', (example) => {
    expectGolden(example, ({ nodes, edges, ...parameters }, options) =>
      'W' in parameters
        ? graphAttention(nodes, edges, parameters as never, options)
        : graphAttentionV2(nodes, edges, parameters as never, options),
    );
  });

  test.each(golden('graph-self-attention'))('agree with TransformerConv, case %#', (example) => {
    expectGolden(example, ({ nodes, edges, ...parameters }, options) =>
      graphSelfAttention(nodes, edges, parameters as never, options),
    );
  });
});

describe.each(Object.entries(mechanisms))('%s', (_name, attend) => {
  test('gives the edges into every node weights that sum to 1', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { x, edges } = build(graph);
        const { weights, edges: used } = attend(x, edges);
        const [, target] = tf.unstack(used) as tf.Tensor1D[];
        const sums = tf.unsortedSegmentSum(weights as tf.Tensor, target, graph.nodes);
        expect(difference(sums, tf.onesLike(sums))).toBeLessThan(1e-5);
        expect(tf.min(weights).dataSync()[0]).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 30 },
    );
  });

  test('permutes its output when the nodes are permuted', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { x, edges, draws } = build(graph);
        const order = [...Array(graph.nodes).keys()].sort(() => draws() - 0.5);
        const place = order.map((_, node) => order.indexOf(node));
        const moved = tf.gather(tf.tensor1d(place, 'int32'), edges as tf.Tensor2D);
        const { context } = attend(x, edges);
        const permuted = attend(tf.gather(x, order), moved).context;
        expect(difference(permuted, tf.gather(context, order))).toBeLessThan(1e-5);
      }),
      { numRuns: 30 },
    );
  });

  test('does not care in which order the edges stand', () => {
    const { x, edges } = build({ nodes: 6, count: 14, seed: 5 });
    const reversed = tf.reverse(edges, 1);
    expect(difference(attend(x, edges).context, attend(x, reversed).context)).toBeLessThan(1e-6);
  });

  test('does not let a node see another that no edge connects', () => {
    const edges = int([
      [0, 1, 3],
      [1, 2, 2],
    ]);
    const x = draw(4, 3);
    const changed = tf.add(
      x,
      tf.tensor2d([
        [9, 9, 9],
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]),
    );
    const [before, after] = [attend(x, edges).context, attend(changed, edges).context];
    expect(difference(before.slice([2, 0]), after.slice([2, 0]))).toBe(0);
    expect(difference(before.slice([1, 0], [1, -1]), after.slice([1, 0], [1, -1]))).toBeGreaterThan(
      0,
    );
  });

  test('gives a node without any edge context 0 and no gradient', () => {
    const edges = int([
      [0, 1],
      [1, 0],
    ]);
    const f = (x: tf.Tensor) => attend(x, edges, false).context.slice([2, 0]) as tf.Tensor;
    const x = draw(3, 3);
    expect(tf.sum(tf.abs(f(x))).dataSync()[0]).toBe(0);
    expect(tf.sum(tf.abs(tf.grad((y) => tf.sum(f(y)))(x))).dataSync()[0]).toBe(0);
  });

  test('has the gradient that finite differences measure', () => {
    const { x, edges } = build({ nodes: 5, count: 9, seed: 3 });
    const cotangent = draw(...attend(x, edges).context.shape);
    const byEdge = draw(...attend(x, edges).weights.shape);
    expectGradient(
      (y) => {
        const { context, weights } = attend(y, edges);
        return tf.add(tf.sum(tf.mul(context, cotangent)), tf.sum(tf.mul(weights, byEdge)));
      },
      [x],
      { step: 1e-3, tolerance: 2e-2 },
    );
  });

  test('stays finite for features of ±10000', () => {
    const { x, edges } = build({ nodes: 5, count: 9, seed: 3 });
    const huge = tf.mul(tf.sign(x), 1e4);
    const gradient = tf.grad((y) => tf.sum(attend(y, edges).context))(huge);
    for (const y of [attend(huge, edges).context, attend(huge, edges).weights, gradient]) {
      expect(y.dataSync().every(Number.isFinite)).toBe(true);
    }
  });

  test('keeps no tensor but what it returns', () => {
    const { x, edges } = build({ nodes: 5, count: 9, seed: 3 });
    expectNoLeak(() => tf.dispose(attend(x, edges)));
    expectNoLeak(() => tf.dispose(attend(x, edges, false)));
    expectNoLeak(() => tf.dispose(tf.grad((y) => tf.sum(attend(y, edges).context))(x)));
  });

  test.each([
    [
      'an edge to a node that is not there',
      () =>
        int([
          [0, 1],
          [1, 4],
        ]),
      'edges: expected nodes 0…3, got 4',
    ],
    [
      'a negative node',
      () =>
        int([
          [0, -1],
          [1, 2],
        ]),
      'edges: expected nodes 0…3, got -1',
    ],
    [
      'edges in rows',
      () =>
        int([
          [0, 1],
          [1, 2],
          [2, 3],
        ]),
      'edges: expected shape [2, edges], got [3, 2]',
    ],
  ])('refuses %s', (_, edges, message) => {
    const [x, wrong] = [draw(4, 3), edges()];
    const before = tf.memory().numTensors;
    for (const loops of [true, false]) expect(() => attend(x, wrong, loops)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses nodes of another depth', () => {
    const [x, edges] = [draw(4, 5), int([[0], [1]])];
    const before = tf.memory().numTensors;
    expect(() => attend(x, edges)).toThrow('input depth 5 ≠ rows of W 3');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('static and dynamic attention', () => {
  // Four nodes look at four others. Best for a node would be to find the one that resembles it.
  const pairs = [0, 1, 2, 3].flatMap((target) => [4, 5, 6, 7].map((source) => [source, target]));
  const edges = int([pairs.map(([source]) => source), pairs.map(([, target]) => target)]);
  const favourites = (weights: tf.Tensor) =>
    Array.from(tf.argMax(weights.slice([0, 0], [16, 1]).reshape([4, 4]), 1).dataSync());

  test('GAT: whatever its parameters, all nodes have the same favourite', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
        const draws = random(seed);
        const parameters = graphAttentionParameters({ nodeDepth: 2, heads: 1, dHead: 6 }, draws);
        const { weights } = graphAttention(uniform([8, 2], draws, 1), edges, parameters, {
          selfLoops: false,
        });
        expect(new Set(favourites(weights)).size).toBe(1);
      }),
      { numRuns: 30 },
    );
  });

  test('GATv2: some parameters let every node find the one that resembles it', () => {
    const nodes = tf.tensor2d([[0], [1], [2], [3], [0], [1], [2], [3]]);
    const parameters = {
      WTarget: tf.tensor2d([[1, -1]]),
      WSource: tf.tensor2d([[-1, 1]]),
      a: tf.tensor2d([[-9, -9]]), // e = −7.2 |h_i − h_j|
    };
    const { weights } = graphAttentionV2(nodes, edges, parameters, { selfLoops: false });
    expect(favourites(weights)).toEqual([0, 1, 2, 3]);
    expect(tf.min(tf.max(weights.reshape([4, 4]), 1)).dataSync()[0]).toBeGreaterThan(0.99);
  });
});

describe('graphSelfAttention', () => {
  test('on the complete graph is scaled dot-product attention', () => {
    const x = draw(5, 3);
    const everyone = [...Array(25).keys()];
    const edges = int([everyone.map((e) => e % 5), everyone.map((e) => Math.floor(e / 5))]);
    const { WQ, WK, WV, WO } = gsa;
    const { context, weights } = graphSelfAttention(x, edges, gsa, { heads: 3 });
    const split = (W: tf.Tensor) =>
      tf.matMul(x, W).reshape([1, 5, 3, 2]).transpose([0, 2, 1, 3]) as tf.Tensor4D;
    const full = scaledDotProductAttention(split(WQ), split(WK), split(WV));
    const joined = full.context.transpose([0, 2, 1, 3]).reshape([5, 6]);
    expect(difference(context, tf.matMul(joined, WO))).toBeLessThan(1e-5);
    const dense = denseGraphWeights({ weights, edges }, 5);
    expect(difference(dense, full.weights.squeeze([0]))).toBeLessThan(1e-6);
  });

  test('refuses heads that do not divide', () => {
    expect(() => graphSelfAttention(draw(4, 3), int([[0], [1]]), gsa, { heads: 4 })).toThrow(
      '4 heads do not divide 6 columns of WQ',
    );
  });
});

describe('withSelfLoops', () => {
  test('drops the loops there are and puts one on every node, at the end', () => {
    const edges = withSelfLoops(
      int([
        [0, 1, 2],
        [1, 1, 0],
      ]),
      3,
    );
    expect(edges.arraySync()).toEqual([
      [0, 2, 0, 1, 2],
      [1, 0, 0, 1, 2],
    ]);
    expect(edges.dtype).toBe('int32');
  });

  test('gives a graph without edges only loops', () => {
    expect(withSelfLoops(tf.zeros([2, 0], 'int32'), 2).arraySync()).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});

describe('segmentSoftmax', () => {
  test('is the softmax of each segment by itself, in plain loops', () => {
    fc.assert(
      fc.property(graphs, ({ nodes, count, seed }) => {
        const draws = random(seed);
        const segments = Array.from({ length: count }, () => Math.floor(draws() * nodes));
        const logits = uniform([count, 2], draws, 50);
        const l = logits.arraySync() as number[][];
        const expected = l.map((row, e) =>
          row.map((_, h) => {
            const own = l.filter((_, other) => segments[other] === segments[e]).map((r) => r[h]);
            return 1 / own.reduce((sum, x) => sum + Math.exp(x - l[e][h]), 0);
          }),
        );
        const weights = segmentSoftmax(logits, tf.tensor1d(segments, 'int32'), nodes);
        expect(difference(weights, tf.tensor(expected))).toBeLessThan(1e-5);
      }),
      { numRuns: 30 },
    );
  });

  test('gives the same in pure JavaScript', () => {
    const { x, edges } = build({ nodes: 6, count: 14, seed: 8 });
    const native = attendGat(x, edges);
    const plain = tf.tidy(() => {
      const backend = tf.getBackend();
      try {
        tf.setBackend('cpu');
        return tf.tensor(attendGat(x, edges).dataSync());
      } finally {
        tf.setBackend(backend);
      }
    });
    expect(difference(native, plain.reshape(native.shape))).toBeLessThan(1e-6);
  });
});

const attendGat = (x: tf.Tensor, edges: tf.Tensor) => graphAttention(x, edges, gat).context;
