// @ts-check
/**
 * When the control thread may have V8 terminate what the main thread runs: one word shared by the two.
 *
 * A termination is asked for only while the main thread is INSIDE, that is, runs code of a cell within
 * a boundary that catches it. This takes the word to TERMINATING, and there the main thread stays
 * within the boundary until V8 tells that it is done. So it never hits the kernel's own code.
 *
 * The interrupt itself comes to the main thread as a message. Until then the word is INTERRUPTED, and
 * no code of a cell is entered. So no interrupt is lost between two pieces of code. Those that come
 * meanwhile are one with it: what they are to stop is stopped by it.
 */

/** @typedef {Int32Array} Handshake */

const OUTSIDE = 0;
const INSIDE = 1;
const INTERRUPTED = 2;
const TERMINATING = INSIDE | INTERRUPTED;

/** @returns {Handshake} */
export const createHandshake = () => new Int32Array(new SharedArrayBuffer(4));

/**
 * Control thread: an interrupt has come. The message follows.
 * @param {Handshake} shared
 * @returns {boolean} whether to ask for a termination, and to confirm it
 */
export function announce(shared) {
  return Atomics.or(shared, 0, INTERRUPTED) === INSIDE;
}

/**
 * Control thread: the termination is done.
 * @param {Handshake} shared
 */
export function confirm(shared) {
  Atomics.store(shared, 0, INTERRUPTED);
}

/**
 * Main thread: the message has come.
 * @param {Handshake} shared
 * @returns {boolean} whether there is still something to stop
 */
export function acknowledge(shared) {
  return Atomics.compareExchange(shared, 0, INTERRUPTED, OUTSIDE) === INTERRUPTED;
}

/**
 * Main thread: first thing within the boundary.
 * @param {Handshake} shared
 * @returns {boolean} whether to go on
 */
export function enter(shared) {
  return Atomics.compareExchange(shared, 0, OUTSIDE, INSIDE) === OUTSIDE;
}

/**
 * Main thread: last thing within the boundary, where a termination under way hits it, and again
 * behind the boundary, where it waits for no more than the confirmation.
 * @param {Handshake} shared
 * @returns {boolean} whether there was no interrupt
 */
export function leave(shared) {
  Atomics.compareExchange(shared, 0, INSIDE, OUTSIDE);
  while (Atomics.load(shared, 0) === TERMINATING) Atomics.wait(shared, 0, TERMINATING, 1);
  return !isInterrupted(shared);
}

/** @param {Handshake} shared @returns {boolean} whether code of a cell is not to begin */
export function isInterrupted(shared) {
  return (Atomics.load(shared, 0) & INTERRUPTED) !== 0;
}
