// @ts-check
/**
 * The thread of the control channel: it hears an interrupt while the main thread is busy with a cell.
 * Every request goes on to the main thread, and every reply comes from there.
 *
 * Interrupts come as messages and not, as for most kernels, as SIGINT from outside. A signal would be
 * delivered to the main thread, and while TensorFlow multiplies matrices there (oneDNN's generated
 * code keeps data of its own at the stack pointer), every signal handler overwrites the heap.
 */
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PENDING, RAISED, STATE, WATCHING } from './interrupt-state.mjs';
import { openRouter, receive } from './wire.mjs';

const { connection, interrupts } = workerData;
const main = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/** Where `kill` is to deliver a signal: Linux takes the number of a thread, and this is ours. */
const target =
  process.platform === 'linux'
    ? Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    : process.pid;

/**
 * SIGINT is what stops a `vm` script. It is raised only when the main thread is in one, and the main
 * thread does not leave the script before it has been stopped.
 */
function interruptMainThread() {
  Atomics.add(interrupts, PENDING, 1);
  if (Atomics.compareExchange(interrupts, STATE, WATCHING, RAISED) === WATCHING)
    process.kill(target, 'SIGINT');
}
