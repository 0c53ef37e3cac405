/** All the set-up of the course, in stages. What is done already is not done again. */
import { accessSync, constants } from 'node:fs';
import { sourceBuild } from './build.mjs';
import { fusedOperations } from './fused.mjs';
import { writeLabSettings } from './lab-settings.mjs';
import { withLock } from './lock.mjs';
import { nodePackages } from './node-packages.mjs';
import { root, venv } from './paths.mjs';
import { pythonPackages } from './python.mjs';
import { show } from './stage.mjs';
import { nativeTensorFlow } from './tensorflow.mjs';

const all = [nodePackages, pythonPackages, nativeTensorFlow, fusedOperations, sourceBuild];

/**
 * Brings everything the course needs, from nothing or from any state in between.
 * @param {{thorough?: boolean}} options thorough also loads TensorFlow, to see whether it works,
 *   and tries again what has failed before
 */
export async function setup({ thorough = false } = {}) {
  await bring(all, thorough);
  writeLabSettings();
  const kernelspec = new URL('../kernel/kernelspec.mjs', import.meta.url).href;
  const { installKernelspec } = await import(kernelspec);
  await installKernelspec(venv);
}

/** Brings src/dist up to date, and nothing of Python's. */
export function buildSource() {
  return bring([nodePackages, sourceBuild], false);
}

/** Brings node_modules up to date. */
export function installNodePackages() {
  return bring([nodePackages], false);
}

/**
 * @param {import('./stage.mjs').Stage[]} stages
 * @param {boolean} thorough
 */
function bring(stages, thorough) {
  const onWait = () => console.log('Another set-up of this folder is running; waiting for it.');
  return withLock(root, onWait, async () => {
    for (const [i, stage] of stages.entries()) {
      if (await stage.isDone({ thorough })) continue;
      accessSync(root, constants.W_OK);
      await show(`[${i + 1}/${stages.length}] ${stage.title}`, stage);
    }
  });
}
