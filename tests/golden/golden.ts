/** Reads the values that PyTorch computed, and compares. */
import { readFileSync } from 'node:fs';
import { tf } from 'attention';
import { expect } from 'vitest';

interface Numbers {
  shape: number[];
  values: number[];
}

interface Case {
  inputs: Record<string, Numbers>;
  outputs: Record<string, Numbers>;
  cotangents: Record<string, Numbers>;
  gradients: Record<string, Numbers>;
  options: any;
}

export type Tensors = Record<string, tf.Tensor>;

export function golden<T = Case>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')).cases;
}

const tensor = ({ shape, values }: Numbers) => tf.tensor(values, shape);

/** Fails unless every number is within `tolerance` of the expected, relative to the largest. */
export function expectClose(actual: tf.Tensor, expected: Numbers, tolerance: number, name = '') {
  expect(actual.shape, `shape of ${name}`).toEqual(expected.shape);
  const scale = Math.max(1e-3, ...expected.values.map(Math.abs));
  const values = actual.dataSync();
  const worst = Math.max(0, ...expected.values.map((want, i) => Math.abs(values[i] - want)));
  expect(Number.isNaN(worst), `NaN in ${name}`).toBe(false);
  expect(worst / scale, `relative error of ${name}`).toBeLessThan(tolerance);
}

/**
 * Runs one case: outputs to 1e-5 relative, and the gradient of Σ output · cotangent to 1e-4 for
 * every input that the generator differentiated.
 */
export function expectGolden(example: Case, run: (inputs: Tensors, options: any) => Tensors): void {
  const inputs: Tensors = {};
  for (const [name, numbers] of Object.entries(example.inputs)) inputs[name] = tensor(numbers);
  const outputs = run(inputs, example.options);
  for (const [name, expected] of Object.entries(example.outputs)) {
    expectClose(outputs[name], expected, 1e-5, name);
  }
  const differentiated = Object.keys(example.gradients);
  const gradients = tf.grads((...values) => {
    const given = {
      ...inputs,
      ...Object.fromEntries(differentiated.map((n, i) => [n, values[i]])),
    };
    const results = run(given, example.options);
    const products = Object.entries(example.cotangents).map(([name, cotangent]) =>
      tf.sum(tf.mul(results[name], tensor(cotangent))),
    );
    return products.reduce((total, product) => tf.add(total, product));
  })(differentiated.map((name) => inputs[name]));
  differentiated.forEach((name, i) => {
    expectClose(gradients[i], example.gradients[name], 1e-4, `gradient of ${name}`);
  });
}
