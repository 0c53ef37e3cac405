import { tf } from '../../tensors/tf';

/** The sentence that most maps of the atlas are about: four function words, four nouns, four others. */
export const sentence = 'the old sailor saw the white whale and the whale saw him'.split(' ');

/** The same in French, which puts some words in another order. */
export const french = 'le vieux marin vit la baleine blanche et la baleine le vit'.split(' ');

/** Where in the English sentence each French word comes from. */
export const translated = [0, 1, 2, 3, 4, 6, 5, 7, 8, 9, 11, 10];

/** Two words to be read aloud, letter by letter; and how many frames of sound a letter takes. */
export const letters = [...'white␣whales'];
export const framesPerLetter = 2;

const groups = [
  ['the', 'and'],
  ['sailor', 'whale', 'him'],
  ['old', 'saw', 'white'],
];
const words = groups.flat();

/** Function words have short vectors. */
const lengths = [0.8, 1.5, 1.5];

/** How deep the vectors of words are: a number for each group, one for each word, and five 0. */
export const depth = 16;

/** The column of a word, or of a group (0 function words, 1 nouns, 2 others), among those. */
export const columnOf = (word: string | number) =>
  typeof word === 'number' ? word : groups.length + words.indexOf(word);

/** The group that a word belongs to. */
export const groupOf = (word: string) => groups.findIndex((group) => group.includes(word));

/**
 * The sentence as vectors [1, 12, 16], made by hand. Equal words have equal vectors, and words of one
 * group are alike: 1 in the column of the group, 1.2 in that of the word, times the group's length.
 */
export function vectors(scale = 1): tf.Tensor3D {
  return tf.tidy(() => {
    const rows = sentence.map((word) => {
      const row = new Array<number>(depth).fill(0);
      const length = scale * lengths[groupOf(word)];
      row[columnOf(groupOf(word))] = length;
      row[columnOf(word)] = 1.2 * length;
      return row;
    });
    return tf.tensor3d([rows]);
  });
}

/** A tensor of rows, with an axis for the batch in front. */
export const batched = (rows: number[][]) => tf.tensor3d([rows]);

/** A matrix of numbers by row and column. */
export function matrix(
  rows: number,
  columns: number,
  value: (i: number, j: number) => number,
): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => value(i, j)),
  );
}

/** 1 on the diagonal, or beside it. */
export const diagonal = (size: number, value = 1, beside = 0) =>
  matrix(size, size, (i, j) => (j === i + beside ? value : 0));

const drawing = `
  ......#.#...
  .......#....
  ............
  #..#...###..
  .##...#####.
  ..##.####.##
  ..##########
  ...########.
  .....####...
  ............
  ~.~.~.~.~.~.
  .~.~.~.~.~.~`;

/** The picture, 12 × 12: a whale that spouts, above the sea. '#' is whale, '~' water. */
export const picture = drawing.trim().split(/\s+/);

export const side = picture.length;

const at = (row: number, column: number) => picture[row]?.[column] ?? '.';

/** The lines between whale and no whale, from corner to corner of pixels: x and y of both ends. */
export const whaleLines: [x1: number, y1: number, x2: number, y2: number][] = (() => {
  const lines: [number, number, number, number][] = [];
  const isWhale = (row: number, column: number) => at(row, column) === '#';
  for (let row = 0; row <= side; row++) {
    for (let column = 0; column <= side; column++) {
      const here = isWhale(row, column);
      if (here !== isWhale(row - 1, column)) lines.push([column, row, column + 1, row]);
      if (here !== isWhale(row, column - 1)) lines.push([column, row, column, row + 1]);
    }
  }
  return lines;
})();

/** What the channels of the picture say of a pixel. */
export const channels = [
  'whale',
  'water',
  'air',
  'left edge',
  'right edge',
  'upper edge',
  'how low',
  'always 1',
];

/** The picture as features [1, 12, 12, 8]: `channels` of every pixel. */
export function features(): tf.Tensor4D {
  const is = (row: number, column: number, what: string) => Number(at(row, column) === what);
  return tf.tensor4d([
    picture.map((line, row) =>
      [...line].map((pixel, column) => [
        Number(pixel === '#'),
        Number(pixel === '~'),
        Number(pixel === '.'),
        is(row, column, '#') * (1 - is(row, column - 1, '#')),
        is(row, column, '#') * (1 - is(row, column + 1, '#')),
        is(row, column, '#') * (1 - is(row - 1, column, '#')),
        row / (side - 1),
        1,
      ]),
    ),
  ]);
}
