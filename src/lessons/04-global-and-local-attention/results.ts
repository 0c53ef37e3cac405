import { batches, type SequencePair } from '../../data/batches';
import { letters, loadCmudict, phonemes } from '../../data/cmudict';
import {
  loadNumberPairs,
  type NumberLanguage,
  type NumberPair,
  numberWords,
} from '../../data/number-words';
import { LuongEncoderDecoder, type LuongOptions } from '../../models/luong-encoder-decoder';
import { numberErrors } from '../../models/number-errors';
import { pronunciationErrors, spellingPairs } from '../../models/pronounce';
import type { Results } from '../../notebook/stored-results';
import { Adam } from '../../training/adam';
import { cosineSchedule } from '../../training/schedule';

type Kind = Omit<LuongOptions, 'sourceTokens' | 'targetTokens' | 'seed'>;

/** Three seeds of every kind of attention, of windows of 3 to 9 words, with input feeding and without. */
export async function results(report: (line: string) => void): Promise<Results> {
  const numbers: Results['numbers'] = {};
  const note = (name: string, value: number) => {
    numbers[name] = [...(numbers[name] ?? []), value];
    report(`${name}: ${value.toFixed(3)}`);
  };
  const run = (
    name: string,
    kind: Kind,
    { steps = 500, peak = 0.005, from = 'german', to = 'english' }: Partial<Setting> = {},
  ) => {
    for (const seed of [1, 2, 3]) {
      const { train, test } = pairsOf(from, to);
      const sizes = { sourceTokens: numberWords[from].size, targetTokens: numberWords[to].size };
      const model = trained({ ...sizes, inputFeeding: false, seed, ...kind }, train, steps, peak);
      const { number, word, alignment } = numberErrors(model, test);
      note(`${name}: numbers wrong`, 100 * number);
      note(`${name}: words wrong`, 100 * word);
      note(`${name}: AER`, alignment);
      if (kind.attention === 'predictive') note(`${name}: out of the window`, outside(model, test));
      model.dispose();
    }
  };
  const pairs = new Map<string, ReturnType<typeof loadNumberPairs>>();
  const pairsOf = (from: NumberLanguage, to: NumberLanguage) => {
    const known = pairs.get(from) ?? loadNumberPairs({ from, to });
    pairs.set(from, known);
    return known;
  };

  run('global (location)', { attention: 'location' });
  run('global (dot)', { attention: 'global', score: 'dot' });
  for (const D of [2, 1, 3]) {
    run(`local-m (dot), D = ${D}`, { attention: 'monotonic', score: 'dot', D });
    run(`local-p (dot), D = ${D}`, { attention: 'predictive', score: 'dot', D });
  }
  run('local-m (dot), D = 4', { attention: 'monotonic', score: 'dot', D: 4 });
  for (const D of [1, 2]) {
    const kind: Kind = { attention: 'monotonic', score: 'dot', D, handOver: false };
    run(`local-m (dot), D = ${D}, nothing handed over`, kind);
  }
  run('global (general)', { attention: 'global' });
  run('local-m (general), D = 2', { attention: 'monotonic', D: 2 });
  run('local-p (general), D = 2', { attention: 'predictive', D: 2 });
  for (const [name, kind] of Object.entries(fed)) {
    run(`${name}, 200 steps`, kind, { steps: 200, peak: 0.01 });
    const feeding = { ...kind, inputFeeding: true };
    run(`${name}, 200 steps, input feeding`, feeding, { steps: 200, peak: 0.01 });
  }
  const back = { from: 'english', to: 'german' } as const;
  const turned: Kind = { attention: 'monotonic', score: 'dot', D: 1 };
  run('English to German: local-m (dot), D = 1', turned, back);

  const words = loadCmudict();
  for (const [name, kind] of Object.entries(spoken)) {
    for (const seed of [1, 2, 3]) {
      const sizes = { sourceTokens: letters.size, targetTokens: phonemes.size };
      const options = { ...sizes, inputFeeding: false, seed, ...kind };
      const model = trained(options, spellingPairs(words.train.slice(0, 40_000)), 400, 0.01);
      const errors = pronunciationErrors(model, words.test.slice(0, 2000));
      note(`sounds, ${name}: sounds wrong`, 100 * errors.token);
      model.dispose();
    }
  }
  const setting = '500 steps of batch 128, seeds 1, 2 and 3';
  return { setting, numbers };
}

type Setting = { steps: number; peak: number; from: NumberLanguage; to: NumberLanguage };

const fed: Record<string, Kind> = {
  'global (dot)': { attention: 'global', score: 'dot' },
  'local-p (dot), D = 2': { attention: 'predictive', score: 'dot', D: 2 },
};

const spoken: Record<string, Kind> = {
  'global (dot)': { attention: 'global', score: 'dot' },
  'local-m (dot), D = 3': { attention: 'monotonic', score: 'dot', D: 3 },
};

/** Share of the target words whose source word is not in the window, in percent. */
function outside(model: LuongEncoderDecoder, pairs: readonly NumberPair[]): number {
  const { D } = model.options;
  const distances = model
    .align(pairs)
    .flatMap(({ positions }, i) => pairs[i].links.map((s, t) => Math.abs(s - positions[t])));
  return (100 * distances.filter((far) => far > D + 0.5).length) / distances.length;
}

function trained(options: LuongOptions, pairs: SequencePair[], steps: number, peak: number) {
  const model = new LuongEncoderDecoder(options);
  const learningRate = cosineSchedule(peak, steps);
  const adam = new Adam(model.parameters, { learningRate, clipNorm: 5 });
  const stream = batches(pairs, { batchSize: 128, seed: options.seed ?? 1 });
  for (let i = 0; i < steps; i++) adam.minimize(() => model.loss(stream.next().value));
  adam.dispose();
  return model;
}
