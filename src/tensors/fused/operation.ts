import { floats, hasKernels, kernelOutputs } from '../kernels';
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

/** Where an operation takes a tensor or nothing: nothing. */
export function nothing(): tf.Tensor {
  return floats([]);
}

/** Whether it is in TensorFlow.js's care, unlike a constant, which is kept for ever. */
const isTensor = (x: tf.Tensor) => x instanceof tf.Tensor;

/**
 * An operation of the folder `native` on the gradient tape. The operation `…Gradient` takes the
 * gradient of each result (`nothing` but for one of them), all inputs and the outputs that it needs,
 * and gives the gradients of those inputs that can be differentiated, which come first.
 *
 * @param options.outputs how many there are
 * @param options.results how many of them are differentiable; they come first. 1 if left out
 * @param options.forgotten how many of them, from the first on, the way back does without
 * @param options.settings whole numbers
 */
export function fusedOperation(
  name: string,
  differentiable: tf.Tensor[],
  constant: tf.Tensor[],
  options: {
    outputs: number;
    results?: number;
    forgotten?: number;
    settings?: Record<string, number>;
  },
): tf.Tensor[] {
  const { outputs, results = 1, forgotten = 0, settings = {} } = options;
  const inputs = [...differentiable, ...constant];
  const all = kernelOutputs(name, inputs, outputs, settings);
  const onTape = (value: tf.Tensor, result: number) => {
    const run = tf.customGrad((...args) => {
      const save = args.pop() as unknown as tf.GradSaveFunc;
      save([...inputs.filter(isTensor), ...all.slice(forgotten)]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const dys = Array.from({ length: results }, (_, i) => (i === result ? dy : nothing()));
        const rest = [...saved];
        const given = inputs.map((x) => (isTensor(x) ? (rest.shift() as tf.Tensor) : x));
        const back = [...dys, ...given, ...rest];
        const gradients = kernelOutputs(`${name}Gradient`, back, differentiable.length, settings);
        return gradients.filter((_, i) => isTensor(differentiable[i]));
      };
      return { value, gradFunc };
    });
    return run(...differentiable.filter(isTensor));
  };
  const taped = all.slice(0, results).map(onTape);
  tf.dispose(all.slice(results));
  return taped;
}
