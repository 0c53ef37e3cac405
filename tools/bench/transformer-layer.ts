/**
 * Training steps of one encoder layer: forward, backward, Adam; transformer_layer_pytorch.py is the other
 * side. Reads jobs as JSON lines on standard input ({"batch", "length", "dModel", "heads", "steps"}), and
 * answers each with its seconds, by the clock and of the processor. Threads: TF_NUM_INTRAOP_THREADS.
 */
import { answer } from './turns.ts';

const { Adam, encoderLayer, encoderLayerParameters, flatten, random, tf, uniform, variables } =
  await import('attention');

type Size = { batch: number; length: number; dModel: number; heads: number };

function training({ batch, length, dModel, heads }: Size) {
  const next = random(1);
  const parameters = variables(encoderLayerParameters({ dModel, bias: true }, next));
  const adam = new Adam(flatten(parameters));
  const [x, target] = [0, 1].map(() => uniform([batch, length, dModel], next, 1));
  const loss = () =>
    tf.mean(tf.square(tf.sub(encoderLayer(x, parameters, { heads }).output, target)));
  return () => adam.minimize(loss);
}

const trainings: Map<string, () => number> = new Map();
await answer(({ steps, ...size }: Size & { steps: number }) => {
  const key = JSON.stringify(size);
  const step = trainings.get(key) ?? training(size);
  trainings.set(key, step);
  return () => {
    for (let i = 0; i < steps; i++) step();
  };
});
