import { transformerInPyTorch } from 'attention';
import { expect, test } from 'vitest';
import { expectClose, golden } from '../golden/golden';

test('the Transformer that lesson 09 compares with is the first golden one', () => {
  const [{ inputs, outputs, options }] = golden('transformer');
  const { heads, layers, source, input, parameters, logits } = transformerInPyTorch();
  expect({ heads, layers }).toEqual({ heads: options.heads, layers: 2 });
  expect(source.flat()).toEqual(inputs.source.values);
  const { values, shape } = inputs.target;
  const rows = source.map((_, b) => values.slice(b * shape[1], (b + 1) * shape[1]));
  expect(input).toEqual(rows.map((row: number[]) => [1, ...row.slice(0, -1)]));
  expectClose(logits, outputs.logits, 1e-6, 'logits');
  for (const [name, parameter] of Object.entries(parameters)) {
    expectClose(parameter, inputs[name], 1e-6, name);
  }
  expect(Object.keys(parameters).length).toBe(Object.keys(inputs).length - 2);
});
