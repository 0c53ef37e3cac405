import type { Results } from '../../notebook/stored-results';
import {
  clustersOfBusiest,
  exponentOf,
  lengthsOf,
  millisecondsOf,
  slope,
  slopes,
  timedLengths,
} from './costs';
import { atlasNames } from './maps';

const routing = 'Routing Attention';

/** Of each method, how its largest tensor and its processor time grow with n, over three ranges each. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = {};
  const shown = (list: number[]) => list.map((x) => x.toFixed(2)).join(', ');
  for (const name of atlasNames) {
    const tensors = [1, 2, 3].map((range) => exponentOf(name, range));
    const lengths = timedLengths(name);
    const rounds = [1, 2, 3].map(() => lengths.map((n) => millisecondsOf(name, n)));
    const fastest = lengths.map((_, i) => Math.min(...rounds.map((times) => times[i])));
    const times = slopes(lengths, fastest);
    numbers[`largest tensor, ${name}`] = tensors;
    numbers[`processor time, ${name}`] = times;
    curves[`milliseconds, ${name}`] = [lengths, fastest];
    report(`${name}: tensor ${shown(tensors)}; time ${shown(times)}; ms ${shown(fastest)}`);
  }
  // Routing lists, for each query, the keys of all clusters that took it: as many as took the busiest.
  const busiest = [1, 2, 3].map((range) => lengthsOf(routing, range).map(clustersOfBusiest));
  numbers['busiest query, Routing Attention'] = busiest.map((clusters) => clusters[2]);
  numbers['largest tensor without the busiest, Routing Attention'] = busiest.map(
    (clusters, i) =>
      numbers[`largest tensor, ${routing}`][i] - slope(lengthsOf(routing, i + 1), clusters),
  );
  report(`busiest ${busiest.map(String).join(' | ')}`);
  return {
    setting:
      'exponents of n over three ranges, from short to long; times: the fastest of three rounds',
    numbers,
    curves,
  };
}
