import { multiHeadAttention } from '../../attention/heads/multi-head';
import { singleHeadedAttention } from '../../attention/heads/single-headed';
import {
  denseSynthesizer,
  denseSynthesizerParameters,
  factorizedDenseSynthesizer,
  factorizedRandomSynthesizer,
  randomSynthesizer,
} from '../../attention/heads/synthesizer';
import { causalMask } from '../../attention/masks';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { columnOf, depth, diagonal, matrix, sentence, vectors } from './example';
import { type Drawn, overWords } from './panels';

const length = sentence.length;

/** The word and its place, both as columns of a long vector [1, 12, 28]. */
function withPlaces(): tf.Tensor3D {
  return tf.concat([vectors(), tf.eye(length).expandDims(0)], 2) as tf.Tensor3D;
}

/** Four heads with different things to look for; each has 12 columns of W^Q and W^K. */
function multiHead(): Drawn {
  const names = ['the word before', 'the next word', 'words of one kind', 'nouns'];
  const place = (head: number, row: number, column: number, far: number, much: number) =>
    head < 2 ? (row - depth === column + far ? much : 0) : 0;
  const WQ = matrix(depth + length, 4 * length, (row, column) => {
    const [head, c] = [Math.floor(column / length), column % length];
    if (head === 2) return row < 3 && row === c ? 3 : 0;
    if (head === 3) return row < 3 && c === 0 ? 3 : 0;
    return place(head, row, c, 0, 4);
  });
  const WK = matrix(depth + length, 4 * length, (row, column) => {
    const [head, c] = [Math.floor(column / length), column % length];
    if (head === 2) return row < 3 && row === c ? 3 : 0;
    if (head === 3) return row === columnOf(1) && c === 0 ? 3 : 0;
    return place(head, row, c, head === 0 ? -1 : 1, 4);
  });
  const x = withPlaces();
  const { weights } = multiHeadAttention(
    x,
    x,
    x,
    {
      WQ: tf.tensor2d(WQ),
      WK: tf.tensor2d(WK),
      WV: tf.zeros([depth + length, 4 * length]),
      WO: tf.zeros([4 * length, 4 * length]),
    },
    { heads: 4 },
  );
  const each = tf.unstack(weights.reshape([4, length, length]));
  return {
    panels: each.map((head, h) => overWords(head, { caption: `head ${h + 1}: ${names[h]}` })),
    input: 'The vectors of twelve words and of their places, as queries and as keys.',
    look: 'Several maps of one sentence: each head looks for something else.',
  };
}

/** The text goes on where it was: the memory holds the same sentence, read before. */
function singleHeaded(): Drawn {
  const x = vectors();
  const keys = tf.concat([x, x], 1);
  const open = (much: number) => tf.fill([depth], much);
  const { weights } = singleHeadedAttention(
    x,
    keys,
    keys,
    {
      WQ: tf.tensor2d(diagonal(depth)),
      bQ: tf.zeros([depth]),
      norm: { gain: tf.ones([depth]), bias: tf.zeros([depth]) },
      ...{ qs: open(4), ks: open(4), vs: open(1) },
    },
    causalMask(length, 2 * length),
  );
  return {
    panels: [
      overWords(weights, {
        columns: [...sentence, ...sentence],
        columnTitle: 'key: the memory, then the text',
      }),
    ],
    input: 'Twelve words, behind a memory of twelve: the same sentence, read before.',
    look: 'Twice as wide as high: a whole memory, then a triangle.',
  };
}

function dense(): Drawn {
  const parameters = denseSynthesizerParameters({ depth, hidden: 24, length }, random(4));
  const sharper = { ...parameters, W2: tf.mul(parameters.W2, 3.4) };
  const x = vectors();
  return {
    panels: [overWords(denseSynthesizer(x, x, sharper).weights)],
    input: 'The vectors of twelve words; the network was drawn at random.',
    look: 'Equal words have equal rows, though no word was compared with another.',
  };
}

function randomTable(): Drawn {
  const R = uniform([length, length], random(2), 2.2);
  return {
    panels: [overWords(randomSynthesizer(vectors(), { R }).weights)],
    input: 'Nothing: the table was drawn at random, and stays the same for every sentence.',
    look: 'Noise. Equal words have nothing in common, neither rows nor columns.',
  };
}

function factorizedDense(): Drawn {
  const next = random(12);
  const [a, b] = [3, 4];
  const { weights } = factorizedDenseSynthesizer(vectors(), vectors(), {
    WA: uniform([depth, a], next, 1.1),
    bA: tf.zeros([a]),
    WB: uniform([depth, b], next, 1.1),
    bB: tf.zeros([b]),
  });
  return {
    panels: [overWords(weights)],
    input: 'The vectors of twelve words; a choice among 3 groups times one among 4 places.',
    look: 'Each row repeats one profile of four, three times, stronger or turned around.',
  };
}

function factorizedRandom(): Drawn {
  const next = random(7);
  const [R1, R2] = [uniform([length, 1], next, 1.8), uniform([length, 1], next, 1.8)];
  return {
    panels: [overWords(factorizedRandomSynthesizer(vectors(), { R1, R2 }).weights)],
    input: 'Nothing: two columns of numbers, drawn at random; their products are the table.',
    look: 'A tartan: of rank 1, all rows prefer the same keys, or just the others.',
  };
}

export const headMaps: Record<string, () => Drawn> = {
  'Multi-Head Attention': multiHead,
  'Single-Headed Attention': singleHeaded,
  'Dense Synthesized Attention': dense,
  'Random Synthesized Attention': randomTable,
  'Factorized Dense Synthesized Attention': factorizedDense,
  'Factorized Random Synthesized Attention': factorizedRandom,
};
