import {
  loadScenes,
  locationsOfCell,
  type Scene,
  sceneSize,
  sceneThings,
  sceneWords,
} from 'attention';
import { describe, expect, test } from 'vitest';

const { train, test: heldOut } = loadScenes({ train: 400, test: 100 });
const cellOf = (i: number) =>
  3 * Math.floor(Math.floor(i / sceneSize) / 12) + Math.floor((i % sceneSize) / 12);
const inkIn = ({ pixels }: Scene) =>
  [...new Set([...pixels.keys()].filter((i) => pixels[i] > 0).map(cellOf))].sort();

describe('scenes', () => {
  test('have ink in the cells of their two things, and nowhere else', () => {
    for (const scene of [...train, ...heldOut]) {
      expect(scene.pixels).toHaveLength(sceneSize ** 2);
      expect(inkIn(scene)).toEqual(scene.things.map(({ cell }) => cell).sort());
      expect(scene.pixels.every((ink) => ink >= 0 && ink <= 1)).toBe(true);
    }
  });

  test('are told by one caption: the upper thing first, or the left one of a row', () => {
    for (const { things, caption } of train) {
      const [first, second] = things;
      const rows = things.map(({ cell }) => Math.floor(cell / 3));
      expect(first.cell).toBeLessThan(second.cell);
      const relation = rows[0] === rows[1] ? 'beside' : 'above';
      const article = (name: string) => (name === 'eight' ? 'an' : 'a');
      const words = [article(first.name), first.name, relation, article(second.name), second.name];
      expect(caption).toEqual([...words, '<end>']);
      expect(caption.every((word) => sceneWords.includes(word))).toBe(true);
    }
  });

  test('hold all fourteen things, alike often', () => {
    const names = train.flatMap(({ things }) => things.map(({ name }) => name));
    expect(new Set(names)).toEqual(new Set(sceneThings));
    for (const thing of sceneThings)
      expect(names.filter((name) => name === thing).length).toBeGreaterThan(30);
  });

  test('are the same for the same seed, and others for another', () => {
    expect(loadScenes({ train: 3, test: 3 }).train).toEqual(train.slice(0, 3));
    expect(loadScenes({ train: 3, test: 3, seed: 2 }).train).not.toEqual(train.slice(0, 3));
  });

  test('hold out digits: no picture of a digit is in both parts', () => {
    const digitsOf = (scenes: Scene[]) =>
      scenes.flatMap(({ things, pixels }) =>
        things
          .filter(({ name }) => sceneThings.indexOf(name) < 10)
          .map(({ cell }) => {
            const own = [...pixels.keys()].filter((i) => cellOf(i) === cell && pixels[i] > 0);
            return own.map((i) => `${i - own[0]}:${pixels[i].toFixed(4)}`).join();
          }),
      );
    const learned = new Set(digitsOf(train));
    for (const digit of digitsOf(heldOut)) expect(learned.has(digit)).toBe(false);
  });

  test('refuse a number of scenes that is none', () => {
    expect(() => loadScenes({ train: 0 })).toThrow('scenes: expected a whole number from 1, got 0');
    expect(() => loadScenes({ test: 1.5 })).toThrow('got 1.5');
  });
});

describe('locationsOfCell', () => {
  test('gives the four locations of a cell, row by row', () => {
    expect(locationsOfCell(0)).toEqual([0, 1, 6, 7]);
    expect(locationsOfCell(5)).toEqual([16, 17, 22, 23]);
    expect(locationsOfCell(8, 3)).toEqual([8]);
  });

  test('divides the grid among the cells', () => {
    const all = Array.from({ length: 9 }, (_, cell) => locationsOfCell(cell)).flat();
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, i) => i));
  });

  test('refuses a cell that is none, and a grid that does not fit', () => {
    expect(() => locationsOfCell(9)).toThrow('expected a cell 0…8');
    expect(() => locationsOfCell(0, 7)).toThrow('a multiple of 3');
  });
});
