/**
 * Times training steps of one encoder layer: forward, backward, Adam. Reads jobs as JSON lines on
 * standard input ({"batch", "length", "dModel", "heads", "steps"}), and answers each with the seconds
 * of its steps as one JSON line. Threads: TF_NUM_INTRAOP_THREADS, which counts for the whole process.
 */
import { createInterface } from 'node:readline';

const { Adam, encoderLayer, encoderLayerParameters, flatten, random, tf, uniform, variables } =
  await import('attention');

/** @param {{ batch: number, length: number, dModel: number, heads: number }} size */
function training({ batch, length, dModel, heads }) {
  const next = random(1);
  const parameters = variables(encoderLayerParameters({ dModel, bias: true }, next));
  const adam = new Adam(flatten(parameters));
  const [x, target] = [0, 1].map(() => uniform([batch, length, dModel], next, 1));
  const loss = () =>
    tf.mean(tf.square(tf.sub(encoderLayer(x, parameters, { heads }).output, target)));
  return () => adam.minimize(loss);
}

/** @type {Map<string, () => number>} */
const trainings = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const { steps, ...size } = JSON.parse(line);
  const key = JSON.stringify(size);
  const step = trainings.get(key) ?? training(size);
  trainings.set(key, step);
  const seconds = Array.from({ length: steps }, () => {
    const start = performance.now();
    step();
    return (performance.now() - start) / 1000;
  });
  console.log(JSON.stringify(seconds));
}
