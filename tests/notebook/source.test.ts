import { readFileSync } from 'node:fs';
import * as attention from 'attention';
import { sourceOf } from 'attention';
import { describe, expect, test } from 'vitest';

describe('sourceOf', () => {
  test('gives a function whole, with its docstring, and nothing after it', () => {
    const { file, code } = sourceOf('maskedSoftmax');
    expect(file).toBe('attention/masked-softmax.ts');
    expect(code.startsWith('/**\n * Softmax over the keys')).toBe(true);
    expect(code.endsWith('\n}')).toBe(true);
    expect(code.match(/^export /gm)).toHaveLength(1);
    expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')).toContain(code);
  });

  test('gives one method of a class, without the indentation of the class', () => {
    const { code } = sourceOf('EncoderDecoder.loss');
    expect(code).toContain('\nloss(batch: Batch)');
    expect(code.endsWith('\n}')).toBe(true);
    expect(code).not.toContain('decode(');
  });

  test('finds every function that the package exports', () => {
    const functions = Object.entries(attention).filter(([, value]) => typeof value === 'function');
    expect(functions.length).toBeGreaterThan(20);
    for (const [name] of functions) {
      const { code } = sourceOf(name);
      const count = (bracket: string) => code.split(bracket).length;
      expect(count('{'), name).toBe(count('}'));
    }
  });

  test('says so if nothing has that name', () => {
    expect(() => sourceOf('additiveAtention')).toThrow('is called additiveAtention');
    expect(() => sourceOf('EncoderDecoder.losses')).toThrow('is called EncoderDecoder.losses');
  });
});
