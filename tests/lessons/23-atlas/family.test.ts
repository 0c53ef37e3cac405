import {
  ancestors,
  family,
  familyFaults,
  familyPlaces,
  familyTree,
  methods,
  type Relative,
  shortName,
} from 'attention';
import { describe, expect, test } from 'vitest';

describe('the family', () => {
  test('is a forest of all 36, none younger than its children', () => {
    expect(familyFaults()).toEqual([]);
    expect(family).toHaveLength(36);
    const roots = family.filter(({ parents }) => parents.length === 0).map(({ name }) => name);
    expect(roots).toEqual(['Additive Attention', 'Content-based Attention']);
    for (const { name, year } of methods) {
      expect(family.find((one) => one.name === name)?.year).toBe(year);
    }
  });

  test('tells what is wrong with another', () => {
    const changed = (name: string, change: Partial<Relative>) =>
      family.map((one) => (one.name === name ? { ...one, ...change } : one));
    const wrong = (tree: Relative[]) => familyFaults(tree).join('; ');
    expect(wrong(family.filter(({ name }) => name !== 'LAMA'))).toBe('LAMA is missing');
    expect(wrong(family.filter(({ name }) => name !== 'LSH Attention'))).toContain(
      'LSH Attention, parent of Routing Attention, is missing',
    );
    expect(wrong([...family, family[3]])).toContain('stands twice');
    expect(wrong(changed('LAMA', { name: 'Llama' }))).toContain('Llama is none of the methods');
    expect(wrong(changed('CBAM', { parents: ['LSH Attention'] }))).toContain('is younger');
    const circle = changed('LSH Attention', { parents: ['SortCut Sinkhorn Attention'] });
    expect(wrong(circle)).toContain('LSH Attention descends from itself');
    expect(wrong(changed('CBAM', { parents: ['CBAM'] }))).toBe('CBAM descends from itself');
    expect(() => ancestors('Routing Attention', circle)).toThrow('is its own ancestor');
    expect(() => ancestors('Flash Attention')).toThrow('Flash Attention is not in the family');
  });

  test('leads from each method to a root', () => {
    expect(ancestors('SortCut Sinkhorn Attention')).toEqual([
      'Sparse Sinkhorn Attention',
      'LSH Attention',
      'Multi-Head Attention',
      'Scaled Dot-Product Attention',
      'Dot-Product Attention',
      'Additive Attention',
    ]);
    expect(ancestors('Content-based Attention')).toEqual([]);
  });

  test('says in few words what was changed', () => {
    for (const { change } of family) {
      expect(change.split(' ').length).toBeLessThanOrEqual(6);
      expect(change.length).toBeLessThanOrEqual(36);
    }
    expect(new Set(family.map(({ change }) => change)).size).toBe(36);
  });

  test('has names that are short, and all different', () => {
    const names = family.map(({ name }) => shortName(name));
    expect(new Set(names).size).toBe(36);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThanOrEqual(31);
    expect(shortName('Spatial Attention Module')).toBe('Spatial Attention');
  });

  test('is drawn without a line through a name', () => {
    const places = familyPlaces();
    expect(new Set(places.map(({ row }) => row)).size).toBe(36);
    for (const { year, x, row, parents } of places) {
      expect(x).toBeGreaterThanOrEqual(year);
      expect(x).toBeLessThan(year + 1);
      const parent = places.find(({ name }) => name === parents[0]);
      if (!parent) continue;
      expect(parent.row).toBeLessThan(row);
      expect(parent.x).toBeLessThan(x);
      // What stands between descends from the same parent, and so to the right of its line.
      for (const between of places.slice(parent.row + 1, row)) {
        expect(ancestors(between.name)).toContain(parent.name);
      }
    }
    const { data, layout } = familyTree();
    expect(layout.width).toBeLessThanOrEqual(620);
    expect(data[0].text).toHaveLength(36);
    for (const { change } of family) expect(layout.meta.alt).toContain(change);
  });
});
