import {
  bothWays,
  dictionaryEdges,
  drawDictionaries,
  graphAttentionV2,
  leanings,
  leveled,
  loadKarateClub,
  lookup,
  lookupAccuracy,
  pointing,
  random,
  rightSides,
  sides,
  tf,
  trainLookup,
  trainSides,
} from 'attention';
import { describe, expect, test } from 'vitest';
import { difference } from '../../helpers';

describe('dictionaries', () => {
  test('give every word another value, the same for the same seed', () => {
    const { values } = drawDictionaries(20, 6, random(1));
    for (const one of values) expect([...one].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(drawDictionaries(20, 6, random(1)).values).toEqual(values);
  });

  test('have an edge from every entry to every query of their own', () => {
    const [sources, targets] = dictionaryEdges(2, 2).arraySync();
    expect(targets).toEqual([0, 0, 1, 1, 4, 4, 5, 5]);
    expect(sources).toEqual([2, 3, 2, 3, 6, 7, 6, 7]);
  });

  test.each(['votes', 'linear'] as const)('are learned by GATv2, by %s', async (readout) => {
    const one = lookup({ attention: 'GATv2', size: 3, readout, seed: 2 });
    const before = tf.memory().numTensors;
    const losses = await trainLookup(one, { steps: 150, batch: 16, learningRate: 0.03 });
    expect(losses[149]).toBeLessThan(losses[0] / 4);
    expect(lookupAccuracy(one)).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('are not looked up by votes of GAT beyond 1 / size, trained or not', async () => {
    for (const seed of [1, 2]) {
      const one = lookup({ attention: 'GAT', size: 5, seed });
      expect(pointing(one)).toBeLessThanOrEqual(0.2001);
      await trainLookup(one, { steps: 40, batch: 16 });
      expect(pointing(one)).toBeLessThanOrEqual(0.2001);
      expect(lookupAccuracy(one)).toBeLessThanOrEqual(0.2001);
    }
  });

  test('have as many numbers for GAT as for GATv2, and the second half of a', () => {
    const count = (attention: 'GAT' | 'GATv2') =>
      Object.values(lookup({ attention, size: 8 }).parameters).reduce((sum, p) => sum + p.size, 0);
    expect(count('GAT') - count('GATv2')).toBe(32);
  });
});

describe('the sides of a club', () => {
  const club = loadKarateClub();

  test('are told apart with the pairs, and not without them', async () => {
    const right = async (attention: 'mean' | 'everybody') => {
      const one = sides(club, { attention });
      const losses = await trainSides(one, club);
      expect(losses[99]).toBeLessThan(attention === 'mean' ? 0.05 : 0.7); // ln 2 is 0.693
      return rightSides(leanings(one), club);
    };
    expect(await right('mean')).toBeGreaterThanOrEqual(28);
    expect(await right('everybody')).toBe(16);
  });

  test('the mean gives all neighbours and oneself the same weight', () => {
    const one = sides(club, { attention: 'mean' });
    const { weights, edges } = one.forward().looked[0];
    const [, targets] = edges.arraySync();
    const degree = club.names.map((_, i) => targets.filter((target) => target === i).length);
    const wanted = tf.tensor2d(targets.map((target) => [1 / degree[target]]));
    expect(difference(weights, wanted)).toBeLessThan(1e-6);
  });

  test('leveled is GATv2 with a = 0', () => {
    const one = sides(club, { attention: 'GATv2', seed: 3 });
    const flat: NonNullable<Parameters<typeof leanings>[1]>['attend'] = (
      x,
      edges,
      layer,
      options,
    ) => graphAttentionV2(x, edges, { ...layer, a: tf.zerosLike(layer.a) } as never, options);
    const [a, b] = [leanings(one, { attend: leveled }), leanings(one, { attend: flat })];
    a.forEach((leaning, i) => expect(leaning).toBeCloseTo(b[i], 4));
  });

  test('every pair is two edges', () => {
    expect(bothWays([[0, 1]]).arraySync()).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  test('members whose side is known do not count', () => {
    const found = club.sides.map((side) => (side === 1 ? 1 : -1));
    expect(rightSides(found, club)).toBe(32);
    expect(
      rightSides(
        found.map((x) => -x),
        club,
      ),
    ).toBe(0);
  });
});
