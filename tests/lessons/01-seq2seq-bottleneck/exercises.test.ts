import { lesson01 } from 'attention';
import { expect, test } from 'vitest';
import { marks, passes, stub } from '../marks';

test('1.1 accepts the right numbers and leads on from wrong ones', () => {
  const right = { greedy: 0.18, best: 0.36, perplexity: 5 / 3 };
  expect(passes(lesson01.pencil, right)).toBe(true);
  expect(marks(lesson01.pencil, { ...right, best: 0.18 })).toBe('✓✗✓');
  expect(marks(lesson01.pencil, { ...right, perplexity: 1 / 0.36 })).toBe('✓✓✗');
  expect(marks(lesson01.pencil)).toBe('○○○');
});

test('1.2 accepts the formulas, and tells the classic mistakes apart', () => {
  type Affine = { x: number; h: number; bias: number };
  type Gates = { input: Affine; forget: Affine; output: Affine; candidate: Affine };
  type State = { h: number; m: number };
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const sum = (w: Affine, x: number, h: number) => w.x * x + w.h * h + w.bias;
  const make =
    (next: (f: number, m: number, i: number, candidate: number) => number, show = Math.tanh) =>
    (x: number, { h, m }: State, { input, forget, output, candidate }: Gates) => {
      const [i, f, o] = [input, forget, output].map((gate) => sigmoid(sum(gate, x, h)));
      const after = next(f, m, i, Math.tanh(sum(candidate, x, h)));
      return { h: o * show(after), m: after };
    };
  const right = make((f, m, i, candidate) => f * m + i * candidate);
  const tied = make((f, m, _, candidate) => f * m + (1 - f) * candidate); // as in a GRU
  const noForget = make((_, m, i, candidate) => m + i * candidate);
  const notSquashed = make(
    (f, m, i, candidate) => f * m + i * candidate,
    (m) => m,
  );
  const oldMemory = (x: number, state: State, gates: Gates) => {
    const o = sigmoid(sum(gates.output, x, state.h));
    return { ...right(x, state, gates), h: o * Math.tanh(state.m) };
  };
  const gatesSeeMemory = (x: number, { m }: State, gates: Gates) => right(x, { h: m, m }, gates);
  expect(passes(lesson01.lstmStep, right)).toBe(true);
  expect(marks(lesson01.lstmStep, tied)).toBe('✓✗✓✓✗');
  expect(marks(lesson01.lstmStep, noForget)).toBe('✓✓✓✗✗');
  expect(marks(lesson01.lstmStep, notSquashed)).toBe('✓✓✓✗✗');
  expect(marks(lesson01.lstmStep, oldMemory)).toBe('✓✓✓✗✗');
  expect(marks(lesson01.lstmStep, gatesSeeMemory)).toBe('✓✓✓✓✗');
  expect(marks(lesson01.lstmStep, stub)).toBe('○○○○○');
});

test('1.3 accepts a beam search, and tells the classic mistakes apart', () => {
  type Model = (ids: number[]) => number[];
  type Output = { ids: number[]; log: number };
  const best = (list: Output[]) => list.sort((a, b) => b.log - a.log);
  const search =
    ({ keep = true, widen = true, logs = true } = {}) =>
    (model: Model, width: number, maxSteps: number) => {
      let open: Output[] = [{ ids: [], log: logs ? 0 : 1 }];
      const ended: Output[] = [];
      for (let step = 0; step < maxSteps && open.length > 0; step++) {
        const grown = open.flatMap(({ ids, log }) =>
          model(ids).map((p, token) => ({
            ids: [...ids, token],
            log: logs ? log + Math.log(p) : log * p,
          })),
        );
        const kept = best(grown).slice(0, widen ? width : 1);
        const done = kept.filter(({ ids }) => ids[step] === 0);
        if (!keep && done.length > 0) return done[0].ids.slice(0, -1);
        ended.push(...done.map(({ ids, log }) => ({ ids: ids.slice(0, -1), log })));
        open = kept.filter(({ ids }) => ids[step] !== 0);
      }
      return best(ended.length > 0 ? ended : open)[0].ids;
    };
  expect(passes(lesson01.beam, search())).toBe(true);
  expect(marks(lesson01.beam, search({ widen: false }))).toBe('✓✗✗✓✓');
  expect(marks(lesson01.beam, search({ logs: false }))).toBe('✓✓✓✓✗');
  // Drops what has ended as long as anything is open.
  const onlyLast = (model: Model, width: number, maxSteps: number) => {
    let open: Output[] = [{ ids: [], log: 0 }];
    let last: Output[] = [];
    for (let step = 0; step < maxSteps && open.length > 0; step++) {
      const grown = best(
        open.flatMap(({ ids, log }) =>
          model(ids).map((p, token) => ({ ids: [...ids, token], log: log + Math.log(p) })),
        ),
      ).slice(0, width);
      last = grown.filter(({ ids }) => ids[step] === 0);
      open = grown.filter(({ ids }) => ids[step] !== 0);
    }
    return (last[0]?.ids ?? open[0]?.ids ?? [9]).filter((id) => id !== 0);
  };
  expect(marks(lesson01.beam, onlyLast)[2]).toBe('✗');
  expect(marks(lesson01.beam, stub)).toBe('○○○○○');
});

test('1.4 wants few letters and much babble', () => {
  const said = (count: number) => Array.from({ length: count }, () => 'W');
  expect(passes(lesson01.babble, { word: 'QQQ', babbled: said(20) })).toBe(true);
  expect(marks(lesson01.babble, { word: 'cat', babbled: said(3) })).toBe('✓✗✗✗');
  expect(marks(lesson01.babble, { word: 'WWWWWW', babbled: said(30) })).toBe('✗✓✓✓');
  expect(marks(lesson01.babble)).toBe('○○○○');
});
