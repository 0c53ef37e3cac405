import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { agreementCoder, agreementReach, loadAgreement } from '../../data/agreement';
import { gru, gruParameters } from '../../layers/gru';
import type { Results } from '../../notebook/stored-results';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { random, shuffled, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';

/** The trainings of section 5 with three seeds, and the times of section 7. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  for (const kind of ['mean of the words', 'attention without positions', 'attention'] as const) {
    numbers[`${kind}: right`] = [];
    for (const seed of [1, 2, 3]) {
      const right = agreementRight(kind, seed);
      numbers[`${kind}: right`].push(right);
      report(`${kind}, seed ${seed}: ${(100 * right).toFixed(1)} %`);
    }
  }
  const lengths = [256, 512, 1024, 2048, 4096];
  const curves: Results['curves'] = { lengths: [lengths] };
  for (const [name, layer] of Object.entries(layers(64))) {
    const runs = [1, 2, 3].map(() => lengths.map((n) => seconds(layer, n)));
    curves[name] = runs;
    numbers[`${name}: time grows as n to the`] = runs.map((run) =>
      exponent(lengths.slice(2), run.slice(2)),
    );
    report(`${name}: ${runs[0].map((s) => (1000 * s).toFixed(1)).join(', ')} ms`);
  }
  return {
    setting: 'seeds 1, 2 and 3',
    numbers,
    curves,
  };
}

/** Share of the held-out verbs that come out right. The model is the lesson's, in section 5. */
function agreementRight(
  kind: 'mean of the words' | 'attention without positions' | 'attention',
  seed: number,
): number {
  const [d, steps, batchSize] = [32, 400, 64];
  const { train, test } = loadAgreement();
  const coder = agreementCoder(train);
  const places = agreementReach.before + 1 + agreementReach.after;
  const next = random(seed);
  const small = (rows: number) => uniform([rows, d], next, 0.3);
  const all = {
    ...{ word: small(coder.wordCount), ending: small(coder.endingCount), place: small(places) },
    ...{ WQ: uniform([d, d], next), WK: uniform([d, d], next), WV: uniform([d, d], next) },
    ...{ w: uniform([d, 1], next), b: tf.zeros([1]) },
  };
  const { WQ: _, WK: __, ...averaged } = all;
  const { place: ___, ...unplaced } = all;
  const used = {
    'mean of the words': averaged,
    'attention without positions': unplaced,
    attention: all,
  }[kind];
  const p = variables(used) as Partial<typeof all> & typeof unplaced;
  const logits = ({ words, endings, seen }: ReturnType<typeof coder.encode>) => {
    const X = tf.add(tf.gather(p.word, words), tf.gather(p.ending, endings));
    const x = p.place ? tf.add(X, p.place) : X;
    const mask = tf.tensor3d(seen.map((row) => [row]));
    const v = dense(x, p.WV) as tf.Tensor3D;
    const verb = tf.slice(x, [0, agreementReach.before, 0], [-1, 1, -1]);
    const context =
      kind === 'mean of the words'
        ? tf.div(tf.matMul(mask, v), tf.maximum(tf.sum(mask, -1, true), 1))
        : scaledDotProductAttention(dense(verb, p.WQ), dense(x, p.WK) as tf.Tensor3D, v, mask)
            .context;
    return tf.add(dense(context, p.w), p.b).flatten();
  };
  const adam = new Adam(flatten(p), { learningRate: cosineSchedule(0.01, steps), clipNorm: 1 });
  let order: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (order.length < batchSize) order = shuffled([...train.keys()], next);
    const rows = coder.encode(order.splice(0, batchSize).map((i) => train[i]));
    // Of the known words, one in seven is taken for a rare one: its ending has to do.
    const words = rows.words.map((row) => row.map((id) => (id > 1 && next() < 0.15 ? 1 : id)));
    adam.minimize(() => {
      const z = logits({ ...rows, words });
      return tf.mean(tf.sub(tf.softplus(z), tf.mul(z, rows.plural)));
    });
  }
  const found = tf.tidy(() => [...logits(coder.encode(test)).dataSync()]);
  adam.dispose();
  tf.dispose(flatten(p));
  return found.filter((z, i) => z > 0 === (test[i].plural === 1)).length / test.length;
}

/** One layer of each kind on [1, n, d]: what Table 1 compares. */
function layers(d: number): Record<string, (x: tf.Tensor3D) => tf.Tensor> {
  const next = random(1);
  const [WQ, WK, WV] = [0, 1, 2].map(() => uniform([d, d], next));
  const unit = gruParameters({ inputDepth: d, units: d }, next);
  const kernel = uniform([3, d, d], next) as tf.Tensor3D;
  const project = (x: tf.Tensor3D, W: tf.Tensor) => dense(x, W) as tf.Tensor3D;
  return {
    'self-attention': (x) =>
      scaledDotProductAttention(project(x, WQ), project(x, WK), project(x, WV)).context,
    recurrent: (x) => gru(x, unit),
    'convolution, k = 3': (x) => tf.conv1d(x, kernel, 1, 'same'),
  };
}

/** The shortest of fifteen runs. */
function seconds(layer: (x: tf.Tensor3D) => tf.Tensor, n: number): number {
  const x = uniform([1, n, 64], random(2), 1) as tf.Tensor3D;
  const times = Array.from({ length: 15 }, () => {
    const start = performance.now();
    tf.tidy(() => layer(x).dataSync());
    return (performance.now() - start) / 1000;
  });
  x.dispose();
  return Math.min(...times);
}

/** The slope of log y over log x, by least squares. */
function exponent(x: number[], y: number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const [mu, mv] = [mean(u), mean(v)];
  const along = u.reduce((sum, a, i) => sum + (a - mu) * (v[i] - mv), 0);
  return along / u.reduce((sum, a) => sum + (a - mu) ** 2, 0);
}
