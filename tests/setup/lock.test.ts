import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { withLock } from '../../tools/setup/lock.mjs';
import { root } from '../../tools/setup/paths.mjs';

/** A process that holds a lock until it ends; its standard output says when it has it. */
async function holder(name: string, work: string) {
  const script = `
    import { withLock } from '${root}/tools/setup/lock.mjs';
    import { run } from '${root}/tools/setup/process.mjs';
    await withLock('${name}', () => {}, async () => { ${work} });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  onTestFinished(() => void child.kill());
  await once(child.stdout, 'data');
  return child;
}

const hold = "console.log('held'); setInterval(() => {}, 1000); await new Promise(() => {});";

test('the second waits until the first is done', async () => {
  const events: string[] = [];
  let finish = () => {};
  const first = withLock(
    'order',
    () => {},
    async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      events.push('first');
    },
  );
  const second = withLock(
    'order',
    () => {
      events.push('waits');
      finish();
    },
    async () => events.push('second'),
  );
  await Promise.all([first, second]);
  expect(events).toEqual(['waits', 'first', 'second']);
});

test('a lock is free after a failure', async () => {
  const failing = withLock(
    'failure',
    () => {},
    () => Promise.reject(new Error('no')),
  );
  await expect(failing).rejects.toThrow('no');
  let waited = false;
  await withLock(
    'failure',
    () => (waited = true),
    async () => {},
  );
  expect(waited).toBe(false);
});

test('a process that is killed gives its lock back', async () => {
  const child = await holder('killed', hold);
  let waited = false;
  const work = withLock(
    'killed',
    () => {
      waited = true;
      child.kill('SIGKILL');
    },
    async () => 'done',
  );
  expect(await work).toBe('done');
  expect(waited).toBe(true);
});

test('what a killed set-up has started keeps the lock until it ends', async () => {
  const orphan =
    "run('sleep', ['1.5']).then(() => {}); console.log('held'); await new Promise(() => setInterval(() => {}, 1000));";
  const child = await holder('orphan', orphan);
  const started = Date.now();
  child.kill('SIGKILL');
  await withLock(
    'orphan',
    () => {},
    async () => {},
  );
  expect(Date.now() - started).toBeGreaterThan(1000);
});
