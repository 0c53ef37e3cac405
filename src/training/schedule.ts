/**
 * A learning rate that climbs to its peak in a straight line and then falls along half a cosine to
 * a twentieth of it.
 *
 * @param peak the highest learning rate
 * @param steps the length of the training; later steps keep the last rate
 * @param warmup steps of the climb
 * @returns a function of the step 1, 2, …, for `Adam`
 */
export function cosineSchedule(peak: number, steps: number, warmup = 50): (step: number) => number {
  if (!(peak > 0 && steps >= 1 && warmup >= 1)) {
    throw new Error(
      `cosineSchedule: expected peak > 0, steps ≥ 1, warmup ≥ 1; got ${peak}, ${steps}, ${warmup}`,
    );
  }
  return (step) => {
    const fall = (1 + Math.cos(Math.PI * Math.min(1, step / steps))) / 2;
    return peak * Math.min(1, step / warmup) * (0.05 + 0.95 * fall);
  };
}

/**
 * The Transformer's learning rate: climbs in a straight line for `warmup` steps, then falls with the
 * root of the step.
 *
 *     rate = dModel^−0.5 · min(step^−0.5, step · warmup^−1.5)
 *
 * Source: Vaswani et al. (2017), Section 5.3, eq. (3).
 *
 * @returns a function of the step 1, 2, …, for `Adam`
 */
export function warmupSchedule(dModel: number, warmup = 4000): (step: number) => number {
  if (!(dModel >= 1 && warmup >= 1)) {
    throw new Error(`warmupSchedule: expected dModel, warmup ≥ 1; got ${dModel}, ${warmup}`);
  }
  return (step) => dModel ** -0.5 * Math.min(step ** -0.5, step * warmup ** -1.5);
}
