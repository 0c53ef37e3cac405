import { kernelRegression } from '../../attention/scores/kernel-regression';
import { type Digit, drawnDigit, loadMnist } from '../../data/mnist';
import type { Results } from '../../notebook/stored-results';
import { random, shuffled, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';

/** What the look-up makes of queries and keys before it compares them. */
type See = (pictures: tf.Tensor) => tf.Tensor;

const sigmas = [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.5, 3, 4, 6, 10];
const depths = [1, 2, 4, 8, 16, 32];

/**
 * The experiments of the lesson for five draws: which digits are the memory and which the test,
 * what a careless clerk wrote, where the learning begins; and the counts of a café for 0.4.
 */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Record<string, number[]> = {};
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
  };
  const byDepth: number[][] = [];
  for (const seed of [1, 2, 3, 4, 5]) {
    const digits = loadMnist({ seed });
    const roll = random(seed);
    const careless = digits.train.map((digit) =>
      roll() < 0.3 ? { ...digit, label: Math.floor(10 * roll()) } : digit,
    );
    const keys = picturesOf(digits.train);
    const [careful, spoiled] = [oneHot(digits.train), oneHot(careless)];
    const right = (some: Digit[], values: tf.Tensor, see: See) =>
      tf.tidy(() => accuracy(lookUp(picturesOf(some), keys, values, see), some));
    const chosen = (values: tf.Tensor) => {
      const of = sigmas.map((sigma) => right(digits.validation, values, scaled(sigma)));
      return sigmas[of.indexOf(Math.max(...of))];
    };
    const nearest = scaled(0.3);
    note('plain error', 100 - right(digits.test, careful, nearest));
    note('careless, hard', right(digits.test, spoiled, nearest));
    note('careless, soft', right(digits.test, spoiled, scaled(chosen(spoiled))));
    note('careful, soft', right(digits.test, careful, scaled(chosen(careful))));

    const width = tf.variable(tf.scalar(1 / 4));
    learn(keys, careful, { width }, (x) => tf.mul(x, width), 60, 0.05);
    note('learned width', 1 / width.dataSync()[0]);

    const errors = depths.map((depth) => {
      const W = tf.variable(uniform([784, depth], random(seed), 0.17));
      const see: See = (x) => tf.matMul(x, W);
      const before = 100 - right(digits.test, careful, see);
      learn(keys, careful, { W }, see, 200, 0.005);
      if (depth === 32) note('random keys error', before);
      return 100 - right(digits.test, careful, see);
    });
    byDepth.push(errors.map((error) => 100 - error));
    note('learned error', errors[errors.length - 1]);
    note('marks of the leanest 8', leanest(keys, careful, scaled(1.2)));
    for (const error of [0.5, 2, 6]) {
      note(`best bandwidth, error ${error}`, bestBandwidth(counted(error, seed)));
    }
    tf.dispose([keys, careful, spoiled]);
    report(
      `seed ${seed}: ${JSON.stringify(
        Object.fromEntries(
          Object.entries(numbers).map(([name, values]) => [name, values[values.length - 1]]),
        ),
      )} ${byDepth[byDepth.length - 1]}`,
    );
  }
  return {
    setting: 'five draws',
    numbers,
    curves: { depths: [depths], 'right by depth': byDepth },
  };
}

const scaled =
  (sigma: number): See =>
  (x) =>
    tf.mul(x, 1 / sigma);

function stacked(pictures: Float32Array[]): tf.Tensor {
  return tf.tidy(() => tf.stack(pictures.map((pixels) => tf.tensor1d(pixels))));
}

function picturesOf(digits: Digit[]): tf.Tensor {
  return stacked(digits.map(({ pixels }) => pixels));
}

function oneHot(digits: Digit[]): tf.Tensor {
  return tf.cast(
    tf.oneHot(
      digits.map(({ label }) => label),
      10,
    ),
    'float32',
  );
}

function lookUp(query: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, see: See): tf.Tensor {
  const [q, k, v] = [see(query), see(keys), values].map((x) => tf.expandDims(x, 0));
  return tf.squeeze(kernelRegression(q, k, v, 1).context, [0]);
}

/** Per cent of the digits whose own share is the largest. */
function accuracy(shares: tf.Tensor, digits: Digit[]): number {
  const guesses = tf.argMax(shares, 1).dataSync();
  return (100 * digits.filter(({ label }, i) => label === guesses[i]).length) / digits.length;
}

/** The learning of section 5.2: 300 pictures ask, 1,500 others answer. */
function learn(
  keys: tf.Tensor,
  values: tf.Tensor,
  parameters: Record<string, tf.Variable>,
  see: See,
  steps: number,
  rate: number,
): void {
  const next = random(1);
  const everyone = Array.from({ length: keys.shape[0] }, (_, i) => i);
  const adam = new Adam(parameters, { learningRate: cosineSchedule(rate, steps, 10) });
  for (let step = 0; step < steps; step++) {
    const drawn = shuffled(everyone, next);
    const some = (of: tf.Tensor, from: number, to: number) => tf.gather(of, drawn.slice(from, to));
    adam.minimize(() => {
      const shares = lookUp(
        some(keys, 0, 300),
        some(keys, 300, 1800),
        some(values, 300, 1800),
        see,
      );
      const own = tf.sum(tf.mul(shares, some(values, 0, 300)), 1);
      return tf.neg(tf.mean(tf.log(tf.maximum(own, 1e-6))));
    });
  }
}

const eight = [
  '...####...',
  '..##..##..',
  '..##..##..',
  '...####...',
  '...####...',
  '..##..##..',
  '..#....#..',
  '..##..##..',
  '...####...',
].join('\n');

/** Marks of a drawn 8 are taken away, each time the one that is missed least, while it stays an 8. */
function leanest(keys: tf.Tensor, values: tf.Tensor, see: See): number {
  let drawing = eight;
  for (;;) {
    const fewer = Array.from(drawing, (mark, i) => ({ mark, i }))
      .filter(({ mark }) => mark === '#')
      .map(({ i }) => `${drawing.slice(0, i)}.${drawing.slice(i + 1)}`);
    const shares = tf.tidy(() => {
      const pictures = stacked(fewer.map(drawnDigit));
      return tf.slice(lookUp(pictures, keys, values, see), [0, 8], [-1, 1]).dataSync();
    });
    const most = Math.max(...shares);
    if (!(most > 0.5)) return fewer.length;
    drawing = fewer[shares.indexOf(most)];
  }
}

const halfHours = Array.from({ length: 31 }, (_, i) => 6 + i / 2);

/** The counts of exercise 0.4. */
function counted(error: number, seed: number): number[] {
  const next = random(seed);
  return halfHours.map(
    (hour) => 9 + 13 * Math.exp(-(((hour - 14.5) / 3.5) ** 2) / 2) + error * (2 * next() - 1),
  );
}

/** The bandwidth with the smallest leave-one-out error, in tenths of an hour. */
function bestBandwidth(values: number[]): number {
  const tenths = Array.from({ length: 60 }, (_, i) => (i + 1) / 10);
  const errors = tenths.map((sigma) =>
    halfHours.reduce((sum, hour, i) => {
      const weights = halfHours.map((other, j) =>
        i === j ? 0 : Math.exp(-((hour - other) ** 2) / (2 * sigma ** 2)),
      );
      const total = weights.reduce((a, b) => a + b);
      const estimate = weights.reduce((c, w, j) => c + (w * values[j]) / total, 0);
      return sum + (values[i] - estimate) ** 2;
    }, 0),
  );
  return tenths[errors.indexOf(Math.min(...errors))];
}
