export { lesson00 } from './00-what-attention-is/exercises';
export { lesson01 } from './01-seq2seq-bottleneck/exercises';
export { lesson02 } from './02-additive-attention/exercises';
export { lesson03 } from './03-six-score-functions/exercises';
export { lesson04 } from './04-global-and-local-attention/exercises';
export * from './05-soft-and-hard-attention/captioners';
export { lesson05 } from './05-soft-and-hard-attention/exercises';
export * from './06-lstmn-intra-attention/critic';
export { lesson06 } from './06-lstmn-intra-attention/exercises';
export {
  echo,
  echoed,
  echoSentences,
  type LstmnRun,
  type MachineReader,
  type MachineReaderOptions,
  machineReader,
  memories,
  perplexity,
  perplexityWithin,
  readingList,
  type Spoiled,
  spoiledLstmn,
  trainMachineReader,
} from './06-lstmn-intra-attention/machine-reader';
export * from './06-lstmn-intra-attention/speller';
export { lesson07 } from './07-scaled-dot-product-self-attention/exercises';
export { lesson08 } from './08-multi-head-attention/exercises';
export * from './08-multi-head-attention/look-ups';
export { lesson09 } from './09-transformer/exercises';
export { lesson10 } from './10-relative-positions/exercises';
export * from './10-relative-positions/readers';
export * from './11-image-transformer/enlarger';
export { lesson11 } from './11-image-transformer/exercises';
export * from './11-image-transformer/painters';
export * from './11-image-transformer/small-pictures';
export { lesson12 } from './12-sagan/exercises';
export * from './12-sagan/gans';
export * from './12-sagan/twins';
export { lesson13 } from './13-transformer-xl/exercises';
export * from './13-transformer-xl/memories';
export { lesson14 } from './14-adaptive-attention-span/exercises';
export * from './14-adaptive-attention-span/spans';
export { lesson15 } from './15-all-attention-layer/exercises';
export * from './15-all-attention-layer/persistent';
export { lesson16 } from './16-sparse-transformers/exercises';
export * from './16-sparse-transformers/patterns';
export { lesson17 } from './17-reformer-lsh-attention/exercises';
export * from './18-reformer-reversible-layers/checkpoint-peak';
export { lesson18 } from './18-reformer-reversible-layers/exercises';
export * from './18-reformer-reversible-layers/long-reformer';
export * from './18-reformer-reversible-layers/memory';
export * from './18-reformer-reversible-layers/reversible-models';
export * from './19-detection/detectors';
export { lesson19 } from './19-detection/exercises';
export * from './20-graphs/club';
export * from './20-graphs/dictionary';
export { lesson20 } from './20-graphs/exercises';
export * from './21-three-dimensions/cloud-readers';
export { lesson21 } from './21-three-dimensions/exercises';
export * from './21-three-dimensions/number-sets';
export { lesson22 } from './22-attention-and-convolution/exercises';
export * from './22-attention-and-convolution/lookers';
export {
  type Cost,
  costs,
  costTolerance,
  exponentOf,
  formulaExponent,
  type Growth,
  lengthsOf,
} from './23-atlas/costs';
export * from './23-atlas/equations';
export { lesson23 } from './23-atlas/exercises';
export {
  ancestors,
  type Changed,
  type FamilyPlace,
  family,
  familyFaults,
  familyPlaces,
  type Relative,
  shortName,
} from './23-atlas/family';
export { atlasKindOf, atlasKinds, familyTree } from './23-atlas/family-tree';
export { atlasFigure, posterFigure } from './23-atlas/figures';
export { formulas } from './23-atlas/formulas';
export { limits } from './23-atlas/limits';
export { type AtlasMap, type AtlasPanel, atlasMap, atlasNames } from './23-atlas/maps';
export * from './23-atlas/page';
export { quizAnswers, quizFaults, quizFigure, quizNames } from './23-atlas/quiz';
export { atlasTile, type TileFrame } from './23-atlas/tile';
export * from './long-context';
