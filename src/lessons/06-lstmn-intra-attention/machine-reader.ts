import { numbered } from '../../data/agreement';
import {
  bookSentences,
  loadReviews,
  type SentenceCoder,
  type SentenceRows,
  sentenceCoder,
} from '../../data/sentences';
import { lstm, lstmParameters } from '../../layers/lstm';
import { type LstmnParameters, lstmn, lstmnCell, lstmnParameters } from '../../layers/lstmn';
import { dense } from '../../tensors/dense';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, shuffled, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { crossEntropy } from '../../training/cross-entropy';
import { cosineSchedule } from '../../training/schedule';
import { type Report, train } from '../../training/train';

export type MachineReaderOptions = {
  /** What reads: an LSTM, or one with tapes. */
  cell: 'lstm' | 'lstmn';
  coder: SentenceCoder;
  /** Depth of the words' vectors. */
  depth?: number;
  /** Units of the LSTMN. An LSTM gets as many as make the parameters equal. */
  units?: number;
  dAttention?: number;
  seed?: number;
};

/** How an LSTMN runs over a sentence; `lstmn`, or one of the reader's own. */
export type LstmnRun = (
  x: tf.Tensor3D,
  parameters: LstmnParameters,
) => { states: tf.Tensor; weights: tf.Tensor };

/** A recurrent network that reads sentences and says what comes next. */
export type MachineReader = ReturnType<typeof machineReader>;

/**
 * A language model with one recurrent layer, an LSTM or an LSTMN, that says of every word which one
 * comes next. Words go in and out by the same vectors.
 *
 *     x_t = E[word_t] + F[ending_t]      h_t = LSTM(x)_t or LSTMN(x)_t
 *     p(word_{t+1}) = softmax(E (W_o h_t) + b)
 *
 * An LSTM of `unitsOfEqual` many units has as many parameters as the LSTMN. Forget gates begin open
 * (bias 1).
 */
export function machineReader({
  cell,
  coder,
  depth = 64,
  units: tapeUnits = 64,
  dAttention = 32,
  seed = 1,
}: MachineReaderOptions) {
  const next = random(seed);
  const units = cell === 'lstmn' ? tapeUnits : unitsOfEqual(depth, tapeUnits, dAttention);
  const sizes = { inputDepth: depth, units, dAttention };
  const start = tf.tidy(() => ({
    words: uniform([coder.wordCount, depth], next, 0.2),
    endings: uniform([coder.endingCount, depth], next, 0.2),
    ...(cell === 'lstmn' ? lstmnParameters(sizes, next) : { lstm: lstmParameters(sizes, next) }),
    output: uniform([units, depth], next),
    bias: tf.zeros([coder.wordCount]),
  }));
  tf.dispose(start.lstm.b);
  start.lstm.b = tf.tidy(() =>
    tf.concat([tf.zeros([units]), tf.ones([units]), tf.zeros([2 * units])]),
  );
  const tree = variables(start);

  /** h_t of every place, and of an LSTMN where it looked; `run` takes the place of `lstmn`. */
  function read({ words, endings }: Pick<SentenceRows, 'words' | 'endings'>, run?: LstmnRun) {
    const ids = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');
    const x = tf.add(tf.gather(tree.words, ids(words)), tf.gather(tree.endings, ids(endings)));
    if ('intra' in tree)
      return (run ?? lstmn)(x as tf.Tensor3D, tree as LstmnParameters) as {
        states: tf.Tensor3D;
        weights: tf.Tensor3D;
      };
    return { states: lstm(x, tree.lstm).states, weights: undefined };
  }
  /** Logits of all words, [rows, words]. */
  function say(states: tf.Tensor): tf.Tensor2D {
    const y = dense(states.reshape([-1, units]), tree.output);
    return tf.add(tf.matMul(y, tree.words, false, true), tree.bias);
  }
  /** Mean negative log-likelihood of the next word, in nats. */
  function loss(rows: SentenceRows, run?: LstmnRun): tf.Scalar {
    return tf.tidy(() => {
      const targets = tf.tensor1d(rows.next.flat(), 'int32');
      return crossEntropy(say(read(rows, run).states), targets, tf.notEqual(targets, 0));
    });
  }
  return { cell, coder, units, depth, next, tree, parameters: flatten(tree), read, say, loss };
}

/** What this lesson reads: the book, the reviews, and numbers for the words of both. */
export function readingList() {
  const book = bookSentences();
  const reviews = loadReviews();
  const also = [
    ...numbered(
      reviews.flatMap(({ tokens }) => tokens),
      3,
    ).keys(),
  ];
  const heldOut = book.test.filter((_, i) => i % 3 === 0);
  return { sentences: book.train, heldOut, reviews, coder: sentenceCoder(book.train, { also }) };
}

/** How many units give an LSTM the parameters of an LSTMN, output included. */
export function unitsOfEqual(depth: number, units: number, dAttention: number): number {
  const lstmOf = (n: number) => 4 * n * (depth + n + 1) + n * depth;
  const wanted = lstmOf(units) + (depth + 2 * units + 1) * dAttention;
  let n = units;
  while (lstmOf(n + 1) <= wanted) n++;
  return wanted - lstmOf(n) <= lstmOf(n + 1) - wanted ? n : n + 1;
}

/** Endless batches of sentences of like length, in random order. */
function* sentenceBatches(
  sentences: readonly string[][],
  size: number,
  next: Random,
): Generator<string[][], never> {
  while (true) {
    const sorted = shuffled(sentences, next).sort((a, b) => a.length - b.length);
    const starts = Array.from({ length: Math.floor(sorted.length / size) }, (_, i) => i * size);
    for (const start of shuffled(starts, next)) yield sorted.slice(start, start + size);
  }
}

/**
 * Trains a reader to say the next word.
 *
 * @param options.rows makes the rows of a batch; default: the coder's, where one known word in ten
 *   is taken for a rare one, so that its ending has to do
 * @returns the loss of each step, in nats per word
 */
export async function trainMachineReader(
  reader: MachineReader,
  sentences: readonly string[][],
  {
    steps = 300,
    batch = 64,
    learningRate = 0.005,
    rows = (some: string[][]) => blurred(reader, some),
    run,
  }: {
    steps?: number;
    batch?: number;
    learningRate?: number;
    rows?: (sentences: string[][]) => SentenceRows;
    run?: LstmnRun;
  } = {},
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(reader.parameters, {
    learningRate: cosineSchedule(learningRate, steps),
    clipNorm: 1,
  });
  const stream = sentenceBatches(sentences, batch, reader.next);
  const losses = await train(
    steps,
    () => {
      const seen = rows(stream.next().value);
      return adam.minimize(() => reader.loss(seen, run));
    },
    report,
  );
  adam.dispose();
  return losses;
}

function blurred({ coder, next }: MachineReader, sentences: string[][]): SentenceRows {
  const rows = coder.rows(sentences);
  const words = rows.words.map((row) => row.map((id) => (id > 2 && next() < 0.1 ? 1 : id)));
  return { ...rows, words };
}

/** exp of the mean loss over sentences: among how many words a reader hesitates. */
export function perplexity(reader: MachineReader, sentences: readonly string[][]): number {
  const sorted = [...sentences].sort((a, b) => a.length - b.length);
  let [nats, words] = [0, 0];
  for (let start = 0; start < sorted.length; start += 64) {
    const some = sorted.slice(start, start + 64);
    const loss = reader.loss(reader.coder.rows(some));
    const count = some.reduce((sum, one) => sum + one.length + 1, 0);
    nats += count * loss.dataSync()[0];
    words += count;
    loss.dispose();
  }
  return Math.exp(nats / words);
}

/** How many words back a reader may know: see `perplexityWithin`. */
export const memories = [1, 2, 3, 4, 6, 8, 12];

/**
 * Perplexity of a reader that may know only the last `memory` words: every word of the sentences
 * that has twelve before it is guessed from the last `memory` of them alone.
 */
export function perplexityWithin(
  reader: MachineReader,
  sentences: readonly string[][],
  memory: number,
): number {
  const farthest = Math.max(...memories); // the same words are guessed with every memory
  const windows = sentences.flatMap((one) =>
    one.slice(farthest).map((_, i) => one.slice(i + farthest - memory, i + farthest + 1)),
  );
  let nats = 0;
  for (let start = 0; start < windows.length; start += 512) {
    const rows = reader.coder.rows(windows.slice(start, start + 512));
    nats += tf.tidy(() => {
      const last = reader.read(rows).states.slice([0, memory], [-1, 1]);
      const targets = tf.tensor1d(
        rows.next.map((row) => row[memory]),
        'int32',
      );
      const mean = crossEntropy(reader.say(last), targets, tf.onesLike(targets));
      return targets.size * mean.dataSync()[0];
    });
  }
  return Math.exp(nats / windows.length);
}

/** Sentences of eight words that are no rare ones, to be said again, and numbers for these words. */
export function echoSentences() {
  const { train: all, test } = bookSentences({ longest: 8, shortest: 8 });
  const coder = sentenceCoder(all, { rare: 40 });
  const known = (list: string[][]) => list.filter((one) => one.every((word) => coder.id(word) > 2));
  return { sentences: known(all), heldOut: known(test), coder };
}

/** `lstmn` whose score leaves h̃_{t−1} out, as that of the authors' encoder does. */
export const withoutSummary: LstmnRun = (x, { intra, lstm }) => {
  const W = tf.concat([
    tf.slice(intra.W, 0, x.shape[2]),
    tf.zerosLike(tf.slice(intra.W, x.shape[2])),
  ]);
  return lstmn(x, { intra: { ...intra, W }, lstm });
};

/** A sentence read twice, where only the second reading counts: what is to come has been seen. */
export function echo(coder: SentenceCoder, sentences: readonly string[][]): SentenceRows {
  const { words, endings, next } = coder.rows(sentences);
  const twice = (rows: number[][]) => rows.map((row) => [...row, ...row]);
  return {
    words: twice(words),
    endings: twice(endings),
    next: next.map((row) => [...row.map(() => 0), ...row]),
  };
}

/** Share of the words that a reader says right at the second reading, given the true ones before. */
export function echoed(
  reader: MachineReader,
  sentences: readonly string[][],
  run?: LstmnRun,
): number {
  return tf.tidy(() => {
    const rows = echo(reader.coder, sentences);
    const said = reader.say(reader.read(rows, run).states).argMax(1).dataSync();
    const wanted = rows.next.flat();
    const words = wanted.flatMap((id, i) => (id > 2 ? [i] : []));
    return words.filter((i) => said[i] === wanted[i]).length / words.length;
  });
}

/** What can be wrong with the tapes of `spoiledLstmn`. */
export type Spoiled = {
  /** What a step writes, [batch, 2 · units]; default: h and c. */
  write?: (step: { h: tf.Tensor; c: tf.Tensor }) => tf.Tensor;
  /** Slots of zeros in front. */
  blank?: number;
  /** How many slots are kept, the latest ones. */
  longest?: number;
};

/** `lstmn`, a step of `lstmnCell` at a time, with tapes that something is wrong with. */
export function spoiledLstmn(
  x: tf.Tensor3D,
  parameters: LstmnParameters,
  {
    write = ({ h, c }) => tf.concat([h, c], 1),
    blank = 0,
    longest = Number.POSITIVE_INFINITY,
  }: Spoiled = {},
): { states: tf.Tensor; weights: tf.Tensor } {
  const [batch, time] = x.shape;
  const zeros = (...shape: number[]): tf.Tensor => tf.zeros([batch, ...shape]);
  const [units] = parameters.intra.U.shape;
  let slots = blank ? zeros(blank, 2 * units) : undefined;
  let summary = zeros(units);
  const [states, rows]: tf.Tensor[][] = [[], []];
  for (let t = 0; t < time; t++) {
    const lost = Math.max(0, t - longest);
    const word = tf.squeeze(x.slice([0, t], [-1, 1]), [1]) as tf.Tensor;
    const step = lstmnCell(word, { slots: slots?.slice([0, lost]), summary }, parameters);
    summary = step.summary;
    states.push(step.h);
    const slot = write(step).expandDims(1);
    slots = slots ? tf.concat([slots, slot], 1) : slot;
    const seen = step.weights ? [step.weights] : [];
    const future = zeros(1, time + blank - lost - (step.weights?.shape[2] ?? 0));
    const row = tf.concat([...(lost ? [zeros(1, lost)] : []), ...seen, future], 2);
    rows.push(row.slice([0, 0, blank]));
  }
  return { states: tf.stack(states, 1), weights: tf.concat(rows, 1) };
}
