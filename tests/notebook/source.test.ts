import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as attention from 'attention';
import { showSource, sourceOf } from 'attention';
import { describe, expect, test, vi } from 'vitest';
import { coreOf } from '../../src/notebook/source';

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

  test('gives what is private to a file, by the name of the file if several have one', () => {
    expect(sourceOf('fusedInHeads').code).toContain('\nfunction fusedInHeads(');
    expect(sourceOf('multi-head/project').file).toBe('attention/heads/multi-head.ts');
    expect(() => sourceOf('plainSteps')).not.toThrow();
    expect(() => sourceOf('check')).not.toThrow(); // exported by one, private to another
    expect(() => sourceOf('summit')).toThrow(
      'several files have a summit: say heads/summit or overlay/summit',
    );
  });

  test('says so if nothing has that name', () => {
    expect(() => sourceOf('additiveAtention')).toThrow('nothing in src is called additiveAtention');
    expect(() => sourceOf('EncoderDecoder.losses')).toThrow('is called EncoderDecoder.losses');
  });
});

describe('coreOf', () => {
  test('begins with the formulas, or the first sentence, and leaves the documentation out', () => {
    const { code } = sourceOf('multiHeadAttention');
    const [first, second, third] = coreOf(code).split('\n');
    expect(first).toBe('// MultiHead(Q, K, V) = [head_1; …; head_h] W^O');
    expect(second).toMatch(/^\/\/ head_i = Attention/);
    expect(third).toMatch(/^export function multiHeadAttention/);
    expect(coreOf('/** A softmax. Of rows. */\nconst x = 1;')).toBe('// A softmax.\nconst x = 1;');
  });

  const core = (...body: string[]) =>
    coreOf(['function f(x: tf.Tensor) {', ...body.map((line) => `  ${line}`), '}'].join('\n'))
      .split('\n')
      .slice(1, -1)
      .map((line) => line.slice(2));

  test('leaves out what only checks, and reads the shapes that are used', () => {
    const checked = [
      "const [batch, , depth] = expectShape('x', x, ['batch', 'keys', 'depth']);",
      "const [rows] = expectShape('W', W, [depth]);",
      "if (mask) expectShape('mask', mask, [batch]);",
      'if (mask) {',
      "  expectShape('mask', mask, [batch]);",
      '  expectBinary(mask);',
      '}',
      "if (batch > 9) throw new Error('too many; fewer, please');",
      'if (',
      '  batch === 7 &&',
      '  depth === 7',
      ') {',
      '  throw new Error(',
      "    'odd',",
      '  );',
      '}',
      'each((row) => {',
      '  if (!row)',
      "    throw new Error('no row');",
      '});',
      'if (batch === 1) return x;',
      'return batch;',
    ];
    expect(core(...checked)).toEqual([
      'const [batch, , depth] = x.shape;',
      'each((row) => {',
      '});',
      'if (batch === 1) return x;',
      'return batch;',
    ]);
  });

  test('leaves out the faster of two ways, and what only it uses', () => {
    expect(core('if (hasKernels()) return fused(x);', 'return plain(x);')).toEqual([
      'return plain(x);',
    ]);
    const alike = ['const alike =', '  x.rank === 2 &&', '  x.size > 0;'];
    expect(
      core(...alike, 'if (hasKernels() && alike)', '  return fused(x);', 'return plain(x);'),
    ).toEqual(['return plain(x);']);
    expect(core('if (!hasKernels()) return plain(x);', 'const y = 1;', 'return fused(y);')).toEqual(
      ['return plain(x);'],
    );
    expect(core('const run = hasKernels() ? fused : plain;', 'return run(x);')).toEqual([
      'const run = plain;',
      'return run(x);',
    ]);
    expect(core('const run = hasFused() && n > 0 ? fused : plain;', 'run(x);')).toEqual([
      'const run = plain;',
      'run(x);',
    ]);
    const long = ['return hasKernels()', '  ? fused(x)', '  : plain(x);'];
    expect(core(...long)).toEqual(['return plain(x);']);
  });

  test('is TypeScript, in lines that fit a page, for every function and class of the package', () => {
    const tslab = createRequire(createRequire(import.meta.url).resolve('tslab'));
    const ts = tslab('@tslab/typescript-for-tslab');
    for (const [name, value] of Object.entries(attention)) {
      if (typeof value !== 'function') continue;
      const code = coreOf(sourceOf(name).code);
      const { parseDiagnostics } = ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest);
      expect(parseDiagnostics.length, `${name}:\n${code}`).toBe(0);
      const comments = code.split('\n').filter((line) => line.startsWith('//'));
      expect(Math.max(...comments.map((line) => line.length)), name).toBeLessThan(94);
    }
  });
});

test('showSource shows the core, and folds the whole', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  showSource('splitHeads', 'mergeHeads', 'maskedSoftmax');
  const [[said]] = log.mock.calls;
  log.mockRestore();
  const [core, whole] = said.split('<details class="source">');
  expect(core.match(/^\*\*`src/gm)).toHaveLength(2); // one title for each file
  expect(core).not.toContain('expectShape');
  expect(whole).toContain('@throws if dModel is not divisible');
  expect(whole).toContain("expectShape('x', x, ['batch', 'length', 'dModel'])");
  expect(whole.trim().endsWith('</details>')).toBe(true);
});
