import { type StreamOptions, streamTraining, trainOnStreams } from '../../models/character-streams';
import {
  type LanguageModelOptions,
  languageModel,
  transformerXLSublayer,
} from '../../models/language-model';
import type { Report } from '../../training/train';

/** A row of the comparison: how a model knows the order of the characters, and whether it remembers. */
export type MemoryRun = { options: LanguageModelOptions; memoryLength: number; steps?: number };

const relative: LanguageModelOptions = { attention: transformerXLSublayer, positions: 'none' };
/**
 * The models of lesson 13. Memory in training: one segment, as in the paper. `plain` is what the
 * lessons on long contexts have in common: no memory, rotary positions. Numbered places learn late, and
 * get twice the steps.
 */
export const memoryRuns = {
  plain: { options: { positions: 'rotary' }, memoryLength: 0 },
  'numbered places, no memory': {
    options: { positions: 'sinusoidal' },
    memoryLength: 0,
    steps: 1600,
  },
  'numbered places, memory': {
    options: { positions: 'sinusoidal' },
    memoryLength: 64,
    steps: 1600,
  },
  'distances, no memory': { options: relative, memoryLength: 0 },
  'Transformer-XL': { options: relative, memoryLength: 64 },
} satisfies Record<string, MemoryRun>;

/** A new model of the comparison, and how to train it on a text. */
export function memoryModel(name: keyof typeof memoryRuns, seed = 1) {
  const { options, memoryLength, steps = streamTraining.steps }: MemoryRun = memoryRuns[name];
  const model = languageModel({ ...options, seed });
  const trained = (text: Uint8Array, report?: Report, how: StreamOptions = {}) =>
    trainOnStreams(model, text, { memoryLength, steps, ...how }, report);
  return { model, memoryLength, train: trained };
}

/**
 * The effective context: the least of the contexts beyond which no other saves `threshold` bits per
 * character or more. A simple cousin of the paper's relative effective context length, which compares
 * with the best short context of a whole group of models.
 */
export function effectiveContext(
  contexts: readonly number[],
  bits: readonly number[],
  threshold = 0.01,
): number {
  const best = (from: number) => Math.min(...bits.slice(from));
  return contexts[bits.findIndex((one, i) => one - best(i) < threshold)];
}

/**
 * The entropy of a character of a text if the one before it is known, in bits: no model that sees one
 * character can do better on it.
 */
export function pairEntropy(text: ArrayLike<number>): number {
  const pairs = new Map<number, number>();
  const firsts = new Map<number, number>();
  for (let i = 0; i + 1 < text.length; i++) {
    const pair = 32 * text[i] + text[i + 1];
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    firsts.set(text[i], (firsts.get(text[i]) ?? 0) + 1);
  }
  let bits = 0;
  for (const [pair, count] of pairs)
    bits -= count * Math.log2(count / (firsts.get(Math.floor(pair / 32)) as number));
  return bits / (text.length - 1);
}
