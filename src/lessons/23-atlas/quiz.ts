import type { Figure } from '../../plots/figure';
import { sentences } from '../../plots/words';
import { random, shuffled } from '../../tensors/random';
import { atlasMap, atlasNames } from './maps';
import { multiples } from './multiples';

/** Maps that nobody could tell apart without the words: a quiz has one of each group at most. */
const alike = [
  ['Scaled Dot-Product Attention', 'Dot-Product Attention', 'Content-based Attention'],
  ['Location-based Attention', 'Dense Synthesized Attention', 'Random Synthesized Attention'],
];

/** Methods with a single matrix of weights. */
const single = (name: string) => {
  const { panels } = atlasMap(name);
  return panels.length === 1 && panels[0].shows === 'weights';
};

/**
 * The names behind the maps of `quizFigure` of the same seed, in its order.
 *
 * @returns twelve names of `methods`
 */
export function quizAnswers(seed = 1): string[] {
  const chosen: string[] = [];
  for (const name of shuffled(atlasNames.filter(single), random(seed))) {
    const group = alike.find((names) => names.includes(name));
    if (!group?.some((other) => chosen.includes(other))) chosen.push(name);
  }
  return chosen.slice(0, 12);
}

/** The names to choose from, in the order of `methods`: those of the quiz, and no other. */
export function quizNames(seed = 1): string[] {
  const answers = quizAnswers(seed);
  return atlasNames.filter((name) => answers.includes(name));
}

/** Which one is this? Twelve maps without names, numbered from 1. */
export function quizFigure(seed = 1): Figure {
  const maps = quizAnswers(seed).map((name, i) => ({
    title: String(i + 1),
    panels: atlasMap(name).panels,
  }));
  return multiples(maps, {
    columns: 4,
    size: { width: 132, height: 132 },
    title: 'Which one is this?',
    subtitle: 'Queries down, keys across; each is darkest at its own largest weight',
    letters: 14,
    weights: true,
    alt: sentences(`${maps.length} maps of weights without names, numbered from 1`),
  });
}

/**
 * What is wrong with guesses, given in the order of the figure.
 *
 * @returns the numbers of the maps, from 1, that were named wrongly or not at all
 */
export function quizFaults(guesses: readonly string[], seed = 1): number[] {
  return quizAnswers(seed).flatMap((answer, i) => (guesses[i] === answer ? [] : [i + 1]));
}
