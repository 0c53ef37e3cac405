import { type Random, random, shuffled } from '../tensors/random';
import { loadMnist } from './mnist';

/** Scenes are so many pixels wide and high … */
export const sceneSize = 36;
/** … and have so many cells in a row and in a column, each for one thing. */
export const sceneCells = 3;

const digits = 'zero one two three four five six seven eight nine'.split(' ');
const shapes = ['circle', 'square', 'triangle', 'cross'] as const;

/** What can stand in a scene: ten digits by their names, then four shapes. */
export const sceneThings: readonly string[] = [...digits, ...shapes];

/** All words of the captions. A caption begins at '<start>' and ends with '<end>'. */
export const sceneWords: readonly string[] = [
  '<start>',
  '<end>',
  'a',
  'an',
  'above',
  'beside',
  ...sceneThings,
];

/** A small picture of two things, and its caption. */
export interface Scene {
  /** 36 × 36 grey values from 0 (paper) to 1 (ink), row by row. */
  pixels: Float32Array;
  /** The two things in the order of the caption, and their cells 0 … 8, row by row. */
  things: { name: string; cell: number }[];
  /** 'a seven above an eight', as words, and '<end>': always six. */
  caption: string[];
}

/**
 * Scenes made of real handwritten digits (MNIST, half their size) and drawn shapes, with captions of
 * a small grammar:
 *
 *     caption = article thing ('above' | 'beside') article thing '<end>'
 *
 * The upper thing is named first; if both stand in one row, the left one. So each picture has one
 * right caption, and each noun of it a known place. Held-out scenes are made of other digits.
 *
 * @returns the same for the same seed
 * @throws if a number of scenes is not a whole number from 1
 */
export function loadScenes({ train = 3000, test = 500, seed = 1 } = {}): {
  train: Scene[];
  test: Scene[];
} {
  for (const count of [train, test])
    if (!Number.isInteger(count) || count < 1)
      throw new Error(`scenes: expected a whole number from 1, got ${count}`);
  const mnist = loadMnist({ seed: 1 });
  const make = (pool: typeof mnist.train, count: number, next: Random) => {
    const byLabel = digits.map((_, label) => pool.filter((digit) => digit.label === label));
    return Array.from({ length: count }, () => scene(byLabel, next));
  };
  return {
    train: make(mnist.train, train, random(seed)),
    test: make(mnist.test, test, random(seed + 1000)),
  };
}

function scene(byLabel: { pixels: Float32Array }[][], next: Random): Scene {
  const cells = Array.from({ length: sceneCells ** 2 }, (_, cell) => cell);
  const places = shuffled(cells, next).slice(0, 2);
  places.sort((one, other) => one - other); // row by row: the upper one first, then the left one
  const things = places.map((cell) => ({
    name: sceneThings[Math.floor(next() * sceneThings.length)],
    cell,
  }));
  const pixels = new Float32Array(sceneSize * sceneSize);
  for (const { name, cell } of things) {
    const pool = byLabel[digits.indexOf(name)];
    const image = pool
      ? halved(pool[Math.floor(next() * pool.length)].pixels)
      : drawnShape(name, next);
    paste(
      pixels,
      image,
      cell,
      [next, next].map((draw) => Math.floor(3 * draw())),
    );
  }
  const [first, second] = things;
  const row = (cell: number) => Math.floor(cell / sceneCells);
  const relation = row(first.cell) === row(second.cell) ? 'beside' : 'above';
  const article = (name: string) => (name === 'eight' ? 'an' : 'a');
  const caption = [
    article(first.name),
    first.name,
    relation,
    article(second.name),
    second.name,
    '<end>',
  ];
  return { pixels, things, caption };
}

/** The 20 × 20 pixels in the middle of a digit, where all its ink is, as 10 × 10. */
function halved(pixels: Float32Array): Float32Array {
  return Float32Array.from({ length: 100 }, (_, i) => {
    const [y, x] = [4 + 2 * Math.floor(i / 10), 4 + 2 * (i % 10)];
    const at = (row: number, column: number) => pixels[28 * row + column];
    return (at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1)) / 4;
  });
}

/** A shape of a drawn size and thickness, 10 × 10. */
function drawnShape(name: string, next: Random): Float32Array {
  const half = 3.4 + next(); // from its middle to its edge
  const thick = 0.6 + 0.4 * next();
  const distance = (x: number, y: number): number => {
    const [ax, ay] = [Math.abs(x), Math.abs(y)];
    if (name === 'circle') return Math.abs(Math.hypot(x, y) - half);
    if (name === 'square') return Math.abs(Math.max(ax, ay) - half * 0.9);
    if (name === 'cross') return Math.max(Math.min(ax, ay), Math.max(ax, ay) - half);
    const side = (ax * 2 + y - half) / Math.sqrt(5); // above 0 outside of the two slanting sides
    return Math.abs(Math.max(side, y - half, -half - y));
  };
  return Float32Array.from({ length: 100 }, (_, i) => {
    const [y, x] = [Math.floor(i / 10) - 4.5, (i % 10) - 4.5];
    return Math.max(0, Math.min(1, 0.5 + thick - distance(x, y)));
  });
}

function paste(pixels: Float32Array, image: Float32Array, cell: number, [dy, dx]: number[]) {
  const side = sceneSize / sceneCells;
  const top = side * Math.floor(cell / sceneCells) + dy;
  const left = side * (cell % sceneCells) + dx;
  image.forEach((ink, i) => {
    pixels[sceneSize * (top + Math.floor(i / 10)) + left + (i % 10)] = ink;
  });
}

/**
 * Which locations of a square grid lie in a cell of a scene.
 *
 * @param side locations in a row, a multiple of 3
 * @returns their numbers, row by row: 4 of 36 on a grid of 6 × 6
 */
export function locationsOfCell(cell: number, side = 6): number[] {
  if (!(Number.isInteger(cell) && cell >= 0 && cell < sceneCells ** 2) || side % sceneCells !== 0)
    throw new Error(
      `expected a cell 0…${sceneCells ** 2 - 1} and a multiple of ${sceneCells}, got ${cell} and ${side}`,
    );
  const each = side / sceneCells;
  const [top, left] = [Math.floor(cell / sceneCells) * each, (cell % sceneCells) * each];
  return Array.from(
    { length: each * each },
    (_, i) => (top + Math.floor(i / each)) * side + left + (i % each),
  );
}
