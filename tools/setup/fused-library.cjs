/**
 * Finds and loads the library of fused operations that was compiled for the processor this runs on.
 * The set-up copies this file to where it puts the libraries, in the cache, from where src loads it.
 */
const { createHash } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');
const { arch, cpus } = require('node:os');
const { join } = require('node:path');

/**
 * The file's name says what this processor can: code for a newer one would crash an older one. Where
 * Linux does not tell, its model does.
 */
exports.fileName = (info = '/proc/cpuinfo') => {
  const text = existsSync(info) ? readFileSync(info, 'utf8') : '';
  const [, abilities] = /^(?:flags|Features)\s*:(.*)$/m.exec(text) ?? [];
  const processor = abilities ?? `${arch()} ${cpus()[0]?.model}`;
  return `${createHash('sha256').update(processor).digest('hex').slice(0, 16)}.node`;
};

/** Makes the operations known to TensorFlow; false if there is no library for this processor. */
exports.load = () => {
  const file = join(__dirname, exports.fileName());
  if (!existsSync(file)) return false;
  require(file);
  return true;
};
