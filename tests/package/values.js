// What a page computes and Node computes: here for both.
import * as attention from 'attention/browser';

const { tf } = attention;

/** Numbers of everything that an engineer would try first, drawn from seeds. */
export function values() {
  const next = attention.random(5);
  const draw = (/** @type {number[]} */ ...shape) => attention.uniform(shape, next, 1);
  const [q, k, v] = [draw(2, 6, 8), draw(2, 6, 8), draw(2, 6, 8)];
  const mask = attention.paddingMask([6, 4], 6);
  const heads = attention.multiHeadParameters({ dModel: 8, bias: true }, next);
  const buckets = tf.tensor([0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1], [2, 1, 6], 'int32');
  const gru = attention.gruParameters({ inputDepth: 8, units: 4 }, next);
  const spoilt = tf.concat([k.slice([0, 0], [2, 5]), tf.fill([2, 1, 8], Number.NaN)], 1);
  const found = {
    scaled: attention.scaledDotProductAttention(q, k, v, mask).context,
    hidden: attention.scaledDotProductAttention(q, spoilt, v, attention.paddingMask([5, 4], 6))
      .context,
    heads: attention.multiHeadAttention(q, q, q, heads, { heads: 2, mask }).context,
    window: attention.slidingWindowAttention(q, k, v, undefined, { window: 2 }).context,
    lsh: attention.lshAttention(q, v, buckets, undefined, { chunkLength: 3 }).context,
    gru: attention.gru(q, gru),
    gradient: tf.grad((x) =>
      tf.sum(attention.multiHeadAttention(x, x, x, heads, { heads: 2 }).context),
    )(q),
  };
  return Object.fromEntries(
    Object.entries(found).map(([name, x]) => [name, Array.from(x.dataSync())]),
  );
}

/** The losses of a small Transformer that learns to say three letters again. */
export function losses(steps = 8) {
  const { Vocabulary } = attention;
  const vocabulary = new Vocabulary(['a', 'b', 'c']);
  const model = new attention.Transformer({
    ...{
      sourceTokens: vocabulary.size,
      targetTokens: vocabulary.size,
      dModel: 16,
      heads: 2,
      layers: 1,
    },
  });
  const pairs = [['a', 'b'], ['c', 'a', 'b'], ['b']].map((word) => {
    const ids = vocabulary.encode(word);
    return { source: ids, target: ids };
  });
  const adam = new attention.Adam(model.parameters, { learningRate: 0.01 });
  return Array.from({ length: steps }, () =>
    adam.minimize(() => model.loss(attention.batch(pairs))),
  );
}

export const figure = () =>
  attention.heatmap([[0.2, 0.8]], { title: 'one', queries: ['a'], keys: ['b', 'c'] });
export { attention };
