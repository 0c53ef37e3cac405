import type { Results } from '../../notebook/stored-results';
import { exponentOf, millisecondsOf, slope, timedLengths } from './costs';
import { atlasNames } from './maps';

/** Of each method, how its largest tensor and its processor time grow with n, three times each. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  for (const name of atlasNames) {
    const tensors = [1, 2, 3].map((range) => exponentOf(name, range));
    numbers[`largest tensor, ${name}`] = tensors;
    const lengths = timedLengths(name);
    const rounds = [1, 2, 3].map(() => lengths.map((n) => millisecondsOf(name, n)));
    numbers[`processor time, ${name}`] = rounds.map((times) => slope(lengths, times));
    const shown = (list: number[]) => list.map((x) => x.toFixed(2)).join(', ');
    report(`${name}: tensor ${shown(tensors)}; time ${shown(numbers[`processor time, ${name}`])}`);
    report(`  ${lengths.map((n, i) => `n = ${n}: ${rounds[0][i].toFixed(1)} ms`).join(', ')}`);
  }
  return {
    setting:
      'exponents of n: of the largest tensor over three ranges, of processor time in three rounds',
    numbers,
  };
}
