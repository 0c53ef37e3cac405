export {
  type AdditiveWeights,
  type Attended,
  additiveAligner,
  additiveAttention,
  additiveLogits,
} from './attention/additive';
export { maskedSoftmax } from './attention/masked-softmax';
export { type Batch, batch, batches, pad, type SequencePair } from './data/batches';
export { letters, loadCmudict, type Pronunciation, phonemes } from './data/cmudict';
export { Vocabulary } from './data/vocabulary';
export { bidirectionalGru, type GruWeights, gru, gruCell, recurrentGru } from './layers/gru';
export {
  type Decoded,
  EncoderDecoder,
  type EncoderDecoderOptions,
} from './models/encoder-decoder';
export { backendName, tf } from './tf';
export { Adam, type AdamOptions } from './training/adam';
export { loadCheckpoint, saveCheckpoint } from './training/checkpoint';
export { crossEntropy } from './training/cross-entropy';
export { type ErrorRates, editDistance, errorRates } from './training/error-rates';
export { type Random, random, shuffled, uniform } from './training/random';
export { type Report, train } from './training/train';
