import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progress } from '../../src/notebook/progress';

const jupyter = createRequire(import.meta.url)('tslab/dist/jupyter');

let sent: { data: Record<string, string>; id: string; update: boolean }[];
beforeEach(() => {
  sent = [];
  vi.useFakeTimers();
  jupyter.lastWriteDisplayData = ({ data, transient }: any, update: boolean) =>
    sent.push({ data, id: transient.display_id, update });
});
afterEach(() => {
  jupyter.lastWriteDisplayData = null;
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const plain = () => sent.map(({ data }) => data['text/plain']);

test('progress(total) updates one display', () => {
  const bar = progress(2, { interval: 0 });
  bar.update(1);
  bar.update(2);
  bar.done();
  expect(sent.map(({ update }) => update)).toEqual([false, true, true]);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
  const other = progress(1);
  other.done();
  expect(sent[3].id).not.toBe(sent[0].id);
});

test('there are at most five frames a second if so asked, and always the last', () => {
  const bar = progress(100, { label: 'training', interval: 200 });
  for (let step = 1; step <= 100; step++) {
    vi.advanceTimersByTime(20);
    bar.update(step, `loss ${step}`);
  }
  bar.done();
  expect(sent.length).toBeGreaterThan(8);
  expect(sent.length).toBeLessThanOrEqual(12);
  expect(plain().at(-1)).toBe('training: 100/100, loss 100');
});

test('what stays has the same plain text whatever the speed', () => {
  const final = (milliseconds: number) => {
    const bar = progress(5, { label: 'training' });
    for (let step = 1; step < 5; step++) {
      vi.advanceTimersByTime(milliseconds);
      if (step % (milliseconds > 100 ? 1 : 2)) bar.update(step, { loss: step });
    }
    bar.done({ loss: 0.123456 });
    return plain().at(-1);
  };
  expect(final(10)).toBe('training: 5/5, loss 0.1235');
  expect(final(700)).toBe(final(10));
});

test('the HTML has a bar and the time that is left, in the end the time it took', () => {
  const bar = progress(4, { label: '<x>' });
  vi.advanceTimersByTime(3000);
  bar.update(1);
  expect(sent[0].data['text/html']).toContain('<progress value="1" max="4">');
  expect(sent[0].data['text/html']).toContain('&lt;x&gt;');
  expect(sent[0].data['text/html']).toContain('9.0 s left');
  vi.advanceTimersByTime(72_000);
  bar.done();
  expect(sent[1].data['text/html']).toContain('1 min 15 s');
  expect(sent[1].data['text/html']).not.toContain('<progress');
});

test('the first measure is drawn as a curve', () => {
  const bar = progress(3, { interval: 0 });
  bar.update(1, { loss: 2, error: 9 });
  expect(sent[0].data['text/html']).not.toContain('<svg');
  bar.update(2, { loss: 1, error: 9 });
  // From the top left to the bottom right.
  expect(sent[1].data['text/html']).toContain('points="2.0,3.0 158.0,25.0"');
  bar.update(3, { loss: Number.NaN });
  expect(sent[2].data['text/html']).not.toContain('NaN,');
});

test('outside a kernel only the end is printed', () => {
  jupyter.lastWriteDisplayData = null;
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const bar = progress(2, { label: 'training', interval: 0 });
  bar.update(1);
  bar.done('loss 0.5');
  expect(log.mock.calls).toEqual([['training: 2/2, loss 0.5']]);
});

test('progress(total) throws if the total is not positive', () => {
  expect(() => progress(0)).toThrow('positive total');
  expect(() => progress(Number.NaN)).toThrow('positive total');
});
