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

/**
 * @param seconds of each part; their sum is more than the whole, since files run two at a time
 * @param whole by the clock
 */
export function tableOf(seconds: Map<string, number>, whole: number) {
  const rows = [...seconds].sort(([, a], [, b]) => b - a);
  return [...rows, ['whole', whole]]
    .map(([part, one]) => `${String(part).padEnd(12)} ${Number(one).toFixed(1).padStart(7)} s`)
    .join('\n');
}

export default class Seconds {
  private readonly seconds: Map<string, number>;
  private readonly begun = new Map<string, number>();
  private readonly before: number;
  private start = performance.now();

  constructor() {
    // What came before the tests: "set-up=3.1,check=14.2".
    const before = (process.env.SECONDS_BEFORE ?? '').split(',').filter(Boolean);
    this.seconds = new Map(before.map((one) => [one.split('=')[0], Number(one.split('=')[1])]));
    this.before = [...this.seconds.values()].reduce((sum, one) => sum + one, 0);
  }

  onTestRunStart() {
    this.start = performance.now();
  }

  onTestModuleStart({ moduleId }: { moduleId: string }) {
    this.begun.set(moduleId, performance.now());
  }

  onTestModuleEnd({ moduleId }: { moduleId: string }) {
    const now = performance.now();
    const part = partOf(moduleId);
    const passed = (now - (this.begun.get(moduleId) ?? now)) / 1000;
    this.seconds.set(part, (this.seconds.get(part) ?? 0) + passed);
  }

  onTestRunEnd() {
    const whole = this.before + (performance.now() - this.start) / 1000;
    console.log(`\n${tableOf(this.seconds, whole)}\n`);
  }
}
