/**
 * TensorFlow.js with the best backend this machine has: the native TensorFlow of
 * tfjs-node, or else TensorFlow.js in pure JavaScript. Everything in `src` gets `tf` here.
 */
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';

// tfjs-node 4.22 calls two functions that Node 22 warns about and Node 23 removed.
Object.assign(util, {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
});

// TensorFlow reads these when it is loaded: no start-up log on stderr, and its own kernels, which
// cost less per call than oneDNN's.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
process.env.TF_ENABLE_ONEDNN_OPTS ??= '0';
// Small operations lose more by waking a second thread than it computes: one thread trains the
// models of the lessons a third faster. Set it to 2 or more for large matrices.
process.env.TF_NUM_INTRAOP_THREADS ??= '1';

if (process.env.ATTENTION_BACKEND === 'cpu' || !loadNative()) {
  tf.env().set('IS_TEST', true); // no "install tfjs-node" banner on stderr
  tf.setBackend('cpu');
}

/** Registers TensorFlow's native kernels with TensorFlow.js; false where they are not installed. */
function loadNative(): boolean {
  try {
    require('@tensorflow/tfjs-node');
    return true;
  } catch {
    console.log(
      'TensorFlow runs in pure JavaScript here: right, but up to a hundred times slower than ' +
        'the native backend. `npm run setup` installs the native backend, or says what it needs.',
    );
    return false;
  }
}

/** The backend in use: `'tensorflow'` is native, `'cpu'` is pure JavaScript. */
export function backendName(): 'tensorflow' | 'cpu' {
  return tf.getBackend() as 'tensorflow' | 'cpu';
}

export { tf };
