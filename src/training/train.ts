/** Where a training loop reports to; `progress` for notebooks is one. */
export interface Report {
  /** So many steps are done. */
  update(step: number, measures: { loss: number }): void;
  done(): void;
}

/**
 * Runs training steps one after another and gives the loss of each.
 *
 * Between steps it lets the event loop run ten times a second, so that progress is shown and an
 * interrupt is heard.
 *
 * @param steps how many
 * @param step takes one training step and returns its loss; called with 0, 1, …
 * @param report told the mean loss of the last 50 steps, after every step
 */
export async function train(
  steps: number,
  step: (index: number) => number,
  report?: Report,
): Promise<number[]> {
  const losses: number[] = [];
  let rested = performance.now();
  for (let index = 0; index < steps; index++) {
    losses.push(step(index));
    report?.update(index + 1, { loss: meanOfLast(losses, 50) });
    if (performance.now() - rested > 100) {
      await new Promise((resume) => later(resume));
      rested = performance.now();
    }
  }
  report?.done();
  return losses;
}

/** The mean of the last `count` numbers, of all if there are fewer. */
function meanOfLast(values: readonly number[], count: number): number {
  const last = values.slice(-count);
  return last.reduce((sum, value) => sum + value, 0) / last.length;
}

/** Browsers have no `setImmediate`. */
const later = globalThis.setImmediate ?? ((resume: (value: unknown) => void) => setTimeout(resume));
