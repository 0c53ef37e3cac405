import { additiveAttention } from '../../attention/scores/additive';
import { contentBasedAttention } from '../../attention/scores/content-based';
import { dotProductAttention } from '../../attention/scores/dot-product';
import { dv3Attention } from '../../attention/scores/dv3';
import { generalAttention } from '../../attention/scores/general';
import { lamaAttention } from '../../attention/scores/lama';
import { locationBasedAttention } from '../../attention/scores/location-based';
import { locationSensitiveAttention } from '../../attention/scores/location-sensitive';
import { scaledDotProductAttention } from '../../attention/scores/scaled-dot-product';
import { random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import {
  batched,
  columnOf,
  depth,
  diagonal,
  framesPerLetter,
  french,
  letters,
  matrix,
  sentence,
  translated,
  vectors,
} from './example';
import { type Drawn, overTranslation, overWords } from './panels';

const ofWords = 'The vectors of twelve words, as queries and as keys.';

/** A French word knows where it comes from, an English one where it stands: tanh turns near into much. */
function additive(): Drawn {
  const [query, keys] = [translated, sentence.map((_, j) => j)].map((places) =>
    batched(places.map((place) => [place, 1])),
  );
  // tanh(a(p − j) + c) − tanh(a(p − j) − c): a hill with its top at p = j.
  const [steep, wide, high] = [1.2, 1, 3];
  const W = tf.tensor2d([
    [steep, steep],
    [wide, -wide],
  ]);
  const U = tf.tensor2d([
    [-steep, -steep],
    [0, 0],
  ]);
  const v = tf.tensor1d([high, -high]);
  return {
    panels: [overTranslation(additiveAttention(query, keys, keys, { W, U, v }).weights)],
    input: 'A French sentence (queries) that translates an English one (keys).',
    look: 'An alignment: near the diagonal, crossed where French has another order.',
  };
}

function dotProduct(): Drawn {
  const x = vectors(1.3);
  return {
    panels: [overWords(dotProductAttention(x, x, x).weights)],
    input: ofWords,
    look: 'Equal words see each other, and long vectors see almost nothing else.',
  };
}

function scaled(): Drawn {
  const x = vectors(1.3);
  return {
    panels: [overWords(scaledDotProductAttention(x, x, x).weights)],
    input: `${ofWords} The same as for the dot product.`,
    look: 'The dot product’s map, paler: logits are a fourth, so more of the weight is spread.',
  };
}

function contentBased(): Drawn {
  const x = vectors();
  return {
    panels: [overWords(contentBasedAttention(x, x, x, undefined, { beta: 5 }).weights)],
    input: ofWords,
    look: 'Equal words see each other, short vectors as sharply as long ones.',
  };
}

/** What a group asks for, and what some words ask for besides. */
const wishes: [string | number, string | number, number][] = [
  [0, 1, 3], // function words: nouns
  [1, 2, 2], // nouns: what is said of them
  [2, 1, 1], // others: nouns
  ['old', 'sailor', 2],
  ['white', 'whale', 2],
  ['him', 'sailor', 2.5],
  ['whale', 'white', 1.5],
];

function multiplicative(): Drawn {
  const W = matrix(depth, depth, (i, j) =>
    wishes
      .filter(([asks, asked]) => columnOf(asks) === i && columnOf(asked) === j)
      .reduce((sum, [, , value]) => sum + value, 0),
  );
  const x = vectors();
  return {
    panels: [overWords(generalAttention(x, x, x, { W: tf.tensor2d(W) }).weights)],
    input: `${ofWords} The matrix lets "old" ask for "sailor", "white" for "whale".`,
    look: 'What is asked for need not be what asks: the diagonal is empty.',
  };
}

function locationBased(): Drawn {
  const vocabulary = [...new Set(french)];
  const query = batched(french.map((word) => vocabulary.map((one) => Number(one === word))));
  const W = uniform([vocabulary.length, sentence.length], random(3), 2.4);
  const values = vectors();
  return {
    panels: [overTranslation(locationBasedAttention(query, values, { W }).weights)],
    input: 'French words (queries) and the places of a table that was drawn at random.',
    look: 'Equal queries have equal rows, whatever stands at the keys: equal keys differ.',
  };
}

/** Reads the sentence aloud: each step wants a word, and knows where the one before stood. */
function locationSensitive(): Drawn {
  const x = batched(
    sentence.map((word) => matrix(1, depth, (_, j) => Number(columnOf(word) === j))[0]),
  );
  const tells = diagonal(depth, 2);
  const after = matrix(1, depth, (_, j) => (j === 0 ? 5 : 0)); // α of the place before, to unit 0
  const { weights } = locationSensitiveAttention(x, x, x, {
    W: tf.tensor2d(tells),
    V: tf.tensor2d(tells),
    F: tf.tensor2d([[1], [0], [0]]),
    U: tf.tensor2d(after),
    b: tf.tensor1d(diagonal(depth).map((_, j) => (j === 0 ? -1.5 : -3))),
    w: tf.tensor1d(diagonal(depth).map((_, j) => (j === 0 ? 1.2 : 2))),
  });
  return {
    panels: [overWords(weights, { rowTitle: 'step, and the word it wants' })],
    input: 'A sentence that is read aloud, word by word.',
    look: 'The first "the" could be any of three; from then on it moves one place at a time.',
  };
}

function dv3(): Drawn {
  const frames = letters.length * framesPerLetter;
  const next = random(5);
  const [query, keys] = [frames, letters.length].map((length) =>
    uniform([1, length, depth], next, 0.35),
  );
  const layer = () => ({ W: tf.tensor2d(diagonal(depth)), b: tf.zeros([depth]) });
  const parameters = { query: layer(), keys: layer(), values: layer(), output: layer() };
  const { weights } = dv3Attention(query, keys, keys, parameters, undefined, {
    keyRate: framesPerLetter,
  });
  return {
    panels: [
      overWords(weights, {
        rows: undefined,
        columns: letters,
        rowTitle: 'frame of sound',
        columnTitle: 'letter',
      }),
    ],
    input:
      'Twenty-four frames of sound and twelve letters, of which nothing is known but the place.',
    look: 'A wide diagonal that falls as steeply as frames outnumber letters, before any training.',
  };
}

function lama(): Drawn {
  const heads = ['nouns', 'function words', 'the others', 'whales'];
  const columns = [columnOf(1), columnOf(0), columnOf(2), columnOf('whale')];
  const Q = matrix(depth, heads.length, (i, m) => (columns[m] === i ? 2 : 0));
  const P = matrix(depth, heads.length, (i) => (i < 3 ? 1 : 0));
  const parameters = { P: tf.tensor2d(P), Q: tf.tensor2d(Q) };
  return {
    panels: [
      overWords(lamaAttention(vectors(), parameters).weights, {
        rows: heads,
        rowTitle: 'head',
        columnTitle: 'word',
      }),
    ],
    input: 'The vectors of twelve words; their mean asks, once for each of four heads.',
    look: 'A row for each head and not for each word. Pale: no logit is above 1.',
  };
}

export const scoreMaps: Record<string, () => Drawn> = {
  'Additive Attention': additive,
  'Dot-Product Attention': dotProduct,
  'Scaled Dot-Product Attention': scaled,
  'Content-based Attention': contentBased,
  'Multiplicative Attention': multiplicative,
  'Location-based Attention': locationBased,
  'Location Sensitive Attention': locationSensitive,
  'DV3 Attention Block': dv3,
  LAMA: lama,
};
