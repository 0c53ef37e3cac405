import { methods } from '../../data/methods';

/** Where a method stands among the others. */
export type Relative = {
  /** As in `methods`. */
  name: string;
  year: number;
  /** The method that it is a change of; none for those that begin a family. */
  parent?: string;
  /** A second parent, where two ideas met. */
  other?: string;
  /** What was changed, in about five words; of a beginning, what it is. */
  change: string;
};

type Row = [name: string, parent: string | undefined, change: string, other?: string];

// By construction: what one has to change in the parent's formula. It is not a list of who cites whom.
const rows: Row[] = [
  ['Additive Attention', undefined, 'a small network scores pairs'],
  ['Location-based Attention', 'Additive Attention', 'the keys are not read'],
  [
    'Dense Synthesized Attention',
    'Location-based Attention',
    'a hidden layer; queries are tokens',
    'Multi-Head Attention',
  ],
  ['Random Synthesized Attention', 'Dense Synthesized Attention', 'the query is not read, either'],
  [
    'Factorized Random Synthesized Attention',
    'Random Synthesized Attention',
    'the table has low rank',
  ],
  [
    'Factorized Dense Synthesized Attention',
    'Dense Synthesized Attention',
    'coarse choice times fine choice',
  ],
  [
    'Point-wise Spatial Attention',
    'Location-based Attention',
    'pixels ask for, and offer, places',
    'SAGAN Self-Attention Module',
  ],
  [
    'Location Sensitive Attention',
    'Additive Attention',
    'sees where it looked last',
    'Location-based Attention',
  ],
  ['Channel-wise Soft Attention', 'Additive Attention', 'the keys are channels'],
  ['Channel Attention Module', 'Channel-wise Soft Attention', 'a gate, no softmax, no query'],
  ['Spatial Attention Module', 'Channel Attention Module', 'gates places, not channels'],
  ['Spatial Attention-Guided Mask', 'Spatial Attention Module', 'smaller kernel, then draws masks'],
  ['CBAM', 'Channel Attention Module', 'first what, then where', 'Spatial Attention Module'],
  ['Dot-Product Attention', 'Additive Attention', 'a product replaces the network'],
  ['Multiplicative Attention', 'Dot-Product Attention', 'a learned matrix in between'],
  ['DV3 Attention Block', 'Dot-Product Attention', 'position rates draw a diagonal'],
  ['Scaled Dot-Product Attention', 'Dot-Product Attention', 'divided by the root of d'],
  [
    'SAGAN Self-Attention Module',
    'Scaled Dot-Product Attention',
    'pixels ask pixels, unscaled again',
  ],
  [
    'Global Context Block',
    'SAGAN Self-Attention Module',
    'all pixels ask the same',
    'Channel Attention Module',
  ],
  ['Multi-Head Attention', 'Scaled Dot-Product Attention', 'several heads side by side'],
  ['LAMA', 'Multi-Head Attention', 'one context asks, rank one', 'Multiplicative Attention'],
  [
    'Attention-augmented Convolution',
    'Multi-Head Attention',
    'beside a convolution, on pixels',
    'SAGAN Self-Attention Module',
  ],
  ['Single-Headed Attention', 'Multi-Head Attention', 'one head, one matrix'],
  ['Multi-Head Linear Attention', 'Multi-Head Attention', 'keys mixed down to k'],
  ['Graph Self-Attention', 'Multi-Head Attention', 'only along the edges'],
  ['Adaptive Masking', 'Multi-Head Attention', 'each head learns its reach'],
  ['Strided Attention', 'Multi-Head Attention', 'one row, then one column'],
  ['Fixed Factorized Attention', 'Strided Attention', 'own block, and all summaries'],
  ['Sliding Window Attention', 'Multi-Head Attention', 'only the neighbours'],
  ['Dilated Sliding Window Attention', 'Sliding Window Attention', 'the window has gaps'],
  ['Global and Sliding Window Attention', 'Sliding Window Attention', 'some tokens see all'],
  ['LSH Attention', 'Multi-Head Attention', 'only keys of equal hash'],
  [
    'Routing Attention',
    'LSH Attention',
    'learned clusters replace hashes',
    'Content-based Attention',
  ],
  ['Sparse Sinkhorn Attention', 'LSH Attention', 'sorts blocks, not tokens'],
  ['SortCut Sinkhorn Attention', 'Sparse Sinkhorn Attention', 'all see the first blocks'],
  ['Content-based Attention', undefined, 'cosine finds the memory'],
];

/** All 36 methods, each behind its parent: walked down the tree, oldest root first. */
export const family: readonly Relative[] = rows.map(([name, parent, change, other]) => {
  const year = methods.find((method) => method.name === name)?.year ?? Number.NaN;
  return { name, year, parent, change, ...(other ? { other } : {}) };
});

/** The name of a method without the words that most have. */
export function shortName(name: string): string {
  return name
    .replace(/ Self-Attention Module$/, '')
    .replace(/ Attention( Module| Block)?$/, (_, what) => (what === ' Module' ? ' Attention' : ''))
    .replace('Synthesized', 'Synth.');
}

/** The parents of a method, their parents, and so on to a root. */
export function ancestors(name: string, tree: readonly Relative[] = family): string[] {
  const line: string[] = [];
  for (let at = find(name, tree).parent; at !== undefined; at = find(at, tree).parent) {
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
  for (const { name, year, parent, other } of tree) {
    for (const before of [parent, other]) {
      if (before === undefined) continue;
      const its = known.get(before);
      if (!its) faults.push(`${before}, parent of ${name}, is missing`);
      else if (its.year > year) faults.push(`${before}, parent of ${name}, is younger`);
    }
    const seen = new Set<string>();
    const open = [name];
    while (open.length > 0) {
      const one = known.get(open.pop() as string);
      for (const before of [one?.parent, one?.other]) {
        if (before === name) faults.push(`${name} descends from itself`);
        if (before === undefined || before === name || seen.has(before)) continue;
        seen.add(before);
        open.push(before);
      }
    }
  }
  return [...new Set(faults)];
}
