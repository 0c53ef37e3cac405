import { additiveAttention, additiveLogits } from '../../attention/scores/additive';
import { contentBasedScore } from '../../attention/scores/content-based';
import { dotProductAttention, dotProductScore } from '../../attention/scores/dot-product';
import { generalAttention, generalParameters, generalScore } from '../../attention/scores/general';
import { batch, batches } from '../../data/batches';
import { cloakroom, type Guests } from '../../data/cloakroom';
import { letters, loadCmudict, phonemes } from '../../data/cmudict';
import { loadMnist } from '../../data/mnist';
import {
  EncoderDecoder,
  type EncoderDecoderOptions,
  type LearnedScore,
} from '../../models/encoder-decoder';
import { errorByLength, pronunciationErrors, spellingPairs } from '../../models/pronounce';
import type { Results } from '../../notebook/stored-results';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';

const [letterPositions, depths] = [20, [16, 64, 256, 1024]];

const scaledBy = (scale: number): LearnedScore => ({
  logits: (s, h) => tf.mul(dotProductScore(s, h), scale),
});

const location: LearnedScore = {
  parameters: ({ queryDepth }, next) => ({ W: uniform([queryDepth, letterPositions], next) }),
  logits(s, h, { W }) {
    const beyond = tf.fill([s.shape[0], 1, h.shape[1] as number], -30);
    return tf.slice(tf.concat([dense(s, W), beyond], 2), [0, 0, 0], [-1, -1, h.shape[1] as number]);
  },
};

/** The scores of the lesson, by `src`; undefined is the additive one. */
const six: Record<string, LearnedScore | undefined> = {
  'content-based': {
    parameters: ({ queryDepth }, next) => ({
      w: uniform([queryDepth, 1], next),
      b: tf.ones([1]),
    }),
    logits: (s, h, { w, b }) => contentBasedScore(s, h, tf.softplus(dense(s, w, b))),
  },
  additive: undefined,
  location,
  general: {
    parameters: (sizes, next) => generalParameters(sizes, next),
    logits: (s, h, { W }) => generalScore(s, h, { W }),
  },
  dot: scaledBy(1),
  'scaled dot': scaledBy(1 / Math.sqrt(96)),
};

/** What sections 5 and 7 and exercise 3.4 compare with the six. */
const others: Record<string, LearnedScore> = {
  // Luong's release: the matrix that should multiply h is left out.
  'concat, as released': {
    parameters: ({ queryDepth, keyDepth }, next) => ({
      W: uniform([queryDepth, keyDepth], next),
      v: uniform([keyDepth], next),
    }),
    logits: (s, h, { W, v }) => additiveLogits(dense(s, W), h, v),
  },
  'dot times 10': scaledBy(10),
  'dot times 3': scaledBy(3),
  'dot and location': {
    parameters: location.parameters,
    logits: (s, h, p) => tf.add(dotProductScore(s, h), location.logits(s, h, p)),
  },
};

/** All trainings of the lesson with three seeds each, and the times of section 5. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = {};
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toPrecision(6)}`);
  };
  const { validation } = loadCmudict();
  const rates = (
    name: string,
    options: Partial<EncoderDecoderOptions>,
    { steps = 300, byLength = true } = {},
  ) => {
    for (const seed of [1, 2, 3]) {
      const { model, perplexity, error } = trained({ ...options, seed }, steps);
      note(`${name}: error, 1,000 test words`, error);
      note(`${name}: perplexity`, perplexity);
      if (byLength) {
        curves[`${name}: error by length`] ??= [];
        const errors = errorByLength(model, validation);
        curves[`${name}: error by length`].push(errors);
        report(
          `${name}: error by length: ${errors.map((error) => error.toPrecision(6)).join(' ')}`,
        );
      }
      model.dispose();
    }
  };
  const data = loadMnist();
  for (const kind of ['additive', 'dot', 'scaled dot'] as const) {
    curves[`cloakroom, ${kind}`] = [1, 2, 3].map((seed) =>
      depths.map((d) => rightCoats(kind, d, seed, data)),
    );
    for (const run of curves[`cloakroom, ${kind}`]) {
      depths.forEach((d, i) => {
        note(`cloakroom, ${kind}, depth ${d}`, run[i]);
      });
    }
  }
  for (const [name, score] of Object.entries(six)) {
    rates(name, { score }, { byLength: !['content-based', 'general'].includes(name) });
  }
  rates('no attention', { attention: false });
  for (const [name, score] of Object.entries(others)) rates(name, { score }, { byLength: false });
  for (const name of ['scaled dot', 'dot']) {
    rates(`${name}, 600 steps`, { score: six[name] }, { steps: 600, byLength: false });
  }
  const lengths = [32, 64, 128, 256];
  curves.lengths = [lengths];
  for (const [name, attend] of Object.entries(timed())) {
    curves[`${name}: seconds`] = [1, 2, 3].map(() => lengths.map((n) => seconds(attend, n)));
    report(
      `${name}: ${curves[`${name}: seconds`][0].map((s) => (1000 * s).toFixed(2)).join(' ')} ms`,
    );
  }
  return { setting: 'seeds 1, 2 and 3', numbers, curves };
}

/** The decoder of section 5, with as many parameters whatever its score. */
function trained({ seed = 1, ...options }: Partial<EncoderDecoderOptions>, steps: number) {
  const sizes = {
    ...{ sourceTokens: letters.size, targetTokens: phonemes.size, seed },
    ...{ dEmbedding: 32, units: 48, decoderUnits: 96, dAttention: 48, ...options },
  };
  const size = ({ parameters }: EncoderDecoder) =>
    Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
  const [plain, wide, additive] = [
    new EncoderDecoder(sizes),
    new EncoderDecoder({ ...sizes, dMaxout: 97 }),
    new EncoderDecoder({ ...sizes, score: undefined, attention: true }),
  ];
  const perUnit = size(wide) - size(plain);
  const dMaxout = 96 + Math.round((size(additive) - size(plain)) / perUnit);
  for (const one of [plain, wide, additive]) one.dispose();

  const data = loadCmudict();
  const model = new EncoderDecoder({ ...sizes, dMaxout });
  const adam = new Adam(model.parameters, {
    learningRate: cosineSchedule(0.005, steps),
    clipNorm: 5,
  });
  const stream = batches(spellingPairs(data.train), { batchSize: 64, seed });
  for (let step = 0; step < steps; step++) adam.minimize(() => model.loss(stream.next().value));
  adam.dispose();
  const test = data.test.slice(0, 1000);
  return {
    model,
    perplexity: tf.tidy(() => Math.exp(model.loss(batch(spellingPairs(test))).dataSync()[0])),
    error: 100 * pronunciationErrors(model, test).token,
  };
}

/** Guests of 500, in percent, who get their coat, after 150 steps. The model is section 5.3's. */
function rightCoats(
  kind: 'additive' | 'dot' | 'scaled dot',
  depth: number,
  seed: number,
  { train, test }: ReturnType<typeof loadMnist>,
): number {
  const [next, steps] = [random(seed), 150];
  const matrix = (rows: number, columns: number) =>
    uniform([rows, columns], next, Math.sqrt(3 / rows));
  const start = { W: matrix(196, depth), U: matrix(196, depth), V: tf.mul(tf.eye(10), 4) };
  const p: Record<string, tf.Variable> = flatten(
    variables(kind === 'additive' ? { ...start, v: matrix(depth, 1) } : start),
  );
  const coatsOf = ({ tickets, hooks, coats }: Guests) => {
    const [q, k] = [dense(tickets, p.W), dense(hooks, p.U)];
    const scale = kind === 'scaled dot' ? 1 / Math.sqrt(depth) : 1;
    const e =
      kind === 'additive'
        ? additiveLogits(q, k, p.v.flatten())
        : tf.mul(dotProductScore(q, k), scale);
    return dense(tf.matMul(tf.softmax(e), coats), p.V).squeeze([1]);
  };
  const adam = new Adam(p, { learningRate: cosineSchedule(0.003, steps), clipNorm: 1 });
  const draw = cloakroom(train);
  for (let step = 0; step < steps; step++) {
    const guests = draw(64, next);
    const truth = tf.oneHot(guests.wanted, 10);
    adam.minimize(() => tf.losses.softmaxCrossEntropy(truth, coatsOf(guests)));
    tf.dispose([truth, { ...guests }]);
  }
  const evening = cloakroom(test)(500, random(99));
  const right = tf.tidy(() => {
    const given = coatsOf(evening).argMax(1);
    return tf.mean(tf.equal(given, evening.wanted).toFloat()).dataSync()[0];
  });
  adam.dispose();
  tf.dispose([p, { ...evening }]);
  return 100 * right;
}

type Attend = (q: tf.Tensor3D, k: tf.Tensor3D) => tf.Tensor;

/** What section 5.4 times: sequences of depth 128, each position asks every other. */
function timed(): Record<string, Attend> {
  const next = random(4);
  const [W, U] = [0, 1].map(() => uniform([128, 128], next));
  const v = uniform([128], next);
  return {
    dot: (q, k) => dotProductAttention(q, k, k).context,
    general: (q, k) => generalAttention(q, k, k, { W }).context,
    additive: (q, k) => additiveAttention(q, k, k, { W, U, v }).context,
  };
}

/** The shortest of seven runs, forward and backward, of batches of eight. */
function seconds(attend: Attend, n: number): number {
  const [q, k] = [0, 1].map(() => uniform([8, n, 128], random(5), 1) as tf.Tensor3D);
  const gradients = tf.grads((a, b) => tf.sum(attend(a as tf.Tensor3D, b as tf.Tensor3D)));
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now();
    tf.tidy(() => gradients([q, k]).map((g) => g.dataSync()[0]));
    return (performance.now() - start) / 1000;
  });
  tf.dispose([q, k]);
  return Math.min(...times);
}
