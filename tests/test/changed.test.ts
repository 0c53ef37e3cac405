import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../tools/setup/paths.mjs';
import { changedFiles, planOf, say } from '../../tools/test/changed';
import { exported, namesOf, uses } from '../../tools/test/imports';

const used = uses();
const plan = (...files: string[]) => planOf(files, used);

describe('the tests that a change can reach', () => {
  test('of a notebook: the lesson alone, the prose rules, the talk and the map', () => {
    expect(plan('notebooks/02-additive-attention.ipynb')).toEqual({
      tests: [
        'tests/lessons/course-map.test.ts',
        'tests/lessons/lessons.test.ts',
        'tests/lessons/prose.test.ts',
        'tests/slides/course-map.test.ts',
      ],
      lessons: ['02'],
      all: undefined,
    });
  });

  test('of a mechanism: its tests, what is built on it, the lessons that use it, no others', () => {
    const { tests, lessons } = plan('src/attention/lsh/lsh.ts');
    expect(tests).toEqual(
      expect.arrayContaining([
        'tests/attention/lsh/lsh.test.ts',
        'tests/models/reformer.test.ts',
        'tests/lessons/lessons.test.ts',
        'tests/structure.test.ts',
      ]),
    );
    expect(tests).not.toContain('tests/attention/scores/additive.test.ts');
    expect(tests).not.toContain('tests/lab/');
    expect(lessons).toContain('17');
    expect(lessons).not.toContain('02');
  });

  test('of what all stand on: all of src and all lessons', () => {
    const { tests, lessons } = plan('src/tensors/tf.ts');
    expect(tests).toContain('tests/attention/scores/additive.test.ts');
    expect(lessons).toEqual(expect.arrayContaining(['00', '02', '08', '17']));
  });

  test.each([
    ['the kernel', 'tools/kernel/session.ts', ['tests/kernel/', 'tests/lessons/lessons.test.ts']],
    ['the set-up', 'tools/setup/lock.mjs', ['tests/setup/']],
    ['grading', 'tools/homework/child.ts', ['tests/homework/']],
    ['the slides', 'slides/theme.css', ['tests/slides/']],
    ['golden values', 'tests/golden/gru.json', ['tests/layers/gru.test.ts']],
    ['a script in Python', 'tools/notebooks/execute.py', ['tests/lessons/lessons.test.ts']],
    ['a rule of lessons', 'tools/lesson/rules.ts', ['tests/lessons/prose.test.ts']],
    ['a test', 'tests/plots/bars.test.ts', ['tests/plots/bars.test.ts']],
    ['a figure', 'src/plots/bars.ts', ['tests/plots/bars.test.ts', 'tests/plots/rendered.test.ts']],
  ])('of %s', (_, file, tests) => {
    expect(plan(file).tests).toEqual(expect.arrayContaining(tests));
    if (!file.startsWith('src/')) expect(plan(file).lessons).toEqual(['00']);
  });

  test('of an operation in C++: what calls it, and the set-up, which compiles it', () => {
    const { tests, lessons } = plan('src/tensors/fused/native/attention.cc');
    expect(tests).toEqual(
      expect.arrayContaining([
        'tests/attention/heads/multi-head.test.ts',
        'tests/setup/',
        'tests/tensors/fused/operation.test.ts',
      ]),
    );
    expect(lessons).toContain('08');
  });

  test('of a wrong solution: the homework of its lesson', () => {
    const { tests, lessons } = plan('src/lessons/08-multi-head-attention/wrong.md');
    expect([tests, lessons]).toEqual([['tests/homework/assignments.test.ts'], ['08']]);
  });

  test('of a checkpoint and a drawing: the lessons that load or show it', () => {
    expect(plan('src/checkpoints/rnnsearch.safetensors').lessons).toContain('02');
    expect(plan('src/checkpoints/rnnsearch.safetensors').lessons).not.toContain('00');
    expect(plan('notebooks/images/multi-head.svg').lessons).toContain('08');
  });

  test('of the packages: all; of a log of changes: none', () => {
    expect(plan('CHANGELOG.md', 'package-lock.json').all).toBe('package-lock.json');
    expect(plan('CHANGELOG.md')).toEqual({ tests: [], lessons: ['00'], all: undefined });
  });

  test('a folder of tests stands for its files', () => {
    const { tests } = plan('slides/theme.css', 'slides/layout.ts');
    expect(tests).toEqual(expect.arrayContaining(['tests/slides/', 'tests/structure.test.ts']));
    expect(tests).not.toContain('tests/slides/layout.test.ts');
  });
});

test('names are found however they are taken out of the package', () => {
  const text = `
import { tf, type Wanted, near as close } from 'attention';
const { heads, bars: b } = require('attention');
import { other } from 'elsewhere';
showSource('EncoderDecoder.loss', 'gruCell')`;
  expect(namesOf(text)).toEqual([
    'tf',
    'Wanted',
    'near',
    'heads',
    'bars',
    'EncoderDecoder',
    'gruCell',
  ]);
  expect(namesOf("import * as attention from 'attention'")).toEqual(['*']);
});

test('every name of the package has its file', async () => {
  const names = exported();
  const missing = Object.keys(await import('attention')).filter((name) => !names.has(name));
  expect(missing).toEqual([]);
  expect(names.get('lshAttention')).toBe(join(root, 'src/attention/lsh/lsh.ts'));
});

test('a commit that is not there is said, one that is there is compared with', () => {
  expect(() => changedFiles('no-such-branch')).toThrow('Git knows no commit no-such-branch');
  const { files, since } = changedFiles('HEAD');
  expect(since).toBe('HEAD');
  expect(say(plan(), since, files)).toMatch(/^Changed since HEAD: \d+ files\. No test/);
});
