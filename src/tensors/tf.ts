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

mendSecondDerivatives();

/**
 * An operation whose gradient needs its own result, such as a softmax, is noted on the tape *after* the
 * copy that it keeps of the result, so that what flows back into the copy comes too late: TensorFlow.js
 * leaves it out of second derivatives. Here the operation stands before its copies.
 */
function mendSecondDerivatives(): void {
  type Node = { inputs: Record<string, tf.Tensor>; outputs: tf.Tensor[] };
  const engine = tf.engine() as unknown as {
    state: { gradientDepth: number; activeTape: Node[] };
    addTapeNode: (...args: unknown[]) => void;
  };
  // Gradients compare, as that of a maximum. A comparison does not change when its sides do a little.
  for (const kernelName of ['Equal', 'NotEqual', 'Greater', 'Less', 'LessEqual', 'LogicalAnd']) {
    if (tf.getGradient(kernelName)) continue;
    tf.registerGradient({
      kernelName,
      inputsToSave: ['a', 'b'],
      gradFunc: (_, [a, b]) => ({ a: () => tf.zerosLike(a), b: () => tf.zerosLike(b) }),
    });
  }
  const { addTapeNode } = engine;
  engine.addTapeNode = (...args) => {
    addTapeNode.apply(engine, args);
    const { gradientDepth, activeTape: tape } = engine.state;
    if (gradientDepth < 2) return; // a first derivative does not mind
    const node = tape[tape.length - 1];
    const isCopy = ({ inputs }: Node) =>
      Object.values(inputs).some((x) => node.outputs.includes(x));
    let place = tape.length - 1;
    while (place > 0 && isCopy(tape[place - 1])) place--;
    tape.splice(place, 0, tape.pop() as Node);
  };
}

/** The backend in use: `'tensorflow'` is native, `'cpu'` is pure JavaScript. */
export function backendName(): 'tensorflow' | 'cpu' {
  return tf.getBackend() as 'tensorflow' | 'cpu';
}

export { tf };
