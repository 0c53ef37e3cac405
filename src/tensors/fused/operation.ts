import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expectFirstDerivative, hasKernels, kernelOutputs } from '../kernels';
import { tf } from '../tf';

/**
 * Whether the operations of the folder `native` can be called: the set-up has compiled them for this
 * processor. `ATTENTION_FUSED=off` turns them off. Keep a plain version beside each use.
 */
export function hasFused(): boolean {
  return hasKernels() && process.env.ATTENTION_FUSED !== 'off' && load();
}

let loaded: boolean | undefined;

function load(): boolean {
  if (loaded === undefined) {
    const tfjsNode = dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
    const library = join(tfjsNode, 'lib', 'fused', 'index.cjs'); // where the set-up has put it
    loaded = existsSync(library) && (require(library).load() as boolean);
  }
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
      expectFirstDerivative();
      return kernelOutputs(`${name}Gradient`, [dy, ...saved], differentiable.length, settings);
    };
    return { value: results[0], gradFunc };
  });
  return run(...differentiable);
}
