import { type Claim, claim, compareWithStored, judgeClaim, spread } from 'attention';
import { expect, test } from 'vitest';
import { printed } from './printed';

const base: Claim = {
  claim: 'longer is worse',
  source: 'Somebody 2015, Fig. 2',
  measure: 'error, long by short',
  paper: 2,
  ours: [1.9, 2.2, 2.4],
  within: 0.5,
};

test('a claim holds if it holds of every run', () => {
  expect(judgeClaim(base)).toEqual({ holds: true, holding: 3, of: 3 });
  expect(judgeClaim({ ...base, ours: [1.9, 2.6] })).toEqual({ holds: false, holding: 1, of: 2 });
  expect(judgeClaim({ ...base, ours: 1.4 })).toEqual({ holds: false, holding: 0, of: 1 });
});

test('a claim without a number of the paper has a bound, or two', () => {
  const direction = { ...base, paper: 'it rises', within: undefined };
  expect(judgeClaim({ ...direction, atLeast: 1.5 }).holds).toBe(true);
  expect(judgeClaim({ ...direction, atLeast: 1.5, atMost: 2.3 }).holding).toBe(2);
  expect(judgeClaim({ ...direction, atMost: 1.8 }).holding).toBe(0);
});

test('a claim that cannot fail is refused', () => {
  expect(() => judgeClaim({ ...base, within: undefined })).toThrow('when it holds');
  expect(() => judgeClaim({ ...base, ours: [] })).toThrow('no number of ours');
  expect(() => judgeClaim({ ...base, ours: [1, Number.NaN] })).toThrow('NaN among our numbers');
  expect(() => judgeClaim({ ...base, paper: 'a lot' })).toThrow('"a lot", which is no number');
});

test('claims are shown with paper, ours, spread, and when they hold', () => {
  const text = printed(() => claim(base, { ...base, ours: [1, 2], unit: ' %', digits: 1 }));
  expect(text.split('\n')).toEqual([
    '|  | claim | paper | ours | holds if |',
    '| --- | --- | --- | --- | --- |',
    "| ✓ | **longer is worse**: error, long by short | 2.00 (Somebody 2015, Fig. 2) | 2.17 (1.90 to 2.40, 3 runs) | within 0.50 of the paper's |",
    "| ✗ 1 of 2 | **longer is worse**: error, long by short | 2.0 % (Somebody 2015, Fig. 2) | 1.5 % (1.0 to 2.0, 2 runs) | within 0.5 % of the paper's |",
  ]);
});

test('a spread of one is a number; minus signs are minus signs', () => {
  expect(spread([-0.5])).toBe('−0.50');
  expect(spread([1, 3], { digits: 0, unit: ' s' })).toBe('2 s (1 to 3, 2 runs)');
});

test('a run is compared with stored ones, by their own spread', () => {
  const stored = { setting: 'three seeds', numbers: { error: [11, 12, 13] } };
  const say = (value: number) => printed(() => compareWithStored(stored, 'error', value));
  expect(say(12.5)).toMatch(/^✓ error: this run 12.50; stored 12.00 \(11.00 to 13.00, 3 runs\)/);
  expect(say(14.9)).toMatch(/^✓/);
  expect(say(15.1)).toMatch(/^✗/);
  expect(() => compareWithStored(stored, 'loss', 1)).toThrow('stored are: error');
});
