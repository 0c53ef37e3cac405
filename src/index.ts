export * from './attention/adaptive-span';
export * from './attention/additive';
export * from './attention/all-attention';
export * from './attention/attended';
export * from './attention/attention-augmented-convolution';
export { type Blocks, keysSeen } from './attention/block-layout';
export * from './attention/blocks';
export * from './attention/cbam';
export * from './attention/channel-attention-module';
export * from './attention/channel-wise-soft';
export * from './attention/concat';
export * from './attention/content-based';
export * from './attention/convolution-as-attention';
export * from './attention/dilated-sliding-window';
export * from './attention/dot-product';
export * from './attention/dv3';
export {
  type AttendedGraph,
  denseGraphWeights,
  segmentSoftmax,
  withSelfLoops,
} from './attention/edges';
export * from './attention/entropy';
export * from './attention/general';
export * from './attention/global';
export * from './attention/global-context-block';
export * from './attention/global-sliding-window';
export * from './attention/graph';
export * from './attention/graph-self-attention';
export * from './attention/hard';
export * from './attention/hashing';
export * from './attention/image-local';
export * from './attention/kernel-regression';
export * from './attention/lama';
export * from './attention/linformer';
export * from './attention/local-monotonic';
export * from './attention/local-predictive';
export * from './attention/location-based';
export * from './attention/location-sensitive';
export * from './attention/lsh';
export * from './attention/masked-softmax';
export * from './attention/masks';
export * from './attention/multi-head';
export * from './attention/object-queries';
export * from './attention/point';
export * from './attention/point-wise-spatial';
export * from './attention/relative-position';
export * from './attention/relative-shift';
export * from './attention/routing';
export * from './attention/sagan';
export * from './attention/scaled-dot-product';
export * from './attention/set';
export * from './attention/simple-self';
export * from './attention/single-headed';
export {
  gumbelNoise,
  type SinkhornOptions,
  type SortParameters,
  sinkhorn,
  sinkhornAttention,
  sortParameters,
} from './attention/sinkhorn';
export * from './attention/sliding-window';
export * from './attention/soft';
export * from './attention/sortcut-sinkhorn';
export * from './attention/sparse-transformer';
export * from './attention/sparse-weights';
export * from './attention/spatial-attention-guided-mask';
export * from './attention/spatial-attention-module';
export * from './attention/synthesizer';
export * from './attention/transformer-xl';
export * from './data/batches';
export * from './data/cmudict';
export * from './data/methods';
export * from './data/mnist';
export * from './data/multi-head-in-pytorch';
export * from './data/vocabulary';
export * from './layers/activations';
export * from './layers/attentive-gru';
export * from './layers/axial-positions';
export * from './layers/chunked-feed-forward';
export * from './layers/dense';
export * from './layers/dropout';
export * from './layers/feed-forward';
export * from './layers/gru';
export * from './layers/headwise-dense';
export * from './layers/image-positions';
export * from './layers/layer-norm';
export * from './layers/lstm';
export * from './layers/lstmn';
export * from './layers/positions';
export * from './layers/recompute';
export * from './layers/reversible';
export * from './layers/spectral-norm';
export * from './layers/transformer-layer';
export * from './models/beam-search';
export * from './models/encoder-decoder';
export * from './models/pronounce';
export * from './models/reformer';
export * from './models/segment-recurrence';
export * from './models/transformer';
export { type Behaviour, check, type Exercise, judge, type Verdict } from './notebook/check';
export { lesson00 } from './notebook/exercises/lesson00';
export { lesson01 } from './notebook/exercises/lesson01';
export { lesson02 } from './notebook/exercises/lesson02';
export { lesson08 } from './notebook/exercises/lesson08';
export { lesson17 } from './notebook/exercises/lesson17';
export * from './notebook/homework';
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
export { type Bar, type BarsOptions, bars } from './plots/bars';
export { type Circle, type CirclesOptions, circles } from './plots/circles';
export type { CurvesOptions } from './plots/curves';
export { curves, type Series } from './plots/curves';
export type { Figure } from './plots/figure';
export type { HeadsOptions } from './plots/heads';
export { heads } from './plots/heads';
export type { HeatmapOptions } from './plots/heatmap';
export { heatmap } from './plots/heatmap';
export type { OverlayOptions, Picture } from './plots/overlay';
export { overlay } from './plots/overlay';
export { type SliderOptions, slider } from './plots/slider';
export type { StepsOptions } from './plots/steps';
export { steps } from './plots/steps';
export type { Matrices, Matrix } from './plots/weights';
export { argsort, gatherRows, stopGradient } from './tensors';
export { backendName, tf } from './tf';
export * from './training/adam';
export * from './training/checkpoint';
export * from './training/cross-entropy';
export * from './training/error-rates';
export * from './training/hungarian';
export * from './training/parameters';
export * from './training/random';
export * from './training/schedule';
export * from './training/set-prediction-loss';
export * from './training/taped';
export * from './training/train';
