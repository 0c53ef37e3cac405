export * from './attention/additive';
export * from './attention/attended';
export { type Blocks, keysSeen } from './attention/block-layout';
export * from './attention/blocks';
export * from './attention/dilated-sliding-window';
export * from './attention/global-sliding-window';
export * from './attention/image-local';
export * from './attention/masked-softmax';
export * from './attention/masks';
export * from './attention/scaled-dot-product';
export * from './attention/sliding-window';
export * from './attention/sparse-transformer';
export * from './attention/sparse-weights';
export * from './data/batches';
export * from './data/cmudict';
export * from './data/vocabulary';
export * from './layers/dense';
export * from './layers/gru';
export * from './layers/layer-norm';
export * from './models/encoder-decoder';
export * from './models/pronounce';
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
export { argsort, gatherRows, stopGradient } from './tensors';
export { backendName, tf } from './tf';
export * from './training/adam';
export * from './training/checkpoint';
export * from './training/cross-entropy';
export * from './training/error-rates';
export * from './training/parameters';
export * from './training/random';
export * from './training/schedule';
export * from './training/train';
