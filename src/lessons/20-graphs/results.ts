import { loadKarateClub } from '../../data/karate-club';
import type { Results } from '../../notebook/stored-results';
import { tf } from '../../tensors/tf';
import { leanings, leveled, rightSides, type SidesOptions, sides, trainSides } from './club';
import { type LookupOptions, lookup, lookupAccuracy, pointing, trainLookup } from './dictionary';

type Run = Pick<LookupOptions, 'attention' | 'heads'>;

const lookups: Run[] = [
  { attention: 'GAT', heads: 1 },
  { attention: 'GAT', heads: 8 },
  { attention: 'GATv2', heads: 1 },
  { attention: 'dot product', heads: 1 },
];

/** Look-ups with three seeds, and the club with twenty, or five where layers are stacked. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };

  const look = async (run: Run, size: number, seed: number, steps?: number) => {
    for (const readout of ['votes', 'linear'] as const) {
      const votes = readout === 'votes';
      if (votes ? steps : run.attention === 'dot product') continue;
      const one = lookup({ ...run, size, readout, depth: votes ? 32 : 64, seed });
      await trainLookup(one, votes ? {} : { steps: steps ?? 600, learningRate: 0.01 });
      const heads = run.heads === 1 ? '1 head' : `${run.heads} heads`;
      const longer = steps ? `, ${steps} steps, seed ${seed}` : '';
      const name = `${readout}: ${run.attention}, ${heads}, k = ${size}${longer}`;
      const [right, pointed] = [lookupAccuracy(one), pointing(one)];
      add(`${name}: right, %`, 100 * right);
      add(`${name}: pointing, %`, 100 * pointed);
      tf.dispose(one.parameters);
      report(`${name}, seed ${seed}: ${right.toFixed(3)}, pointing ${pointed.toFixed(3)}`);
    }
  };
  for (const attention of ['GATv2', 'GAT'] as const)
    await look({ attention, heads: 1 }, 16, 3, 1500); // is it the budget?
  for (const run of lookups)
    for (const size of [4, 8, 16]) for (const seed of [1, 2, 3]) await look(run, size, seed);

  const club = loadKarateClub();
  const curves: Results['curves'] = {};
  const trained = async (options: SidesOptions) => {
    const one = sides(club, options);
    await trainSides(one, club);
    return one;
  };
  for (const attention of ['GAT', 'GATv2', 'mean', 'everybody', 'alone'] as const)
    for (let seed = 1; seed <= 20; seed++) {
      const one = await trained({ attention, seed });
      const found = leanings(one);
      const right = rightSides(found, club);
      add(`club, ${attention}: right of 32`, right);
      const wrong = `club, ${attention}: wrong`;
      const misses = found.map((leaning, i) => Number(leaning > 0 !== (club.sides[i] === 1)));
      curves[wrong] = [...(curves[wrong] ?? []), misses];
      if (attention === 'GATv2') {
        const level = rightSides(leanings(one, { attend: leveled }), club);
        add('club, GATv2, weights made alike: right of 32', level);
      }
      tf.dispose(one.parameters);
      report(`club, ${attention}, seed ${seed}: ${right}`);
    }
  for (const attention of ['GATv2', 'mean'] as const)
    for (const layers of [1, 2, 4, 8, 16])
      for (const seed of [1, 2, 3, 4, 5]) {
        const one = await trained({ attention, layers, seed });
        const right = rightSides(leanings(one), club);
        add(`club, ${attention}, layers ${layers}: right of 32`, right);
        tf.dispose(one.parameters);
        report(`club, ${attention}, layers ${layers}, seed ${seed}: ${right}`);
      }
  const setting =
    'dictionaries: 300 steps of 32 (votes) or 600 (linear), seeds 1 to 3; ' +
    'club: 100 steps, seeds 1 to 20, or 1 to 5 for more or fewer layers';
  return { setting, numbers, curves };
}
