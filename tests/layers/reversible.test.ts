import {
  dense,
  invertBlock,
  type Recall,
  type ReversibleBlock,
  random,
  reversibleBlock,
  reversibleStack,
  tf,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { expectGradient, expectNoLeak } from '../helpers';

const next = random(5);
const draw = (...shape: number[]) => uniform(shape, next, 1);

/** F(x) = tanh(x W) under dropout, G(x) = relu(x W + b). */
function block(depth: number, dropout = 0): ReversibleBlock {
  const F = { W: draw(depth, depth) };
  const G = { W: draw(depth, depth), b: draw(depth) };
  return {
    F: {
      parameters: F,
      apply: (x, recall) => {
        const y = tf.tanh(dense(x, F.W));
        if (dropout === 0) return y;
        return tf.dropout(
          y,
          dropout,
          undefined,
          recall(() => Math.floor(next() * 2 ** 31)),
        );
      },
    },
    G: { parameters: G, apply: (x) => tf.relu(dense(x, G.W, G.b)) },
  };
}

const parametersOf = (blocks: ReversibleBlock[]) =>
  blocks.flatMap(({ F, G }) => [F, G].flatMap(({ parameters }) => Object.values(parameters)));

/** The same blocks one after another, left to automatic differentiation, which keeps everything. */
function plainStack(x1: tf.Tensor, x2: tf.Tensor, blocks: ReversibleBlock[], recall?: Recall) {
  return blocks.reduce(
    (x, each) => reversibleBlock(x, each, recall && { F: recall, G: recall }),
    [x1, x2],
  );
}

const worst = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

describe('reversibleStack', () => {
  test.each([0, 1, 2, 5])('of %i blocks has values and gradients of plain blocks', (n) => {
    const blocks = Array.from({ length: n }, () => block(4));
    const inputs = [draw(2, 3, 4), draw(2, 3, 4), ...parametersOf(blocks)];
    const cotangents = [draw(2, 3, 4), draw(2, 3, 4)];
    const of = (stack: typeof plainStack) => (x1: tf.Tensor, x2: tf.Tensor) => {
      const products = stack(x1, x2, blocks).map((y, i) => tf.sum(tf.mul(y, cotangents[i])));
      return tf.add(products[0], products[1]);
    };
    const reversible = tf.valueAndGrads(of(reversibleStack) as never)(inputs);
    const plain = tf.valueAndGrads(of(plainStack) as never)(inputs);
    expect(worst(reversible.value, plain.value)).toBeLessThan(1e-5);
    plain.grads.forEach((gradient, i) => {
      expect(worst(reversible.grads[i], gradient)).toBeLessThan(1e-4);
    });
  });

  test('has the gradient that finite differences measure', () => {
    const blocks = [block(3), block(3)];
    const f = (x1: tf.Tensor, x2: tf.Tensor) => {
      const [y1, y2] = reversibleStack(x1, x2, blocks);
      return tf.sum(tf.add(tf.sin(y1), tf.square(y2)));
    };
    expectGradient(f as never, [draw(1, 2, 3), draw(1, 2, 3)], { step: 1e-3 });
  });

  test('asks for the gradient of one output only, and of an input that stands twice', () => {
    const blocks = [block(4), block(4)];
    const x = draw(2, 4);
    const of = (stack: typeof plainStack) =>
      tf.grad((v) => tf.sum(tf.square(stack(v, v, blocks)[0])));
    expect(worst(of(reversibleStack)(x), of(plainStack)(x))).toBeLessThan(1e-4);
  });

  test('replays what the first run drew: dropout has the same gradient as without recomputing', () => {
    const blocks = [block(6, 0.5), block(6, 0.5), block(6, 0.5)];
    const seeds: number[] = [];
    const recording: ReversibleBlock[] = blocks.map(({ F, G }) => ({
      F: { ...F, apply: (x, recall) => F.apply(x, (make) => recall(() => note(make()))) },
      G,
    }));
    const note = <T>(seed: T) => {
      seeds.push(seed as number);
      return seed;
    };
    const x = draw(4, 6);
    const reversible = tf.grad((v) => tf.sum(tf.square(reversibleStack(v, v, recording)[1])))(x);
    expect(seeds).toHaveLength(3); // drawn once, not again on the way back
    let used = 0;
    const replay: Recall = () => seeds[used++] as never;
    const plain = tf.grad((v) => tf.sum(tf.square(plainStack(v, v, blocks, replay)[1])))(x);
    expect(worst(reversible, plain)).toBeLessThan(1e-4);
    const otherwise = tf.grad((v) => tf.sum(tf.square(plainStack(v, v, blocks)[1])))(x);
    expect(worst(otherwise, plain)).toBeGreaterThan(0.01);
  });

  test('trains variables, inside another gradient that goes on before and after it', () => {
    const blocks = [block(4), block(4)];
    const W = tf.variable(draw(4, 4));
    const x = draw(2, 4);
    const loss = (stack: typeof plainStack) => () => {
      const [y1, y2] = stack(dense(x, W), tf.tanh(dense(x, W)), blocks);
      return tf.sum(tf.square(dense(tf.add(y1, y2), W))) as tf.Scalar;
    };
    const [ours, plain] = [reversibleStack, plainStack].map((stack) => {
      const { grads } = tf.variableGrads(loss(stack), [W]);
      return grads[W.name];
    });
    expect(worst(ours, plain) / tf.max(tf.abs(plain)).dataSync()[0]).toBeLessThan(1e-4);
  });

  test('keeps no tensor but what it returns, with or without gradient, and if a block throws', () => {
    const blocks = [block(4, 0.1), block(4)];
    const x = draw(2, 4);
    expectNoLeak(() => tf.dispose(reversibleStack(x, x, blocks)));
    const run = tf.valueAndGrad((v) => tf.sum(reversibleStack(v, v, blocks)[0]));
    expectNoLeak(() => tf.dispose(run(x) as never));
    const fails: ReversibleBlock = {
      ...blocks[0],
      F: {
        parameters: {},
        apply: () => {
          throw new Error('no');
        },
      },
    };
    expectNoLeak(() => expect(() => reversibleStack(x, x, [blocks[0], fails])).toThrow('no'));
  });

  test('refuses x1 and x2 of different shapes', () => {
    expect(() => reversibleStack(draw(2, 3), draw(3, 2), [])).toThrow(
      'x2: expected shape [2, 3], got [3, 2]',
    );
  });
});

describe('invertBlock', () => {
  test('gives back the inputs of reversibleBlock', () => {
    const each = block(5);
    const x = [draw(2, 5), draw(2, 5)];
    const back = invertBlock(reversibleBlock(x, each), each);
    back.forEach((value, i) => expect(worst(value, x[i])).toBeLessThan(1e-6));
  });
});
