/** A reporter for Vitest: the seconds of each part of the tests at their end, largest first. */
import { relative, sep } from 'node:path';
import { root } from '../setup/paths.mjs';

/** Folders of tests that are one part: what only computes. */
const src = ['attention', 'bench', 'data', 'layers', 'models', 'tensors', 'training'];

/** @param file an absolute path */
export function partOf(file: string) {
  const [first, second] = relative(root, file).split(sep).slice(1);
  if (src.includes(first)) return 'src';
  return second ? first : first.replace(/\.test\.ts$/, '');
}

/** @param seconds of each part */
export function tableOf(seconds: Map<string, number>) {
  const rows = [...seconds].sort(([, a], [, b]) => b - a);
  const whole = rows.reduce((sum, [, one]) => sum + one, 0);
  return [...rows, ['whole', whole]]
    .map(([part, one]) => `${String(part).padEnd(12)} ${Number(one).toFixed(1).padStart(7)} s`)
    .join('\n');
}

export default class Seconds {
  private readonly seconds: Map<string, number>;
  private last: number | undefined;

  constructor() {
    // What came before the tests: "set-up=3.1,check=14.2".
    const before = (process.env.SECONDS_BEFORE ?? '').split(',').filter(Boolean);
    this.seconds = new Map(before.map((one) => [one.split('=')[0], Number(one.split('=')[1])]));
  }

  onTestRunStart() {
    this.last = performance.now();
  }

  /** Files run one after another: each took what has passed since the one before. */
  onTestModuleEnd({ moduleId }: { moduleId: string }) {
    const now = performance.now();
    const part = partOf(moduleId);
    const passed = (now - (this.last ?? now)) / 1000;
    this.seconds.set(part, (this.seconds.get(part) ?? 0) + passed);
    this.last = now;
  }

  onTestRunEnd() {
    console.log(`\n${tableOf(this.seconds)}\n`);
  }
}
