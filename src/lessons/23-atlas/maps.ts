import { methods } from '../../data/methods';
import { tf } from '../../tensors/tf';
import { headMaps } from './maps-of-heads';
import { imageMaps } from './maps-of-images';
import { lengthMaps } from './maps-of-length';
import { scoreMaps } from './maps-of-scores';
import type { AtlasMap, Drawn } from './panels';

export type { AtlasMap, AtlasPanel } from './panels';

const makers: Record<string, () => Drawn> = {
  ...scoreMaps,
  ...headMaps,
  ...imageMaps,
  ...lengthMaps,
};

/** The names of the 36 methods, in the order of `methods`. */
export const atlasNames: readonly string[] = methods.map(({ name }) => name);

const made = new Map<string, AtlasMap>();

/**
 * The weights of a method on the atlas's common example, computed by the function of this package
 * that `methods` names: a sentence of 12 words, a picture of 12 × 12 pixels, or a tree over the words.
 *
 * Parameters are set by hand, or drawn with a seed, so that what the method is able to do can be
 * seen. Nothing is trained. A method is computed once; nobody may change what it returns.
 *
 * @throws if the name is none of `methods`
 */
export function atlasMap(name: string): AtlasMap {
  const known = made.get(name);
  if (known) return known;
  const make = makers[name];
  if (!make) throw new Error(`there is no method ${name}; there are: ${atlasNames.join(', ')}`);
  const map = { name, ...tf.tidy(make) };
  made.set(name, map);
  return map;
}
