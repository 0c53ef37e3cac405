/** What runs in a browser, too: attention, layers, models, training and plots, without files. */
export * from './attention/attended';
export * from './attention/entropy';
export {
  type AttendedGraph,
  denseGraphWeights,
  segmentSoftmax,
  withSelfLoops,
} from './attention/graphs/edges';
export * from './attention/graphs/graph';
export * from './attention/graphs/graph-self-attention';
export * from './attention/heads/all-attention';
export * from './attention/heads/multi-head';
export * from './attention/heads/object-queries';
export * from './attention/heads/single-headed';
export * from './attention/heads/synthesizer';
export * from './attention/images/attention-augmented-convolution';
export * from './attention/images/cbam';
export * from './attention/images/channel-attention-module';
export * from './attention/images/channel-wise-soft';
export * from './attention/images/convolution-as-attention';
export * from './attention/images/global-context-block';
export * from './attention/images/image-local';
export * from './attention/images/point-wise-spatial';
export * from './attention/images/sagan';
export * from './attention/images/simple-self';
export * from './attention/images/spatial-attention-guided-mask';
export * from './attention/images/spatial-attention-module';
export * from './attention/local/local-monotonic';
export * from './attention/local/local-predictive';
export * from './attention/lsh/angular-hash';
export * from './attention/lsh/lsh';
export { maskedSoftmax } from './attention/masked-softmax';
export * from './attention/masks';
export * from './attention/positions/adaptive-span';
export * from './attention/positions/relative-position';
export * from './attention/positions/relative-shift';
export { rotaryPositions } from './attention/positions/rotary';
export * from './attention/positions/transformer-xl';
export * from './attention/scores/additive';
export * from './attention/scores/concat';
export * from './attention/scores/content-based';
export * from './attention/scores/dot-product';
export * from './attention/scores/dv3';
export * from './attention/scores/general';
export * from './attention/scores/global';
export * from './attention/scores/hard';
export * from './attention/scores/kernel-regression';
export * from './attention/scores/lama';
export * from './attention/scores/location-based';
export * from './attention/scores/location-sensitive';
export * from './attention/scores/scaled-dot-product';
export * from './attention/scores/soft';
export * from './attention/sets/point';
export * from './attention/sets/set';
export { type Blocks, keysSeen } from './attention/sparse/block-layout';
export * from './attention/sparse/blocks';
export * from './attention/sparse/dilated-sliding-window';
export * from './attention/sparse/global-sliding-window';
export * from './attention/sparse/linformer';
export * from './attention/sparse/routing';
export {
  gumbelNoise,
  type SinkhornOptions,
  type SortParameters,
  sinkhorn,
  sinkhornAttention,
  sortParameters,
} from './attention/sparse/sinkhorn';
export * from './attention/sparse/sliding-window';
export * from './attention/sparse/sortcut-sinkhorn';
export * from './attention/sparse/sparse-transformer';
export * from './attention/sparse-weights';
export * from './data/batches';
export * from './data/karate-club';
export * from './data/methods';
export * from './data/vocabulary';
export * from './layers/activations';
export * from './layers/attentive-gru';
export * from './layers/axial-positions';
export * from './layers/chunked-feed-forward';
export * from './layers/dropout';
export * from './layers/feed-forward';
export * from './layers/gru';
export {
  type LstmParameters,
  type LstmState,
  lstm,
  lstmCell,
  lstmGates,
  lstmParameters,
} from './layers/lstm';
export * from './layers/lstmn';
export * from './layers/positions';
export * from './layers/recompute';
export * from './layers/reversible';
export * from './layers/spectral-norm';
export * from './layers/transformer-layer';
export {
  type BeamSearchOptions,
  beamSearch,
  type Hypothesis,
  type NextToken,
} from './models/beam-search';
export * from './models/captioner';
export * from './models/character-streams';
export * from './models/detr';
export * from './models/encoder-decoder';
export * from './models/encoder-decoder';
export * from './models/eye';
export * from './models/image-transformer';
export * from './models/language-model';
export * from './models/luong-encoder-decoder';
export * from './models/reformer';
export * from './models/segment-recurrence';
export * from './models/transformer';
export type { ArcsOptions } from './plots/arcs';
export { arcs } from './plots/arcs';
export { type Bar, type BarsOptions, bars } from './plots/bars';
export type { PictureBox } from './plots/boxes';
export { type Circle, type CirclesOptions, circles } from './plots/circles';
export { type CloudsOptions, clouds, type PointCloud } from './plots/clouds';
export type { CurvesOptions } from './plots/curves';
export { curves, type Series } from './plots/curves';
export type { Figure } from './plots/figure';
export { type GaussianHeads, type GaussiansOptions, gaussians } from './plots/gaussians';
export { type GraphPlotOptions, graphLayout, graphPlot } from './plots/graph';
export type { HeadsOptions } from './plots/heads';
export { heads } from './plots/heads';
export type { HeatmapOptions } from './plots/heatmap';
export { heatmap } from './plots/heatmap';
export type { OverlayOptions, Picture } from './plots/overlay';
export { overlay } from './plots/overlay';
export { type PicturesOptions, pictures } from './plots/pictures';
export { type ReadingOptions, reading } from './plots/reading';
export { type SliderOptions, slider } from './plots/slider';
export type { PlainStages, Stage } from './plots/stages';
export { type StepperOptions, stepper } from './plots/stepper';
export type { Matrices, Matrix } from './plots/weights';
export { argsort } from './tensors/argsort';
export * from './tensors/dense';
export { gatherRows } from './tensors/gather-rows';
export * from './tensors/headwise-dense';
export * from './tensors/image-positions';
export * from './tensors/layer-norm';
export { castMask, expectBinary } from './tensors/mask';
export { measureMemory } from './tensors/measure-memory';
export * from './tensors/parameters';
export { drawn, type Random, random, shuffled, uniform } from './tensors/random';
export { stopGradient } from './tensors/stop-gradient';
export * from './tensors/taped';
export { backendName, tf } from './tensors/tf';
export * from './training/adam';
export * from './training/average-precision';
export * from './training/copy-task';
export * from './training/cross-entropy';
export * from './training/error-rates';
export * from './training/frechet-distance';
export * from './training/hungarian';
export * from './training/schedule';
export * from './training/set-prediction-loss';
export * from './training/train';
