/** Where a training loop reports to; `progress` for notebooks is one. */
export interface Report {
  update(step: number, text: string): void;
  done(text: string): void;
}

/**
 * Runs training steps one after another and gives the loss of each.
 *
 * Between steps it lets the event loop run ten times a second, so that progress is shown and an
 * interrupt is heard.
 *
 * @param steps how many
 * @param step takes one training step and returns its loss; called with 0, 1, …
 * @param report told the running mean of the loss, about ten times a second
 */
export async function train(
  steps: number,
  step: (index: number) => number,
  report?: Report,
): Promise<number[]> {
  const losses: number[] = [];
  let yielded = performance.now();
  for (let index = 0; index < steps; index++) {
    losses.push(step(index));
    if (performance.now() - yielded > 100) {
      report?.update(index + 1, `loss ${meanOfLast(losses, 50).toFixed(3)}`);
      await new Promise((resume) => setImmediate(resume));
      yielded = performance.now();
    }
  }
  report?.done(`loss ${meanOfLast(losses, 50).toFixed(3)}`);
  return losses;
}

/** The mean of the last `count` numbers (of all, if there are fewer); NaN for none. */
function meanOfLast(values: readonly number[], count: number): number {
  const last = values.slice(-count);
  return last.reduce((sum, value) => sum + value, 0) / last.length;
}
