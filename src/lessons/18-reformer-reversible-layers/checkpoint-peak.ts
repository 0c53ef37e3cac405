/**
 * The peak of checkpointing 32 layers: inputs that are kept and not yet used, and those of the stretch
 * that is run again.
 *
 * @param kept the layers whose input is kept, from 0
 */
export function checkpointPeak(kept: readonly number[], layers = 32): number {
  const starts = [...new Set([0, ...kept])]
    .filter((layer) => Number.isInteger(layer) && layer >= 0 && layer < layers)
    .sort((a, b) => a - b);
  const peaks = starts.map((start, i) => {
    const stretch = (starts[i + 1] ?? layers) - start;
    return i + stretch; // the i before it are still waiting; its own first input is in the stretch
  });
  return Math.max(...peaks);
}
