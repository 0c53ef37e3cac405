/**
 * The side of a submission: runs its cells as the kernel does, then calls its functions when asked.
 * Requests come as JSON lines on file descriptor 3, answers go out on 4. Everything here is in the
 * hands of the submission, so nothing that is said here is believed.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import vm from 'node:vm';
import { CompileError, run } from '../kernel/session.ts';
import { decode, encode } from './codec.ts';

const { gradientsOf, tf }: typeof import('attention') = createRequire(import.meta.url)('attention');
const requests = createInterface({ input: new Socket({ fd: 3, readable: true, writable: false }) });
// At once: what runs next may not let go.
const say = (message: object) => writeSync(4, `${JSON.stringify(message)}\n`);

const described = (error: unknown) => {
  try {
    if (error instanceof CompileError) return error.failure.evalue;
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that does not say what it is';
  }
};

async function runOne({ index, code }: { index: number; code: string }) {
  say({ begin: index });
  try {
    await run({ code, label: `cell ${index + 1}` });
    say({ end: index });
  } catch (error) {
    say({ end: index, error: described(error) });
  }
}

async function answer({
  call,
  input,
  upstream,
  part,
}: {
  call: string;
  input: unknown[];
  upstream?: unknown;
  part?: string;
}) {
  const f = vm.runInThisContext('__tslab__.exports')[call];
  if (typeof f !== 'function') throw new Error(`there is no function ${call}`);
  const given = input.map((value) => decode(value, tf));
  if (upstream === undefined) return f(...given);
  return gradientsOf(f, given, decode(upstream, tf) as InstanceType<typeof tf.Tensor>, part);
}

// What a cell lets loose, a rejection or a timer that throws, costs nothing: its grader is told.
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => console.error(`not caught: ${described(error)}`));

for await (const line of requests) {
  const request = JSON.parse(line);
  if (request.cells) {
    for (const cell of request.cells) await runOne(cell);
    say({ ready: true });
    continue;
  }
  tf.engine().startScope();
  try {
    say({ id: request.id, value: encode(await answer(request), tf) });
  } catch (error) {
    say({ id: request.id, error: described(error) });
  }
  tf.engine().endScope();
}
process.exit(0);
