import { type Exercise, judge, lesson01 } from 'attention';
import { expect, test } from 'vitest';

const passes = <T>(exercise: Exercise<T>, answer: T) => {
  const { passed, of } = judge(exercise, answer);
  return passed === of;
};
/** Marks of the behaviours in order, such as '✓✗✗'. */
const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');

const stub = () => {
  throw new Error('not implemented');
};

test('1.1 accepts the right numbers and leads on from wrong ones', () => {
  const right = { greedy: 0.18, best: 0.36, perplexity: 5 / 3 };
  expect(passes(lesson01.pencil, right)).toBe(true);
  expect(marks(lesson01.pencil, { ...right, best: 0.18 })).toBe('✓✗✓');
  expect(marks(lesson01.pencil, { ...right, perplexity: 1 / 0.36 })).toBe('✓✓✗');
  expect(marks(lesson01.pencil)).toBe('○○○');
});

test('1.2 accepts the formulas, and tells the classic mistakes apart', () => {
  type Affine = { x: number; h: number; bias: number };
  type Weights = { reset: Affine; update: Affine; candidate: Affine };
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  const at = (w: Affine, x: number, h: number) => w.x * x + w.h * h + w.bias;
  const right = (x: number, h: number, { reset, update, candidate }: Weights) => {
    const [r, u] = [sigmoid(at(reset, x, h)), sigmoid(at(update, x, h))];
    return u * h + (1 - u) * Math.tanh(at(candidate, x, r * h));
  };
  const swapped = (x: number, h: number, { reset, update, candidate }: Weights) => {
    const [r, u] = [sigmoid(at(reset, x, h)), sigmoid(at(update, x, h))];
    return (1 - u) * h + u * Math.tanh(at(candidate, x, r * h));
  };
  const noReset = (x: number, h: number, { update, candidate }: Weights) => {
    const u = sigmoid(at(update, x, h));
    return u * h + (1 - u) * Math.tanh(at(candidate, x, h));
  };
  const noTanh = (x: number, h: number, { reset, update, candidate }: Weights) => {
    const [r, u] = [sigmoid(at(reset, x, h)), sigmoid(at(update, x, h))];
    return u * h + (1 - u) * at(candidate, x, r * h);
  };
  expect(passes(lesson01.gruStep, right)).toBe(true);
  expect(marks(lesson01.gruStep, swapped)).toBe('✗✗✗✗');
  expect(marks(lesson01.gruStep, noReset)).toBe('✓✓✗✗');
  expect(marks(lesson01.gruStep, noTanh)).toBe('✓✗✗✗');
  expect(marks(lesson01.gruStep, stub)).toBe('○○○○');
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

test('1.4 accepts the first position that differs, ends included', () => {
  const right = (said: string[], truth: string[]) => {
    const at = Array.from({ length: Math.max(said.length, truth.length) }, (_, i) => i);
    return at.find((i) => said[i] !== truth[i]) ?? -1;
  };
  const onlySaid = (said: string[], truth: string[]) => said.findIndex((p, i) => p !== truth[i]);
  const onlyTruth = (said: string[], truth: string[]) => truth.findIndex((p, i) => p !== said[i]);
  expect(passes(lesson01.firstError, right)).toBe(true);
  expect(marks(lesson01.firstError, onlySaid)).toBe('✓✓✗✓✗');
  expect(marks(lesson01.firstError, onlyTruth)).toBe('✓✓✓✗✓');
  expect(marks(lesson01.firstError, stub)).toBe('○○○○○');
});
