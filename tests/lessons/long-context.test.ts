import {
  keptMegabytes,
  languageModel,
  longContextFigure,
  longContextNumbers,
  longContextRows,
  stepRatio,
  tf,
  transformerXLSublayer,
} from 'attention';
import { describe, expect, test } from 'vitest';

const row = {
  idea: 'nothing new',
  bits: [2.5, 2.75, 2.6],
  parameters: 1000,
  context: 64,
  step: [1, 1.1, 0.9],
  kept: 2.5,
};

describe('what the lessons on long contexts share', () => {
  test('a row becomes numbers to store', () => {
    expect(longContextNumbers(row)).toEqual({
      'long context, nothing new: bits': [2.5, 2.75, 2.6],
      'long context, nothing new: parameters': [1000],
      'long context, nothing new: context': [64],
      'long context, nothing new: step': [1, 1.1, 0.9],
      'long context, nothing new: kept': [2.5],
    });
  });

  test('the stored rows are whole, and drawn', () => {
    for (const { lesson, idea, bits, step, ...numbers } of longContextRows()) {
      expect(bits, `${lesson}, ${idea}`).toHaveLength(3);
      expect(step.length).toBeGreaterThan(0);
      for (const one of Object.values(numbers)) expect(one).toBeGreaterThan(0);
    }
    expect(longContextFigure([{ lesson: '13', ...row }]).data.length).toBeGreaterThan(0);
  });

  test('what a step keeps grows with the memory it reads; nothing is left behind', () => {
    const tiny = { dModel: 8, heads: 2, dHidden: 16, layers: 2 };
    const ids = tf.ones([2, 8], 'int32');
    const step = (memoryLength: number) => {
      const model = languageModel({ ...tiny, attention: transformerXLSublayer, positions: 'none' });
      const { memories } = model.forward(ids, { memoryLength: memoryLength || undefined });
      const loss = () => tf.mean(tf.square(model.forward(ids, { memories }).logits));
      return { model, loss };
    };
    const [without, with_] = [step(0), step(8)];
    const before = tf.memory().numTensors;
    expect(keptMegabytes(with_)).toBeGreaterThan(keptMegabytes(without));
    expect(stepRatio(without, with_, 3)).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});
