// Preloaded by a test: a machine on which TensorFlow's native addon cannot be loaded.
const Module = require('node:module');

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request === '@tensorflow/tfjs-node') throw new Error('the addon is not there');
  return load.call(this, request, ...rest);
};
