import { methods } from '../../data/methods';

/** Where a method stands among the others. */
export type Relative = {
  /** As in `methods`. */
  name: string;
  year: number;
  /** The method that it is a change of, and a second one where two ideas met; none for a beginning. */
  parents: string[];
  /** What was changed, in about five words; of a beginning, what it is. */
  change: string;
  /** Which part of attention that is. */
  changed: Changed;
};

/**
 * A part of attention: how a pair is scored; which keys are seen; what makes scores into weights; how
 * many heads there are; what the positions are (words, pixels, channels).
 */
export type Changed = 'score' | 'keys' | 'normaliser' | 'heads' | 'axis';

type Row = [
  name: string,
  parent: string | undefined,
  changed: Changed,
  change: string,
  other?: string,
];

// By construction: what one has to change in the parent's formula. It is not a list of who cites whom.
const rows: Row[] = [
  ['Additive Attention', undefined, 'score', 'a small network scores pairs'],
  ['Location-based Attention', 'Additive Attention', 'score', 'the keys are not read'],
  [
    'Dense Synthesized Attention',
    'Location-based Attention',
    'score',
    'a hidden layer; queries are tokens',
    'Multi-Head Attention',
  ],
  [
    'Random Synthesized Attention',
    'Dense Synthesized Attention',
    'score',
    'the query is not read, either',
  ],
  [
    'Factorized Random Synthesized Attention',
    'Random Synthesized Attention',
    'score',
    'the table has low rank',
  ],
  [
    'Factorized Dense Synthesized Attention',
    'Dense Synthesized Attention',
    'score',
    'coarse choice times fine choice',
  ],
  [
    'Point-wise Spatial Attention',
    'Location-based Attention',
    'axis',
    'pixels ask for, and offer, places',
    'SAGAN Self-Attention Module',
  ],
  [
    'Location Sensitive Attention',
    'Additive Attention',
    'score',
    'sees where it looked last',
    'Location-based Attention',
  ],
  ['Channel-wise Soft Attention', 'Additive Attention', 'axis', 'the keys are channels'],
  [
    'Channel Attention Module',
    'Channel-wise Soft Attention',
    'normaliser',
    'a gate, no softmax, no query',
  ],
  ['Spatial Attention Module', 'Channel Attention Module', 'axis', 'gates places, not channels'],
  [
    'Spatial Attention-Guided Mask',
    'Spatial Attention Module',
    'score',
    'smaller kernel, then draws masks',
  ],
  [
    'CBAM',
    'Channel Attention Module',
    'axis',
    'first what, then where',
    'Spatial Attention Module',
  ],
  ['Dot-Product Attention', 'Additive Attention', 'score', 'a product replaces the network'],
  ['Multiplicative Attention', 'Dot-Product Attention', 'score', 'a learned matrix in between'],
  ['DV3 Attention Block', 'Dot-Product Attention', 'score', 'position rates draw a diagonal'],
  ['Scaled Dot-Product Attention', 'Dot-Product Attention', 'score', 'divided by the root of d'],
  [
    'SAGAN Self-Attention Module',
    'Scaled Dot-Product Attention',
    'axis',
    'pixels ask pixels, unscaled again',
  ],
  [
    'Global Context Block',
    'SAGAN Self-Attention Module',
    'score',
    'all pixels ask the same',
    'Channel Attention Module',
  ],
  ['Multi-Head Attention', 'Scaled Dot-Product Attention', 'heads', 'several heads side by side'],
  [
    'LAMA',
    'Multi-Head Attention',
    'score',
    'one context asks, rank one',
    'Multiplicative Attention',
  ],
  [
    'Attention-augmented Convolution',
    'Multi-Head Attention',
    'axis',
    'beside a convolution, on pixels',
    'SAGAN Self-Attention Module',
  ],
  ['Single-Headed Attention', 'Multi-Head Attention', 'heads', 'one head, one matrix'],
  ['Multi-Head Linear Attention', 'Multi-Head Attention', 'keys', 'keys mixed down to k'],
  ['Graph Self-Attention', 'Multi-Head Attention', 'keys', 'only along the edges'],
  ['Adaptive Masking', 'Multi-Head Attention', 'keys', 'each head learns its reach'],
  ['Strided Attention', 'Multi-Head Attention', 'keys', 'one row, then one column'],
  ['Fixed Factorized Attention', 'Strided Attention', 'keys', 'own block, and all summaries'],
  ['Sliding Window Attention', 'Multi-Head Attention', 'keys', 'only the neighbours'],
  ['Dilated Sliding Window Attention', 'Sliding Window Attention', 'keys', 'the window has gaps'],
  [
    'Global and Sliding Window Attention',
    'Sliding Window Attention',
    'keys',
    'some tokens see all',
  ],
  ['LSH Attention', 'Multi-Head Attention', 'keys', 'only keys of equal hash'],
  [
    'Routing Attention',
    'LSH Attention',
    'keys',
    'learned clusters replace hashes',
    'Content-based Attention',
  ],
  ['Sparse Sinkhorn Attention', 'LSH Attention', 'keys', 'sorts blocks, not tokens'],
  ['SortCut Sinkhorn Attention', 'Sparse Sinkhorn Attention', 'keys', 'all see the first blocks'],
  ['Content-based Attention', undefined, 'score', 'cosine finds the memory'],
];

/** All 36 methods, each behind its parent: walked down the tree, oldest root first. */
export const family: readonly Relative[] = rows.map(([name, parent, changed, change, other]) => ({
  name,
  year: methods.find((method) => method.name === name)?.year ?? Number.NaN,
  parents: [parent, other].filter((one): one is string => one !== undefined),
  change,
  changed,
}));

/** The name of a method without the words that most have. */
export function shortName(name: string): string {
  return name
    .replace(/ Self-Attention Module$/, '')
    .replace(/ Attention( Module| Block)?$/, (_, what) => (what === ' Module' ? ' Attention' : ''));
}

/** The first parent of a method, its first parent, and so on to a root. */
export function ancestors(name: string, tree: readonly Relative[] = family): string[] {
  const line: string[] = [];
  for (let [at] = find(name, tree).parents; at !== undefined; [at] = find(at, tree).parents) {
    if (line.includes(at)) throw new Error(`${at} is its own ancestor`);
    line.push(at);
  }
  return line;
}

function find(name: string, tree: readonly Relative[]): Relative {
  const found = tree.find((one) => one.name === name);
  if (!found) throw new Error(`${name} is not in the family`);
  return found;
}

/**
 * What is wrong with a family: a method that is missing or twice, a parent that is none of them or
 * younger than its child, somebody who descends from himself. Nothing, if it is a forest of all 36.
 */
export function familyFaults(tree: readonly Relative[] = family): string[] {
  const names = tree.map(({ name }) => name);
  const known = new Map(tree.map((one) => [one.name, one]));
  const missing = methods.filter(({ name }) => !known.has(name));
  const strange = names.filter((name) => !methods.some((method) => method.name === name));
  const faults = [
    ...missing.map(({ name }) => `${name} is missing`),
    ...strange.map((name) => `${name} is none of the methods`),
    ...names.filter((name, i) => names.indexOf(name) < i).map((name) => `${name} stands twice`),
  ];
  for (const { name, year, parents } of tree) {
    for (const before of parents) {
      const its = known.get(before);
      if (!its) faults.push(`${before}, parent of ${name}, is missing`);
      else if (its.year > year) faults.push(`${before}, parent of ${name}, is younger`);
    }
    const seen = new Set<string>();
    const open = [name];
    while (open.length > 0) {
      for (const before of known.get(open.pop() as string)?.parents ?? []) {
        if (before === name) faults.push(`${name} descends from itself`);
        if (before === name || seen.has(before)) continue;
        seen.add(before);
        open.push(before);
      }
    }
  }
  return [...new Set(faults)];
}

/** A method's place in the drawing of the family. */
export type FamilyPlace = Relative & {
  /** Which row: each method has one of its own, below its parent. */
  row: number;
  /** The year, and a little more for a child of the same year. */
  x: number;
};

/** How far a child of the same year is moved to the right, in years. */
const step = 0.28;

/** Where every method is drawn: so that no line crosses a name. */
export function familyPlaces(tree: readonly Relative[] = family): FamilyPlace[] {
  const places: FamilyPlace[] = [];
  for (const [row, one] of tree.entries()) {
    const parent = places.find(({ name }) => name === one.parents[0]);
    places.push({ ...one, row, x: Math.max(one.year, parent ? parent.x + step : 0) });
  }
  return places;
}
