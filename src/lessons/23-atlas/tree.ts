import { sentence } from './example';

/** How many nodes of the tree are words. */
export const leaves = sentence.length;

/** From which word to before which word each node reaches: twelve words, six pairs, three fours. */
export const treeNodes: [from: number, to: number][] = [1, 2, 4].flatMap((size) =>
  Array.from({ length: leaves / size }, (_, i): [number, number] => [i * size, (i + 1) * size]),
);

/**
 * The edges of a graph like BP-Transformer's. To a word: from itself and the word on either side; then
 * on either side from pairs, until a four begins; then from fours. So every word of the sentence is in
 * sight, farther ones in larger pieces. To a pair or a four: from its words.
 */
export const treeEdges: [sources: number[], targets: number[]] = (() => {
  const edges: [number, number][] = [];
  const nodeOf = (from: number, to: number) =>
    treeNodes.findIndex(([a, b]) => a === from && b === to);
  for (let word = 0; word < leaves; word++) {
    for (const near of [word - 1, word, word + 1]) {
      if (near >= 0 && near < leaves) edges.push([near, word]);
    }
    // To the right of the words that are seen, from `right` on; to the left, from `left` down.
    for (let [right, size] = [word + 2, 2]; right < leaves; ) {
      const from = Math.floor(right / size) * size;
      edges.push([nodeOf(from, from + size), word]);
      right = from + size;
      if (size === 2 && right % 4 === 0) size = 4;
    }
    for (let [left, size] = [word - 2, 2]; left >= 0; ) {
      const from = Math.floor(left / size) * size;
      edges.push([nodeOf(from, from + size), word]);
      left = from - 1;
      if (size === 2 && from % 4 === 0) size = 4;
    }
  }
  treeNodes.forEach(([from, to], node) => {
    for (let word = from; node >= leaves && word < to; word++) edges.push([word, node]);
  });
  return [edges.map(([source]) => source), edges.map(([, target]) => target)];
})();
