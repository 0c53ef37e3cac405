/**
 * Loads TensorFlow's native addon and multiplies two matrices with it. A process of its own: a
 * broken library takes its process down.
 */
process.env.TF_CPP_MIN_LOG_LEVEL = '3';

try {
  const values = square(require(process.argv[2]), [1, 2, 3, 4]).join();
  if (values !== '7,10,15,22') throw new Error(`a matrix product came out as ${values}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/**
 * @typedef {object} Addon what TensorFlow.js calls, and its numbers for types
 * @property {number} TF_FLOAT
 * @property {number} TF_ATTR_BOOL
 * @property {number} TF_ATTR_TYPE
 * @property {(shape: number[], type: number, values: Float32Array) => number} createTensor
 * @property {(name: string, attributes: object[], inputs: number[], outputs: number) => { id: number }[]} executeOp
 * @property {(id: number) => Float32Array} tensorDataSync
 *
 * @param {Addon} tensorflow
 * @param {number[]} matrix of two rows and columns
 */
function square(tensorflow, matrix) {
  const { TF_FLOAT, TF_ATTR_BOOL, TF_ATTR_TYPE } = tensorflow;
  const a = tensorflow.createTensor([2, 2], TF_FLOAT, new Float32Array(matrix));
  const attributes = [
    { name: 'transpose_a', type: TF_ATTR_BOOL, value: false },
    { name: 'transpose_b', type: TF_ATTR_BOOL, value: false },
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
  ];
  const [product] = tensorflow.executeOp('MatMul', attributes, [a, a], 1);
  return [...tensorflow.tensorDataSync(product.id)];
}
