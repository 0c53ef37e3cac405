import { loadScenes } from '../../data/scenes';
import type { Results } from '../../notebook/stored-results';
import { flatten } from '../../tensors/parameters';
import { tf } from '../../tensors/tf';
import { checkpointFile, loadCheckpoint, saveCheckpoint } from '../../training/checkpoint';
import {
  authorsRecipe,
  eye,
  gradientSpread,
  type Lesson,
  type Manner,
  seeScenes,
  tell,
  teller,
  trainEye,
  trainTeller,
} from './captioners';

/** The trainings of the lesson, and those that it has no time for. */
const runs: Record<string, { manner: Manner } & Lesson> = {
  'one vector': { manner: 'vector' },
  'the mean': { manner: 'mean' },
  soft: { manner: 'soft' },
  'soft, penalty': { manner: 'soft', penalty: 1 },
  hard: { manner: 'hard', ...authorsRecipe },
  'hard, no coin': { manner: 'hard', ...authorsRecipe, coin: 0 },
  'hard, REINFORCE alone': { manner: 'hard', reward: 1, bonus: 0 },
  'hard, twice as long': { manner: 'hard', ...authorsRecipe, steps: 1000 },
  'straight-through': { manner: 'straight-through' },
};

/** Makes the eye: a minute. Everything else is made with it, so the results have to be made again. */
export async function checkpoints(report: (line: string) => void): Promise<void> {
  const seer = eye();
  const losses = await trainEye(seer, loadScenes({ train: 6000, test: 1 }).train);
  saveCheckpoint(checkpointFile('eye'), flatten(seer));
  report(`eye: loss ${losses.slice(-50).reduce((a, b) => a + b) / 50}`);
}

/** Trains every decoder with three seeds. */
export async function results(report: (line: string) => void): Promise<Results> {
  const { train, test } = loadScenes({ train: 4000, test: 500 });
  const seer = eye();
  loadCheckpoint(checkpointFile('eye'), flatten(seer));

  const numbers: Results['numbers'] = {};
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
  };
  const curves: Results['curves'] = {};
  const [lookingAt, unseen] = [seeScenes(train, seer), seeScenes(test, seer)];
  for (const seed of [1, 2, 3]) {
    const spread = (when: string, one: ReturnType<typeof teller>) => {
      const found = gradientSpread(one, lookingAt, { seed });
      note(`variance with the baseline by without, ${when}`, found.average / found.none);
    };
    for (const [name, { manner, ...how }] of Object.entries(runs)) {
      const one = teller({ manner, seed });
      if (name === 'hard') spread('first step', one);
      const losses = await trainTeller(one, lookingAt, how);
      if (name === 'hard') spread('last step', one);
      curves[`${name}: loss`] = [...(curves[`${name}: loss`] ?? []), tens(losses)];
      const told = tell(one, unseen);
      for (const what of ['right', 'points', 'inside', 'entropy'] as const)
        note(`${name}: ${what}`, told[what]);
      report(
        `${name}, seed ${seed}: ${told.right.toFixed(1)} % right, ${told.points.toFixed(1)} % pointed`,
      );
      if (name === 'soft') {
        // Hard attention that begins where soft attention ended, taught by REINFORCE alone.
        const gone = { ...one, manner: 'hard' as const };
        const further = { reward: 1, bonus: 0, steps: 250, rate: 0.003 };
        note('soft, then the likeliest: right', tell(gone, unseen).right);
        await trainTeller(gone, lookingAt, further);
        const after = tell(gone, unseen);
        note('soft, then REINFORCE alone: right', after.right);
        note('soft, then REINFORCE alone: points', after.points);
        report(`soft, then REINFORCE alone, seed ${seed}: ${after.right.toFixed(1)} % right`);
      }
      tf.dispose(one.parameters);
    }
  }
  const setting = '500 steps of 64 scenes; seeds 1, 2 and 3';
  return { setting, numbers, curves };
}

/** The mean of every ten losses. */
function tens(losses: number[]): number[] {
  return Array.from({ length: Math.floor(losses.length / 10) }, (_, i) =>
    losses.slice(10 * i, 10 * i + 10).reduce((sum, loss) => sum + loss / 10, 0),
  );
}
