/**
 * All the set-up of the course, in stages. What is done already is not done again. The first stage,
 * the Node packages, is through by now: prepare.mjs comes before any command.
 */
import { accessSync, constants } from 'node:fs';
import { installKernelspec } from '../kernel/kernelspec.ts';
import { sourceBuild } from './build.ts';
import { fusedOperations } from './fused.ts';
import { writeLabSettings } from './lab-settings.ts';
import { withLock } from './lock.mjs';
import { root, venv } from './paths.mjs';
import { pythonPackages } from './python.ts';
import { type Stage, show } from './stage.mjs';
import { nativeTensorFlow } from './tensorflow.ts';

const all = [pythonPackages, nativeTensorFlow, fusedOperations, sourceBuild];

/**
 * Brings everything the course needs, from nothing or from any state in between.
 *
 * @param options thorough also loads TensorFlow, to see whether it works, and tries again what has
 *   failed before
 */
export async function setup({ thorough = false }: { thorough?: boolean } = {}) {
  await bring(all, thorough);
  writeLabSettings();
  await installKernelspec(venv);
}

/** Brings src/dist up to date, and nothing of Python's. */
export function buildSource() {
  return bring([sourceBuild], false);
}

function bring(stages: Stage[], thorough: boolean) {
  const onWait = () => console.log('Another set-up of this folder is running; waiting for it.');
  return withLock(root, onWait, async () => {
    for (const stage of stages) {
      if (await stage.isDone({ thorough })) continue;
      accessSync(root, constants.W_OK);
      await show(`[${all.indexOf(stage) + 2}/${all.length + 1}] ${stage.title}`, stage);
    }
  });
}
