/**
 * `npm test`: the set-up, then types, lint and format, then all tests;
 * `npm test -- attention` only those of that name, `npm test -- --changed` those that a change since
 * `main` can reach (`--changed=HEAD~3`: since that commit).
 */
import { join } from 'node:path';
import { setup } from '../setup/index.ts';
import { nodeModules, root } from '../setup/paths.mjs';
import { runHere } from '../setup/process.mjs';
import { changedFiles, planOf, say } from '../test/changed.ts';
import check from './check.ts';

/** @param argv goes to Vitest, but for `--changed` */
export default async function (argv: string[]) {
  const rest = argv.filter((one) => !/^--changed(=|$)/.test(one));
  const [changed] = argv.filter((one) => !rest.includes(one));
  let tests: string[] = [];
  if (changed) {
    const { files, since } = changedFiles(changed.split('=')[1]);
    const plan = planOf(files);
    console.log(say(plan, since, files));
    if (!plan.all) {
      tests = plan.tests;
      process.env.LESSONS = plan.lessons.join(',');
    }
    if (files.length === 0) return 0;
    if (!plan.all && tests.length === 0) return check();
  }

  const start = performance.now();
  await setup();
  const ready = performance.now();
  const checked = await check();
  const seconds = [ready - start, performance.now() - ready].map((one) => one / 1000);
  process.env.SECONDS_BEFORE = `set-up=${seconds[0]},check=${seconds[1]}`;
  const tested = await runHere(process.execPath, [
    join(nodeModules, 'vitest', 'vitest.mjs'),
    'run',
    ...(rest.some((one) => one.startsWith('--reporter')) ? [] : ['--reporter=default']),
    ...tests,
    ...rest,
    `--reporter=${join(root, 'tools', 'test', 'seconds.ts')}`,
  ]);
  return checked || tested;
}
