export {
  type AdditiveParameters,
  type Attended,
  additiveAligner,
  additiveAttention,
  additiveLogits,
} from './attention/additive';
export { maskedSoftmax } from './attention/masked-softmax';
export { type Batch, batch, batches, pad, type SequencePair } from './data/batches';
export { letters, loadCmudict, type Pronunciation, phonemes } from './data/cmudict';
export { Vocabulary } from './data/vocabulary';
export { bidirectionalGru, type GruParameters, gru, gruCell, recurrentGru } from './layers/gru';
export {
  type Decoded,
  EncoderDecoder,
  type EncoderDecoderOptions,
} from './models/encoder-decoder';
export {
  type Decoder,
  pronounce,
  pronunciationErrors,
  type Said,
  spellingPairs,
} from './models/pronounce';
export { type Behaviour, check, type Exercise, judge, type Verdict } from './notebook/check';
export { lesson02 } from './notebook/exercises/lesson02';
export type { ProgressOptions, Status } from './notebook/progress';
export { type Progress, progress } from './notebook/progress';
export {
  type Bundle,
  type DisplayOptions,
  display,
  html,
  markdown,
  show,
  table,
} from './notebook/show';
export { showSource, sourceOf } from './notebook/source';
export type { ArcsOptions } from './plots/arcs';
export { arcs } from './plots/arcs';
export type { CurvesOptions } from './plots/curves';
export { curves, type Series } from './plots/curves';
export type { Figure } from './plots/figure';
export type { HeadsOptions } from './plots/heads';
export { heads } from './plots/heads';
export type { HeatmapOptions } from './plots/heatmap';
export { heatmap } from './plots/heatmap';
export type { OverlayOptions, Picture } from './plots/overlay';
export { overlay } from './plots/overlay';
export type { StepsOptions } from './plots/steps';
export { steps } from './plots/steps';
export type { Matrices, Matrix } from './plots/weights';
export { backendName, tf } from './tf';
export { Adam, type AdamOptions } from './training/adam';
export { checkpointFile, loadCheckpoint, saveCheckpoint } from './training/checkpoint';
export { crossEntropy } from './training/cross-entropy';
export { type ErrorRates, editDistance, errorRates } from './training/error-rates';
export { type Random, random, shuffled, uniform } from './training/random';
export { cosineSchedule } from './training/schedule';
export { type Report, train } from './training/train';
