import './native';

export * from './browser';
export {
  type Agreement,
  agreementCoder,
  agreementReach,
  agreements,
  type EncodedAgreement,
  loadAgreement,
} from './data/agreement';
export * from './data/characters';
export * from './data/cloakroom';
export * from './data/clouds';
export * from './data/cmudict';
export * from './data/digit-crowds';
export * from './data/mnist';
export * from './data/moby-dick';
export * from './data/multi-head-in-pytorch';
export * from './data/number-words';
export * from './data/scenes';
export * from './data/scriptio-continua';
export * from './data/sentences';
export * from './data/transformer-in-pytorch';
export * from './lessons';
export * from './models/number-errors';
export * from './models/pronounce';
export {
  type Behaviour,
  check,
  type Exercise,
  judge,
  letter,
  near,
  numbers,
  type Verdict,
  type Wanted,
} from './notebook/check';
export { type Claim, type ClaimVerdict, claim, judgeClaim, spread } from './notebook/claim';
export * from './notebook/homework';
export type { ProgressOptions, Status } from './notebook/progress';
export { type Progress, progress } from './notebook/progress';
export { type Numbers, same } from './notebook/same';
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
export { compareWithStored, type Results, storedResults } from './notebook/stored-results';
export * from './training/checkpoint';
