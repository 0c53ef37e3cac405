import { hasKernels, kernelOutputs } from '../kernels';
import { tf } from '../tf';

let load: () => boolean = () => false;
let loaded: boolean | undefined;

/** How the operations of the folder `native` are loaded; false where there are none. */
export function provideFused(how: () => boolean): void {
  load = how;
}

/**
 * Whether the operations of the folder `native` can be called: the set-up has compiled them for this
 * processor. `ATTENTION_FUSED=off` turns them off. Keep a plain version beside each use.
 */
export function hasFused(): boolean {
  if (!hasKernels() || process.env.ATTENTION_FUSED === 'off') return false;
  loaded ??= load();
  return loaded;
}

/**
 * An operation of the folder `native` on the gradient tape. Its first output is the result. The
 * operation `…Gradient` takes the gradient of the result, all inputs and all outputs, and gives the
 * gradients of those inputs that can be differentiated, which come first.
 *
 * @param options.outputs how many there are
 * @param options.settings whole numbers
 */
export function fusedOperation(
  name: string,
  differentiable: tf.Tensor[],
  constant: tf.Tensor[],
  { outputs, settings = {} }: { outputs: number; settings?: Record<string, number> },
): tf.Tensor {
  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const inputs = [...(args as tf.Tensor[]), ...constant];
    const results = kernelOutputs(name, inputs, outputs, settings);
    save([...inputs, ...results]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      return kernelOutputs(`${name}Gradient`, [dy, ...saved], differentiable.length, settings);
    };
    return { value: results[0], gradFunc };
  });
  return run(...differentiable);
}
