import type { Results } from '../../notebook/stored-results';
import { random } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { checkpointFile, saveCheckpoint } from '../../training/checkpoint';
import { frechetDistance } from '../../training/frechet-distance';
import {
  type Block,
  discriminate,
  discriminator,
  disposeNet,
  type GanOptions,
  gammasOf,
  gan,
  generated,
  hingeLoss,
  sigmasOf,
  tellsOf,
  trainDiscriminator,
  trainGan,
} from './gans';
import {
  agreement,
  beside,
  digitHalves,
  drawStrangers,
  drawTwins,
  halfReader,
  namesOf,
  seenIn,
  trainHalfReader,
} from './twins';

/** All games of the lesson: what stands in G and in D, and which of them is normalised. */
export const games: Record<string, GanOptions> = {
  attention: {},
  residual: { inG: 'residual', inD: 'residual' },
  'attention in D': { inG: 'residual' },
  'attention in G': { inD: 'residual' },
  'norm in D only': { normG: false },
};

const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

/** The reader of halves and its checkpoint, every discriminator alone, and every game, with three seeds. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const curves: Results['curves'] = {};
  const add = (name: string, x: number) => {
    numbers[name] = [...(numbers[name] ?? []), x];
  };
  const { learned, heldOut } = digitHalves();
  const reader = halfReader(random(1));
  await trainHalfReader(reader, learned);
  saveCheckpoint(checkpointFile('digit-halves'), reader.parameters);
  const labels = heldOut.labels.dataSync();
  const right = namesOf(reader, heldOut.images).filter((name, i) => name === labels[i]).length;
  add('reader: right, %', (100 * right) / labels.length);

  const next = random(7);
  const [twins, strangers] = [drawTwins(heldOut, 2000, next), drawStrangers(heldOut, 2000, next)];
  for (const kind of ['residual', 'attention', 'simple'] as Block[])
    for (const seed of [1, 2, 3]) {
      const alone = discriminator(kind, random(seed));
      const losses = await trainDiscriminator(kind, alone, learned, { seed });
      const [real, fake] = [twins, strangers].map((pairs) => discriminate(kind, alone, pairs).D);
      const loss = hingeLoss(real, fake).dataSync()[0];
      add(`${kind} alone: loss`, loss);
      add(`${kind} alone: tells`, tellsOf(real, fake));
      add(`${kind} alone: gamma`, alone.parameters['block/gamma'].dataSync()[0]);
      const name = `${kind} alone: loss`;
      curves[name] = [...(curves[name] ?? []), everyTenth(losses)];
      report(`${kind} alone, seed ${seed}: held out ${loss.toFixed(3)}`);
      disposeNet(alone);
    }

  const real = seenIn(reader, beside(heldOut.images, heldOut.images));
  const realHalves = seenIn(reader, beside(heldOut.images, heldOut.images), 'halves');
  for (const [name, options] of Object.entries(games))
    for (const seed of [1, 2, 3]) {
      const game = gan({ ...options, seed });
      const gammas: [number[], number[]] = [[], []];
      const losses = await trainGan(game, learned, {
        watch: (step) => {
          if (step % 20 > 0) return;
          const { G, D } = gammasOf(game);
          gammas[0].push(G);
          gammas[1].push(D);
        },
      });
      const pairs = generated(game, 1000);
      const { agree, chance, alike } = agreement(reader, pairs);
      const distance = frechetDistance(seenIn(reader, pairs), real);
      add(`${name}: distance`, distance);
      add(
        `${name}: distance of halves`,
        frechetDistance(seenIn(reader, pairs, 'halves'), realHalves),
      );
      add(`${name}: agree, %`, agree);
      add(`${name}: chance, %`, chance);
      add(`${name}: alike`, alike);
      add(`${name}: gamma in G`, gammas[0][gammas[0].length - 1]);
      add(`${name}: gamma in D`, gammas[1][gammas[1].length - 1]);
      add(`${name}: loss of D`, mean(losses.slice(-100)));
      add(`${name}: largest sigma`, Math.max(...Object.values(sigmasOf(game.G))));
      if (name === 'attention') {
        curves['gamma in G'] = [...(curves['gamma in G'] ?? []), gammas[0]];
        curves['gamma in D'] = [...(curves['gamma in D'] ?? []), gammas[1]];
      }
      report(
        `${name}, seed ${seed}: distance ${distance.toFixed(1)}, agree ${agree.toFixed(1)} % (${chance.toFixed(1)} %)`,
      );
      tf.dispose(pairs);
      disposeNet(game.G);
      disposeNet(game.D);
    }
  return {
    setting: 'pairs of 8 × 8 digits, batches of 32, seeds 1, 2 and 3',
    numbers,
    curves,
  };
}

/** The means of ten losses each. */
function everyTenth(losses: readonly number[]): number[] {
  return Array.from({ length: Math.floor(losses.length / 10) }, (_, i) =>
    mean(losses.slice(10 * i, 10 * i + 10)),
  );
}
