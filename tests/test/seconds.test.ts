import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import Seconds, { partOf, tableOf } from '../../tools/test/seconds';

test.each([
  ['tests/attention/heads/multi-head.test.ts', 'src'],
  ['tests/layers/reversible-memory.test.ts', 'src'],
  ['tests/lessons/08-multi-head-attention/exercises.test.ts', 'lessons'],
  ['tests/kernel/kernel.test.ts', 'kernel'],
  ['tests/structure.test.ts', 'structure'],
])('%s is of the part %s', (file, part) => {
  expect(partOf(join(root, file))).toBe(part);
});

test('the largest part stands first, the whole last', () => {
  const seconds = new Map([
    ['plots', 2],
    ['lessons', 416.04],
    ['src', 30],
  ]);
  const rows = tableOf(seconds, 301.5).split('\n');
  expect(rows.map((row) => row.split(/\s+/))).toEqual([
    ['lessons', '416.0', 's'],
    ['src', '30.0', 's'],
    ['plots', '2.0', 's'],
    ['whole', '301.5', 's'],
  ]);
});

test('two files at a time each count what they took, and the whole goes by the clock', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    vi.stubEnv('SECONDS_BEFORE', 'set-up=5');
    const seconds = new Seconds();
    const [lesson, plot] = ['lessons/lessons', 'plots/bars'].map((name) => ({
      moduleId: join(root, 'tests', `${name}.test.ts`),
    }));
    seconds.onTestRunStart();
    seconds.onTestModuleStart(lesson);
    vi.advanceTimersByTime(1000);
    seconds.onTestModuleStart(plot);
    vi.advanceTimersByTime(2000);
    seconds.onTestModuleEnd(plot);
    vi.advanceTimersByTime(4000);
    seconds.onTestModuleEnd(lesson);
    seconds.onTestRunEnd();
    const rows = String(print.mock.calls[0][0]).trim().split('\n');
    expect(rows.map((row) => row.split(/\s+/).slice(0, 2).join(' '))).toEqual([
      'lessons 7.0',
      'set-up 5.0',
      'plots 2.0',
      'whole 12.0',
    ]);
  } finally {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  }
});
