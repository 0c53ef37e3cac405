export { lesson00 } from './00-what-attention-is/exercises';
export { lesson01 } from './01-seq2seq-bottleneck/exercises';
export { lesson02 } from './02-additive-attention/exercises';
export { lesson07 } from './07-scaled-dot-product-self-attention/exercises';
export { lesson08 } from './08-multi-head-attention/exercises';
export * from './08-multi-head-attention/look-ups';
export { lesson09 } from './09-transformer/exercises';
export { lesson17 } from './17-reformer-lsh-attention/exercises';
