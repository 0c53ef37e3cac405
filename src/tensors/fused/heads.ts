import { kernelOutputs } from '../kernels';
import { tf } from '../tf';

const apart = 'AttentionHeadsApart';
const together = 'AttentionHeadsTogether';
type Settings = { heads: number; parts: number };

// Each is the other's gradient.
for (const [kernelName, other] of [
  [apart, together],
  [together, apart],
]) {
  if (tf.getKernel(kernelName, 'tensorflow')) continue;
  const outputs = ({ parts }: Settings) => (kernelName === apart ? parts : 1);
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => {
      const settings = attrs as Settings;
      const list = Object.values(inputs) as tf.Tensor[];
      return kernelOutputs(kernelName, list, outputs(settings), settings);
    },
  });
  tf.registerGradient({
    kernelName,
    gradFunc: (dy, _, attrs) => {
      const back = run(other, [dy].flat(), attrs as Settings);
      return Object.fromEntries(back.map((x, i) => [i, () => x]));
    },
  });
}

function run(kernelName: string, list: tf.Tensor[], settings: Settings): tf.Tensor[] {
  const inputs = Object.fromEntries(list.map((x, i) => [i, x]));
  const outputs = tf.engine().runKernel(kernelName, inputs, settings);
  return [outputs].flat() as tf.Tensor[];
}

/**
 * What stands side by side, each in heads, in one operation: native/heads.cc.
 *
 * @param x [batch, length, parts · heads · depth]
 * @returns as many times [batch, heads, length, depth]
 */
export function fusedHeadsApart(x: tf.Tensor, heads: number, parts = 1): tf.Tensor4D[] {
  return run(apart, [x], { heads, parts }) as tf.Tensor4D[];
}

/** And back: [batch, heads, length, depth] → [batch, length, heads · depth]. */
export function fusedHeadsTogether(x: tf.Tensor): tf.Tensor3D {
  return run(together, [x], { heads: x.shape[1] as number, parts: 1 })[0] as tf.Tensor3D;
}
