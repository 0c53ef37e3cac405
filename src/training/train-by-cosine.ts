import type { tf } from '../tensors/tf';
import { Adam } from './adam';
import { cosineSchedule } from './schedule';
import { type Report, train } from './train';

/**
 * `train` with `Adam`: the rate falls along a cosine, and all gradients together are clipped to length 1.
 *
 * @param training `rate` at the first step
 * @param step takes one step by `adam.minimize`, and returns its loss
 */
export async function trainByCosine(
  parameters: Record<string, tf.Variable>,
  { steps, rate }: { steps: number; rate: number },
  step: (adam: Adam, index: number) => number,
  report?: Report,
): Promise<number[]> {
  const adam = new Adam(parameters, { learningRate: cosineSchedule(rate, steps), clipNorm: 1 });
  const losses = await train(steps, (index) => step(adam, index), report);
  adam.dispose();
  return losses;
}
