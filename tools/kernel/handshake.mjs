// @ts-check
/**
 * When the control thread may raise SIGINT: only while the main thread is in a script that SIGINT
 * stops (`vm` with `breakOnSigint`), and the main thread then stays there until it is stopped. At any
 * other time the signal would end the process.
 *
 * An interrupt comes to the main thread a second time, as a message. Between the two it is pending,
 * and the main thread enters no script.
 */

/** @typedef {Int32Array} Handshake shared by the two threads */

const STATE = 0;
const OUTSIDE = 0;
const INSIDE = 1;
const RAISED = 2;

const PENDING = 1;

/** @returns {Handshake} */
export const createHandshake = () => new Int32Array(new SharedArrayBuffer(8));

/**
 * Control thread: an interrupt has come.
 * @param {Handshake} shared
 * @returns {boolean} whether to raise SIGINT
 */
export function announce(shared) {
  Atomics.add(shared, PENDING, 1);
  return Atomics.compareExchange(shared, STATE, INSIDE, RAISED) === INSIDE;
}

/**
 * Main thread: the message has come.
 * @param {Handshake} shared
 */
export function acknowledge(shared) {
  Atomics.sub(shared, PENDING, 1);
}

/**
 * Main thread: first thing in the script.
 * @param {Handshake} shared
 * @returns {boolean} whether to go on
 */
export function enter(shared) {
  Atomics.store(shared, STATE, INSIDE);
  return Atomics.load(shared, PENDING) <= 0;
}

/**
 * Main thread: last thing in the script.
 * @param {Handshake} shared
 */
export function leave(shared) {
  if (Atomics.compareExchange(shared, STATE, INSIDE, OUTSIDE) === RAISED) for (;;);
}

/**
 * Main thread: a script was stopped.
 * @param {Handshake} shared
 * @param {boolean} isNested in another one, which goes on
 */
export function stopped(shared, isNested) {
  Atomics.store(shared, STATE, isNested ? INSIDE : OUTSIDE);
}
