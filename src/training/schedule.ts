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
