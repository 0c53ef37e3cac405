import { float } from '../kernels';
import { expectShape } from '../shape';
import { tf } from '../tf';
import { fusedOperation } from './operation';

/** `layerNorm` of the sum of all terms, which have the same shape: native/layer-norm.cc. */
export function fusedLayerNorm<T extends tf.Tensor>(
  terms: T[],
  { gain, bias }: { gain: tf.Tensor; bias: tf.Tensor },
  epsilon = 1e-5,
): T {
  const depth = terms[0].shape[terms[0].rank - 1];
  expectShape('gain', gain, [depth]);
  expectShape('bias', bias, [depth]);
  return tf.tidy(() => {
    const options = { outputs: 3, forgotten: 1, settings: { N: terms.length } };
    const [y] = fusedOperation(
      'AttentionLayerNorm',
      [...terms, gain, bias],
      [float(epsilon)],
      options,
    );
    return y as T;
  });
}
