/**
 * What only Node has: the native TensorFlow of tfjs-node, or else TensorFlow.js in pure JavaScript. To
 * be imported before TensorFlow.js computes anything.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import util from 'node:util';
import { packageRoot } from './package-root';
import { provideFused } from './tensors/fused/operation';
import { tf } from './tensors/tf';

// tfjs-node 4.22 calls two functions that Node 22 warns about and Node 23 removed.
Object.assign(util, {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
});

// TensorFlow reads these when it is loaded: no start-up log on stderr, and its own kernels, which
// cost less per call than oneDNN's.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
// TensorFlow's small operations lose more by waking a second thread than it computes: it gets one. The
// fused operations decide for themselves (threads.cc). Both follow what is set, for large matrices.
const { TF_NUM_INTRAOP_THREADS } = process.env;
process.env.TF_NUM_INTRAOP_THREADS ??= '1';
const native = process.env.ATTENTION_BACKEND !== 'cpu' && loadNative();
if (TF_NUM_INTRAOP_THREADS === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;

if (!native) {
  tf.env().set('IS_TEST', true); // no "install tfjs-node" banner on stderr
  tf.setBackend('cpu');
}

/** Registers TensorFlow's native kernels with TensorFlow.js; false where they are not installed. */
function loadNative(): boolean {
  try {
    require('@tensorflow/tfjs-node');
    castWithoutCopying();
    provideFused(loadFused);
    return true;
  } catch {
    const inCourse = existsSync(join(packageRoot(), '..', 'notebooks'));
    const install = inCourse ? 'npm run setup' : 'npm install @tensorflow/tfjs-node';
    console.log(
      'TensorFlow runs in pure JavaScript here: right, but up to a hundred times slower than ' +
        `the native backend. \`${install}\` installs the native backend, or says what it needs.`,
    );
    return false;
  }
}

/** What has the type already is not computed anew: many gradients of TensorFlow.js cast, to be sure. */
function castWithoutCopying(): void {
  const cast = tf.getKernel('Cast', 'tensorflow') as tf.KernelConfig;
  const identity = tf.getKernel('Identity', 'tensorflow') as tf.KernelConfig;
  tf.unregisterKernel('Cast', 'tensorflow');
  tf.registerKernel({
    ...cast,
    kernelFunc: (call) =>
      (call.inputs.x?.dtype === call.attrs?.dtype ? identity : cast).kernelFunc(call),
  });
}

/** Loads the operations of tensors/fused/native from where the set-up has put them. */
function loadFused(): boolean {
  const tfjsNode = dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  const library = join(tfjsNode, 'lib', 'fused', 'index.cjs');
  return existsSync(library) && require(library).load();
}
