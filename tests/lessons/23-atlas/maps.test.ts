import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AtlasPanel,
  atlasFigure,
  atlasMap,
  atlasNames,
  formulas,
  methods,
  posterFigure,
  quizAnswers,
  quizFaults,
  quizFigure,
  quizNames,
  tf,
} from 'attention';
import katex from 'katex';
import { describe, expect, test } from 'vitest';
import { sentence } from '../../../src/lessons/23-atlas/example';
import { headMaps } from '../../../src/lessons/23-atlas/maps-of-heads';
import { imageMaps } from '../../../src/lessons/23-atlas/maps-of-images';
import { lengthMaps } from '../../../src/lessons/23-atlas/maps-of-length';
import { scoreMaps } from '../../../src/lessons/23-atlas/maps-of-scores';

const room = join(import.meta.dirname, '../../../src/lessons/23-atlas');
const makers = { ...scoreMaps, ...headMaps, ...imageMaps, ...lengthMaps };
const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
const first = (name: string) => atlasMap(name).panels[0].values;
const positions = sentence.map((_, i) => i);

/**
 * How far two panels are apart: of weights, the share of a row that lies elsewhere, on average; of
 * pictures and channels, the largest difference, each divided by its own largest number.
 */
function apart(a: AtlasPanel, b: AtlasPanel): number {
  const [x, y] = [a.values, b.values];
  if (x.length !== y.length || x[0].length !== y[0].length || a.shows !== b.shows) {
    return Number.POSITIVE_INFINITY;
  }
  const [most, otherMost] = [x, y].map((rows) => Math.max(...rows.flat()));
  if (a.shows !== 'weights') {
    const differences = x.flatMap((row, i) =>
      row.map((value, j) => Math.abs(value / most - y[i][j] / otherMost)),
    );
    return Math.max(...differences);
  }
  const moved = x.map((row, i) => sum(row.map((value, j) => Math.abs(value - y[i][j]))) / 2);
  return sum(moved) / moved.length;
}

/** Which pairs a map gives some weight, as a function of query and key. */
const seenBy = (name: string, sees: (i: number, j: number) => boolean) =>
  first(name).every((row, i) => row.every((value, j) => value > 0 === sees(i, j)));

describe('the maps of the atlas', () => {
  test('are those of the 36 methods, and leave no tensor', () => {
    expect(atlasNames).toEqual(methods.map(({ name }) => name));
    expect(Object.keys(makers).sort()).toEqual([...atlasNames].sort());
    const before = tf.memory().numTensors;
    for (const name of atlasNames) {
      const { panels, input, look } = atlasMap(name);
      expect(panels.length).toBeGreaterThan(0);
      expect(input).toMatch(/\.$/);
      expect(look).toMatch(/\.$/);
      expect(look.length, name).toBeLessThan(100);
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(() => atlasMap('Flash Attention')).toThrow('there is no method Flash Attention');
  });

  test.each(methods)('$name: computed by $implementation', ({ name, implementation }) => {
    const kinds = { scoreMaps, headMaps, imageMaps, lengthMaps };
    const [kind] = Object.entries(kinds).find(([, maps]) => name in maps) ?? [''];
    const file = readdirSync(room).find(
      (one) => one === `maps-of-${kind.replace('Maps', 's').replace('lengths', 'length')}.ts`,
    );
    const text = readFileSync(join(room, file ?? ''), 'utf8');
    expect(text).toMatch(new RegExp(`\\b${implementation}[<(]`));
  });

  test.each(methods)('$name: weights sum to 1, and names fit', ({ name }) => {
    for (const panel of atlasMap(name).panels) {
      const { shows, sums, values, rows, columns } = panel;
      const all = values.flat();
      expect(all.every((value) => value >= 0 && value <= 1 + 1e-6)).toBe(true);
      if (sums === 'rows') {
        for (const row of values) expect(Math.abs(sum(row) - 1)).toBeLessThan(1e-5);
      }
      if (sums === 'all') expect(Math.abs(sum(all) - 1)).toBeLessThan(1e-5);
      if (sums === 'gate') expect(sum(all)).toBeGreaterThan(1.5); // nothing competes
      if (shows === 'weights') expect(sums).toBe('rows');
      if (shows === 'picture') expect([values.length, values[0].length]).toEqual([12, 12]);
      if (shows === 'channels') expect(values).toHaveLength(1);
      if (rows) expect(rows).toHaveLength(values.length);
      if (columns) expect(columns).toHaveLength(values[0].length);
    }
  });

  test.each(methods)('$name: the same every time', ({ name }) => {
    const before = tf.memory().numTensors;
    const [one, other] = [1, 2].map(() => tf.tidy(makers[name]));
    expect(one).toEqual(other);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('no two are alike', () => {
    const all = atlasNames.flatMap((name) =>
      atlasMap(name).panels.map((panel, p) => ({ name: `${name} ${p}`, panel })),
    );
    const pairs = all.flatMap((one, i) => all.slice(0, i).map((other) => ({ one, other })));
    for (const { one, other } of pairs) {
      const difference = apart(one.panel, other.panel);
      expect(difference, `${one.name} and ${other.name}`).toBeGreaterThan(0.1);
    }
  });
});

describe('what a map is recognised by', () => {
  const same = (a: number[], b: number[]) =>
    Math.max(...a.map((x, i) => Math.abs(x - b[i]))) < 1e-6;
  const column = (name: string, j: number) => first(name).map((row) => row[j]);
  const the = [0, 4, 8];

  test('contents: equal words have equal rows, and equal columns', () => {
    for (const name of [
      'Dot-Product Attention',
      'Content-based Attention',
      'Multiplicative Attention',
    ]) {
      expect(same(first(name)[the[0]], first(name)[the[1]])).toBe(true);
      expect(same(column(name, the[0]), column(name, the[1]))).toBe(true);
    }
  });

  test('the query alone: equal rows, but not equal columns', () => {
    for (const [name, [i, j]] of [
      ['Location-based Attention', [5, 9]], // baleine
      ['Dense Synthesized Attention', the],
      ['Factorized Dense Synthesized Attention', the],
    ] as const) {
      expect(same(first(name)[i], first(name)[j]), name).toBe(true);
      expect(same(column(name, the[0]), column(name, the[1])), name).toBe(false);
    }
  });

  test('no input at all: nothing equal', () => {
    for (const name of [
      'Random Synthesized Attention',
      'Factorized Random Synthesized Attention',
    ]) {
      expect(same(first(name)[the[0]], first(name)[the[1]])).toBe(false);
      expect(same(column(name, the[0]), column(name, the[1]))).toBe(false);
    }
  });

  test('scaling softens, and changes no order', () => {
    const [dot, scaled] = [first('Dot-Product Attention'), first('Scaled Dot-Product Attention')];
    dot.forEach((row, i) => {
      expect(Math.max(...scaled[i])).toBeLessThan(Math.max(...row));
      for (const a of positions)
        for (const b of positions)
          if (row[a] > row[b]) expect(scaled[i][a]).toBeGreaterThan(scaled[i][b]);
    });
  });

  test('multiplicative: nobody looks most at itself', () => {
    first('Multiplicative Attention').forEach((row, i) =>
      expect(row[i]).toBeLessThan(Math.max(...row)),
    );
  });

  test('location sensitive: undecided at first, then one place at a time', () => {
    const map = first('Location Sensitive Attention');
    const [one, two, three] = the.map((j) => map[0][j]);
    expect(one).toBeGreaterThan(0.25);
    expect(Math.max(Math.abs(one - two), Math.abs(one - three))).toBeLessThan(1e-5);
    map.slice(1).forEach((row, i) => expect(row.indexOf(Math.max(...row))).toBe(i + 1));
  });

  test('factorized tables: rank 1, and three times one profile', () => {
    const centred = (row: number[]) => {
      const logs = row.map(Math.log);
      return logs.map((x) => x - sum(logs) / logs.length);
    };
    const [one, ...others] = first('Factorized Random Synthesized Attention').map(centred);
    for (const row of others) {
      const ratio = row[0] / one[0];
      row.forEach((x, j) => expect(x - ratio * one[j]).toBeCloseTo(0, 4));
    }
    for (const row of first('Factorized Dense Synthesized Attention')) {
      const groups = [0, 4, 8].map((from) => row.slice(from, from + 4).map(Math.log));
      const steps = groups.map((group) => group.slice(1).map((x, s) => x - group[s]));
      const ratio = [1, 2].map((g) => steps[g][0] / steps[0][0]);
      steps[0].forEach((x, s) => {
        expect(steps[1][s] - ratio[0] * x).toBeCloseTo(0, 3);
        expect(steps[2][s] - ratio[1] * x).toBeCloseTo(0, 3);
      });
    }
  });

  test('patterns: who sees whom', () => {
    expect(seenBy('Sliding Window Attention', (i, j) => Math.abs(i - j) <= 2)).toBe(true);
    expect(
      seenBy(
        'Dilated Sliding Window Attention',
        (i, j) => Math.abs(i - j) <= 4 && (i - j) % 2 === 0,
      ),
    ).toBe(true);
    const isGlobal = (i: number) => i === 0 || i === 9;
    expect(
      seenBy(
        'Global and Sliding Window Attention',
        (i, j) => isGlobal(i) || isGlobal(j) || Math.abs(i - j) <= 1,
      ),
    ).toBe(true);
    expect(seenBy('Strided Attention', (i, j) => j <= i && (i - j <= 4 || (i - j) % 4 === 0))).toBe(
      true,
    );
    expect(
      seenBy(
        'Fixed Factorized Attention',
        (i, j) => j <= i && (Math.floor(i / 4) === Math.floor(j / 4) || j % 4 === 3),
      ),
    ).toBe(true);
    expect(seenBy('Single-Headed Attention', (i, j) => j <= i + 12)).toBe(true);
    const groups = [
      [0, 4, 7, 8],
      [2, 6, 9, 11],
      [1, 3, 5, 10],
    ];
    const groupOf = (i: number) => groups.findIndex((group) => group.includes(i));
    expect(seenBy('Routing Attention', (i, j) => groupOf(i) === groupOf(j))).toBe(true);
  });

  test('hashing: nobody sees itself who sees anybody else', () => {
    const map = first('LSH Attention');
    expect(map.map((row, i) => row[i] > 0)).toEqual(positions.map((i) => i === 11));
    expect(map[11][11]).toBeCloseTo(1, 6);
    map.forEach((row, i) => row.forEach((value, j) => expect(value > 0).toBe(map[j][i] > 0)));
  });

  test('sorting: an own and a far block; or two blocks for all', () => {
    const blocks = (row: number[]) =>
      [0, 1, 2, 3].filter((b) => sum(row.slice(3 * b, 3 * b + 3)) > 1e-3);
    const far = first('Sparse Sinkhorn Attention').map((row, i) =>
      blocks(row).filter((b) => b !== Math.floor(i / 3)),
    );
    expect(far).toEqual([2, 3, 1, 0].flatMap((b) => [[b], [b], [b]]));
    const cut = first('SortCut Sinkhorn Attention').map(blocks);
    expect(new Set(cut.map(String)).size).toBe(1);
    expect(cut[0]).toHaveLength(2);
  });

  test('spans: each head fades out at its own distance', () => {
    atlasMap('Adaptive Masking').panels.forEach(({ values }, head) => {
      const end = [0.5, 8][head] + 3;
      values.forEach((row, i) =>
        row.forEach((value, j) => expect(value > 0).toBe(j <= i && i - j < end)),
      );
    });
  });

  test('a tree: near words one by one, far ones in twos and fours, and every word is in sight', () => {
    const map = first('Graph Self-Attention');
    const { columns = [] } = atlasMap('Graph Self-Attention').panels[0];
    expect(columns).toHaveLength(21);
    map.forEach((row, i) => {
      row.slice(0, 12).forEach((value, j) => expect(value > 0).toBe(Math.abs(i - j) <= 1));
      const covered = new Set(
        row.flatMap((value, node) => {
          if (value === 0) return [];
          if (node < 12) return [node];
          const [from, to] = columns[node].split('–').map(Number);
          return Array.from({ length: to - from + 1 }, (_, w) => from - 1 + w);
        }),
      );
      expect(covered.size).toBe(12);
    });
  });

  test('pictures: a pixel asks in three of them; the sea is shut out by the channels', () => {
    const asking = atlasNames.filter((name) => atlasMap(name).panels.some(({ mark }) => mark));
    expect(asking).toEqual([
      'SAGAN Self-Attention Module',
      'Point-wise Spatial Attention',
      'Attention-augmented Convolution',
    ]);
    const sea = (values: number[][]) => sum(values.slice(10).flat()) / 24;
    expect(sea(atlasMap('CBAM').panels[1].values)).toBeLessThan(0.1);
    expect(sea(first('Spatial Attention Module'))).toBeGreaterThan(0.15);
  });
});

describe('figures', () => {
  test('one for each method, with its name', () => {
    for (const name of atlasNames) {
      const { layout } = atlasFigure(name);
      expect(layout.title.text).toBe(name);
      expect(layout.width, name).toBeLessThanOrEqual(700);
      expect(layout.meta.alt.length).toBeGreaterThan(20);
    }
  });

  test('one for all, small enough for a notebook', () => {
    const figure = posterFigure();
    expect(JSON.stringify(figure).length).toBeLessThan(110_000);
    expect(figure.layout.annotations).toHaveLength(36);
    expect(figure.layout.width).toBeLessThanOrEqual(620);
  });

  test('a formula that parses for each', () => {
    expect(Object.keys(formulas).sort()).toEqual([...atlasNames].sort());
    for (const tex of Object.values(formulas)) {
      expect(katex.renderToString(tex, { throwOnError: true })).toContain('katex');
    }
  });
});

describe('which one is this?', () => {
  test('twelve maps, that differ from seed to seed', () => {
    const seeds = [1, 2, 3, 4, 5];
    for (const seed of seeds) {
      const answers = quizAnswers(seed);
      expect(new Set(answers).size).toBe(12);
      expect(quizAnswers(seed)).toEqual(answers);
      expect([...quizNames(seed)].sort()).toEqual([...answers].sort());
      const drawn = quizFigure(seed).data.map(({ z }) => z as number[][]);
      expect(drawn).toHaveLength(12);
      drawn.forEach((z, i) => expect(z.length).toBe(first(answers[i]).length));
      const alike = [
        'Scaled Dot-Product Attention',
        'Dot-Product Attention',
        'Content-based Attention',
      ];
      expect(answers.filter((name) => alike.includes(name)).length).toBeLessThanOrEqual(1);
    }
    expect(new Set(seeds.map((seed) => quizAnswers(seed).join())).size).toBe(5);
  });

  test('the figure does not tell', () => {
    const text = JSON.stringify(quizFigure(1));
    for (const name of atlasNames) expect(text).not.toContain(name);
    for (const token of sentence) expect(text).not.toContain(`"${token}"`);
  });

  test('faults are the numbers that were named wrongly', () => {
    const answers = quizAnswers(2);
    expect(quizFaults(answers, 2)).toEqual([]);
    expect(quizFaults([answers[1], answers[0], ...answers.slice(2)], 2)).toEqual([1, 2]);
    expect(quizFaults(answers.slice(0, 11), 2)).toEqual([12]);
  });
});
