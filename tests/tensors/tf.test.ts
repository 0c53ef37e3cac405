import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Adam, backendName, batch, EncoderDecoder, tf } from 'attention';
import { expect, test } from 'vitest';

test('the native TensorFlow backend is in use', () => {
  expect(backendName()).toBe('tensorflow');
  expect(tf.matMul([[1, 2]], [[3], [4]]).arraySync()).toEqual([[11]]);
});

test('without the addon the course runs on pure JavaScript, says so once, and computes the same', () => {
  const example = { source: [3, 4, 5, 6], target: [3, 4, 5] };
  const sizes = { sourceTokens: 9, targetTokens: 8, dEmbedding: 5, units: 6, dAttention: 7 };
  const model = new EncoderDecoder(sizes);
  const adam = new Adam(model.parameters);
  const native = [1, 2, 3].map(() => adam.minimize(() => model.loss(batch([example]))));

  const script = `
    const { Adam, backendName, batch, EncoderDecoder } = require('attention');
    const model = new EncoderDecoder(${JSON.stringify(sizes)});
    const adam = new Adam(model.parameters);
    const step = () => adam.minimize(() => model.loss(batch([${JSON.stringify(example)}])));
    console.log(JSON.stringify({ backend: backendName(), losses: [step(), step(), step()] }));`;
  const printed = execFileSync(
    process.execPath,
    ['--require', './tests/tensors/no-native.cjs', '--eval', script],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  ).trim();
  const [notice, result, ...more] = printed.split('\n');
  expect(notice).toContain('pure JavaScript');
  expect(notice).toContain('npm run setup');
  expect(more).toEqual([]);
  const { backend, losses } = JSON.parse(result);
  expect(backend).toBe('cpu');
  losses.forEach((loss: number, i: number) => expect(loss).toBeCloseTo(native[i], 5));
});

// The tests of every file that has a faster way, without it: in pure JavaScript, and on TensorFlow
// where no compiler has made the fused operations.
test.each([
  { env: { ATTENTION_BACKEND: 'cpu' }, asks: /hasKernels\(\)|\/fused\//, least: 9 },
  { env: { ATTENTION_FUSED: 'off' }, asks: /hasFused\(\)/, least: 2 },
])(
  'what has a fused version computes the same without it: $env',
  ({ env, asks, least }) => {
    const own = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('dist'))
      .filter((file) => asks.test(readFileSync(`src/${file}`, 'utf8')))
      .map((file) => `tests/${file.replace('.ts', '.test.ts')}`);
    const more = ['tests/attention/graphs/graph.test.ts', 'tests/training/training.test.ts'];
    const files = [...new Set([...own, ...more])].filter((file) => existsSync(file));
    expect(files.length).toBeGreaterThanOrEqual(least + more.length - 1);
    const run = () =>
      execFileSync(
        process.execPath,
        ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout=300000', ...files],
        {
          env: { ...process.env, ...env },
          stdio: 'pipe',
        },
      );
    expect(run).not.toThrow();
  },
  600_000,
);
