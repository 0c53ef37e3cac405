/** TensorFlow.js. Everything in `src` gets `tf` here; `native.ts` gives it the native backend. */
import * as tf from '@tensorflow/tfjs';

mendSecondDerivatives();
keepWithoutCopying();
sumWhatIsTiled();
tileWhatIsSummed();

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

/**
 * What an operation needs for its gradient is kept as another tensor of the same numbers. TensorFlow.js
 * makes it by an operation, and notes that on the tape, for second derivatives. Here first ones do without.
 */
function keepWithoutCopying(): void {
  const engine = tf.engine() as unknown as {
    state: { gradientDepth: number };
    backend: tf.KernelBackend;
    clone: (x: tf.Tensor) => tf.Tensor;
    makeTensorFromTensorInfo: (info: tf.TensorInfo) => tf.Tensor;
  };
  const { clone } = engine;
  engine.clone = (x) => {
    if (engine.state.gradientDepth !== 1) return clone.call(engine, x);
    engine.backend.incRef(x.dataId);
    return engine.makeTensorFromTensorInfo(x);
  };
}

/** The gradient of tiling, and so of broadcasting: one sum, where TensorFlow.js adds slice after slice. */
function sumWhatIsTiled(): void {
  tf.registerGradient({
    kernelName: 'Tile',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attributes) => {
      const { reps } = attributes as unknown as { reps: number[] };
      const shape = x.shape.flatMap((size, axis) => (reps[axis] > 1 ? [reps[axis], size] : [size]));
      const copies: number[] = [];
      reps.forEach((n, axis) => {
        if (n > 1) copies.push(axis + copies.length);
      });
      return { x: () => tf.sum((dy as tf.Tensor).reshape(shape), copies) };
    },
  });
}

/** The gradients of a sum and a mean: tiles, where TensorFlow.js makes a list of ones and multiplies it. */
function tileWhatIsSummed(): void {
  for (const kernelName of ['Sum', 'Mean'])
    tf.registerGradient({
      kernelName,
      inputsToSave: ['x'],
      gradFunc: (dy, [x], attributes) => {
        const axes = tf.util.parseAxisParam(attributes.axis as number | number[], x.shape);
        const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
        const reps = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
        const terms = reps.reduce((a, b) => a * b, 1);
        const each = kernelName === 'Mean' ? tf.div(dy as tf.Tensor, terms) : (dy as tf.Tensor);
        return { x: () => tf.tile(each.reshape(kept), reps) };
      },
    });
}

/** The backend in use: `'tensorflow'` is native, `'cpu'` pure JavaScript, `'webgl'` a browser's. */
export function backendName(): 'tensorflow' | 'cpu' | 'webgl' {
  return tf.getBackend() as 'tensorflow' | 'cpu' | 'webgl';
}

export { tf };
