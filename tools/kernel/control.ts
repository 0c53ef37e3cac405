/**
 * The thread of the control channel and the heartbeat, for when the main thread is busy with a cell.
 * It acts on an interrupt; every request goes on to the main thread, and every reply comes from there.
 *
 * Interrupts are to come as messages and not, as for most kernels, as SIGINT. That would be delivered
 * to the main thread, and a signal there corrupts the heap while TensorFlow multiplies matrices:
 * oneDNN's generated code has the stack pointer in a buffer on the heap, and the operating system
 * puts a signal's frame below the stack pointer.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createCodec, openHeartbeat, openRouter } from './wire.ts';

const { connection, flag, parent } = workerData;
const { decode } = createCodec(connection);
const main = parentPort as MessagePort;
const control = await openRouter(connection, 'control');
const heartbeat = await openHeartbeat(connection);

main.on('message', (frames: (string | Uint8Array)[] | 'close') => {
  if (frames !== 'close') return void control.send(frames);
  control.close();
  heartbeat.close();
  main.close();
});

// A kernel whose server was killed would stay, with all of its tensors.
if (process.env.JPY_PARENT_PID)
  setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000).unref();

(async () => {
  for await (const frames of heartbeat) heartbeat.send(frames);
})();
for await (const frames of control) {
  if (decode(frames)?.header.msg_type === 'interrupt_request') Atomics.store(flag, 0, 1);
  main.postMessage(frames);
}
