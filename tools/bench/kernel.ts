import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root, venvPython } from '../setup/paths.mjs';
import { bench } from './turns.ts';

/** What a learner waits for, and the memory of a kernel after lesson 02. */
export default async function kernel() {
  const lesson = join(root, 'notebooks', '02-additive-attention.ipynb');
  const env = { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' };
  const { startToHeatmap, importSource, memory } = JSON.parse(
    execFileSync(venvPython, [join(bench, 'kernel.py'), lesson], { env, encoding: 'utf8' }),
  );
  console.log(`kernel start to first heatmap  ${startToHeatmap.toFixed(2)} s (median of 5)`);
  console.log(`import of src in a cell        ${importSource.toFixed(2)} s (median of 5)`);
  if (memory) console.log(`kernel after lesson 02         ${memory.toFixed(0)} MB`);
}
