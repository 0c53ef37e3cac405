import { type Exercise, near, numbers } from '../../notebook/check';

const leaky = (x: number) => Math.max(x, 0.2 * x);

const softmax = (logits: number[]) => {
  const greatest = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - greatest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
};

/** Where the largest of some numbers stands. */
const heaviest = (weights: number[]) => weights.indexOf(Math.max(...weights));

type Pencil = { bold: number[]; timid: number[]; apart: number[] };

/** 20.1: two nodes look at the same three neighbours, with a pencil. */
const pencil: Exercise<Pencil> = {
  name: '20.1',
  behaviours: [
    {
      does: 'gives the weights of the node with s = 1',
      look: ({ bold }) =>
        numbers('bold', bold, 3) ??
        near('bold: their sum', bold[0] + bold[1] + bold[2], 1) ??
        near('bold: the second weight, by the first,', bold[1] / bold[0], 2) ??
        near('bold: the third weight, by the first,', bold[2] / bold[0], 32),
    },
    {
      does: 'gives the weights of the node with s = −7, where the slope is 0.2',
      look: ({ timid }) =>
        numbers('timid', timid, 3) ??
        near('timid: their sum', timid[0] + timid[1] + timid[2], 1) ??
        near('timid: the third weight, by the first,', timid[2] / timid[0], 2),
    },
    {
      does: 'says between which two numbers every such ratio must lie',
      look: ({ apart }) =>
        numbers('apart', apart, 2) ??
        near('the smaller end, for the third and the first neighbour', Math.min(...apart), 2) ??
        near('the larger end', Math.max(...apart), 32),
    },
  ],
};

type EdgesOf = (mask: number[][]) => number[][];

const rightEdges: EdgesOf = (mask) => {
  const pairs = mask.flatMap((row, i) => row.flatMap((seen, j) => (seen ? [[j, i]] : [])));
  return [pairs.map(([j]) => j), pairs.map(([, i]) => i)];
};

/** What is wrong with the edges of a mask, in whatever order they stand. */
function wrongEdges(f: EdgesOf, mask: number[][]): string | undefined {
  const found = f(mask);
  if (!Array.isArray(found) || found.length !== 2 || !found.every(Array.isArray))
    return 'two rows are wanted: sources and targets';
  const [sources, targets] = found;
  const wanted = rightEdges(mask)[0].length;
  if (sources.length !== wanted || targets.length !== wanted)
    return `a mask with ${wanted} ones gave ${sources.length} sources and ${targets.length} targets`;
  const listed = sources.map((source, e) => `${source} → ${targets[e]}`);
  const twice = listed.find((edge, e) => listed.indexOf(edge) !== e);
  if (twice) return `the edge ${twice} is listed twice`;
  const e = sources.findIndex((source, at) => mask[targets[at]]?.[source] !== 1);
  return e < 0
    ? undefined
    : `the edge ${listed[e]} is listed, but row ${targets[e]} of the mask hides ${sources[e]}`;
}

/** 20.2: the edges of a mask. */
const edges: Exercise<EdgesOf> = {
  name: '20.2',
  behaviours: [
    {
      does: 'lists one edge for each 1 of the mask',
      look: (f) => {
        const mask = [
          [1, 1],
          [0, 1],
        ];
        return near('edges', f(mask)?.[0]?.length, 3);
      },
    },
    {
      does: 'puts who is looked at into row 0, who looks into row 1',
      look: (f) =>
        wrongEdges(f, [
          [0, 1, 1],
          [0, 0, 0],
          [0, 0, 0],
        ]),
    },
    {
      does: 'gives the whole of a causal mask',
      look: (f) =>
        wrongEdges(f, [
          [1, 0, 0, 0],
          [1, 1, 0, 0],
          [1, 1, 1, 0],
          [1, 1, 1, 1],
        ]),
    },
    {
      does: 'stands a row that sees nobody, and more keys than queries',
      look: (f) =>
        wrongEdges(f, [
          [0, 0, 0, 0],
          [0, 1, 0, 1],
        ]),
    },
  ],
};

type Units = { W: number[][]; a: number[] };

/** Logits of words 1 … 6 for entries 1 … 6, by GATv2 with some hidden units. */
const scored = ({ W, a }: Units) =>
  [1, 2, 3, 4, 5, 6].map((q) =>
    [1, 2, 3, 4, 5, 6].map((k) =>
      W.reduce((sum, [ofQuery, ofKey], unit) => sum + a[unit] * leaky(ofQuery * q + ofKey * k), 0),
    ),
  );

const sized = ({ W, a }: Units) => {
  if (!Array.isArray(W) || !Array.isArray(a)) return 'W and a are wanted, both lists';
  if (W.length !== a.length) return `W has ${W.length} hidden units, a has ${a.length}`;
  if (W.length > 2) return `two hidden units are enough, not ${W.length}`;
  return W.map((row, i) => numbers(`row ${i} of W`, row, 2)).find(Boolean);
};

/** Which entry each word prefers, or what is wrong. */
function preferred(units: Units, wanted: (q: number) => number): string | undefined {
  const wrong = sized(units);
  if (wrong) return wrong;
  for (const [i, row] of scored(units).entries()) {
    const most = Math.max(...row);
    const best = row.flatMap((e, j) => (e > most - 1e-9 ? [j + 1] : []));
    if (best.length > 1) return `word ${i + 1} scores the entries ${best.join(' and ')} alike`;
    if (best[0] !== wanted(i + 1)) return `word ${i + 1} scores entry ${best[0]} highest`;
  }
  return undefined;
}

/** 20.3: GATv2 that finds the farthest entry, and one that finds the entry twice as large. */
const units: Exercise<{ farthest: Units; double: Units }> = {
  name: '20.3',
  behaviours: [
    {
      does: 'farthest: each word prefers the entry that is farthest from it',
      look: ({ farthest }) => preferred(farthest, (q) => (q <= 3 ? 6 : 1)),
    },
    {
      does: 'double: word q prefers entry 2q, or the nearest there is',
      look: ({ double }) => preferred(double, (q) => Math.min(6, 2 * q)),
    },
    {
      does: 'double: the farther an entry is from 2q, the lower its score',
      look: ({ double }) => {
        const wrong = sized(double);
        if (wrong) return wrong;
        const row = scored(double)[1]; // word 2, entry 4
        return row[3] > row[2] && row[2] > row[1] && row[1] > row[0] && row[4] > row[5]
          ? undefined
          : 'the scores of word 2 do not fall to both sides of entry 4';
      },
    },
  ],
};

type Heads = { s: number[][]; t: number[][] };

/** The mean weights of static heads, [query][key]. */
function meanWeights({ s, t }: Heads): number[][] {
  return s[0].map((_, i) => {
    const each = t.map((keys, head) => softmax(keys.map((key) => leaky(s[head][i] + key))));
    return each[0].map((_, j) => each.reduce((sum, row) => sum + row[j], 0) / each.length);
  });
}

function shaped({ s, t }: Heads): string | undefined {
  if (!Array.isArray(s) || !Array.isArray(t)) return 's and t are wanted, both lists';
  if (s.length !== 2 || t.length !== 2) return 'two heads are wanted: two rows in s, two in t';
  return [...s, ...t].map((row) => numbers('a row', row, 3)).find(Boolean);
}

/** 20.4: two static heads that together answer three words. */
const twoHeads: Exercise<Heads> = {
  name: '20.4',
  behaviours: [
    { does: 'has two heads, three queries, three keys', look: shaped },
    {
      does: 'answers two of three queries',
      look: (heads) => {
        const wrong = shaped(heads);
        if (wrong) return wrong;
        const right = meanWeights(heads).filter((row, i) => heaviest(row) === i).length;
        return right >= 2 ? undefined : `${right} of 3 queries give most weight to their own key`;
      },
    },
    {
      does: 'answers all three',
      look: (heads) => {
        const wrong = shaped(heads);
        if (wrong) return wrong;
        const i = meanWeights(heads).findIndex((row, at) => heaviest(row) !== at);
        return i < 0 ? undefined : `query ${i + 1} does not give most weight to key ${i + 1}`;
      },
    },
  ],
};

export const lesson20 = { pencil, edges, units, twoHeads };
