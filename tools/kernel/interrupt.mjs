// @ts-check
/**
 * Interrupts. One stops the running cell and all that cells have started and left running.
 *
 * Stopped are: a loop without `await`; a loop of awaits that never leaves the microtask queue
 * (`await tensor.data()`); a loop that waits on a timer (`setImmediate`, `setTimeout`,
 * `timers/promises`, `tf.nextFrame`); and what comes after such an `await` without another one.
 * Not stopped is code that goes on after an `await` on a file, a socket or a child process.
 * Not always stopped is a loop that awaits nothing but `process.nextTick`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { types } from 'node:util';
import vm from 'node:vm';
import { acknowledge, createHandshake, enter, leave, stopped } from './handshake.mjs';

/** @typedef {{ generation?: number }} Interruptible what this file keeps on a cell */

/** @type {AsyncLocalStorage<any>} The cell that the running code belongs to, through any number of timers and promises. */
export const currentCell = new AsyncLocalStorage();

export class Interrupted extends Error {
  /** @override */
  name = 'Interrupted';
}

export const handshake = createHandshake();

const INTERRUPTION = 'ERR_SCRIPT_EXECUTION_INTERRUPTED';

/** Cells of an earlier generation have been interrupted. */
let generation = 0;
/** @type {((reason: Interrupted) => void) | undefined} Ends the wait for the running cell. */
let stopCell;

/** Stops everything that cells have started. */
export function interrupt() {
  acknowledge(handshake);
  generation += 1;
  stopCell?.(new Interrupted('the cell was stopped, with everything it had started'));
  resetTensorFlow();
}

/** @param {unknown} thrown @returns {boolean} whether by `vm` because of a SIGINT; the message will follow */
export function isInterruption(thrown) {
  return types.isNativeError(thrown) && 'code' in thrown && thrown.code === INTERRUPTION;
}

/**
 * Runs `start` as the given cell's code. Rejects with `Interrupted` as soon as there is an interrupt.
 * @template T
 * @param {Interruptible} cell
 * @param {() => Promise<T>} start
 * @returns {Promise<T>}
 */
export function runCell(cell, start) {
  cell.generation = generation;
  return new Promise((resolve, reject) => {
    stopCell = reject;
    const run = () =>
      // The kernel goes on in a turn of its own: an interrupt must not hit it within the cell's.
      start().then(
        (value) => void immediately(resolve, value),
        (error) => {
          if (isInterruption(error)) stopped(handshake, true);
          else immediately(reject, error);
        },
      );
    // In a turn of its own, for the microtask queue cannot be emptied from within a microtask.
    immediately(() => {
      if (isAlive(cell)) interruptibly(() => void currentCell.run(cell, run));
    });
  });
}

/** @param {Interruptible} cell */
function isAlive(cell) {
  return cell.generation === generation;
}

const kernel = /** @type {any} */ (process);
const hook = Symbol.for('tslab.interruptible');
const script = new vm.Script("globalThis[Symbol.for('tslab.interruptible')]()", {
  filename: 'node:tslab',
});

/**
 * Calls `run`, then what it put into the microtask queue; an interrupt meanwhile makes this throw.
 * `_tickCallback` empties the queue; else it would be emptied after the script, out of reach.
 * @param {() => void} run
 */
function interruptibly(run) {
  Object.assign(globalThis, {
    [hook]: () => {
      try {
        if (!enter(handshake)) return;
        run();
        kernel._tickCallback();
      } finally {
        leave(handshake);
      }
    },
  });
  try {
    script.runInThisContext({ breakOnSigint: true });
  } catch (error) {
    if (isInterruption(error)) stopped(handshake, false);
    throw error;
  }
}

/**
 * The callback for a timer: interruptible, and without effect once its cell has been interrupted.
 * A promise that waits for it then never settles, and so the loop that awaits the promise ends.
 * @template {Function} F
 * @param {F} callback
 * @returns {F}
 */
function guarded(callback) {
  const cell = currentCell.getStore();
  if (!cell || typeof callback !== 'function') return callback;
  /** @this {any} @param {unknown[]} args */
  const run = function (...args) {
    if (isAlive(cell)) interruptibly(() => void callback.apply(this, args));
    else clearTimeout(this); // an interval would fire for ever
  };
  return /** @type {any} */ (run);
}

const { setImmediate: immediately } = timers;

for (const name of /** @type {const} */ (['setTimeout', 'setInterval', 'setImmediate'])) {
  const original = /** @type {Function} */ (timers[name]);
  const wrapped = (/** @type {Function} */ callback, /** @type {unknown[]} */ ...rest) =>
    original(guarded(callback), ...rest);
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  Object.assign(timers, { [name]: wrapped });
  Object.assign(globalThis, { [name]: wrapped });
}
for (const name of /** @type {const} */ (['setTimeout', 'setImmediate'])) {
  const original = /** @type {(...args: any[]) => Promise<unknown>} */ (timersPromises[name]);
  const wrapped = (/** @type {unknown[]} */ ...args) =>
    new Promise((resolve, reject) => {
      const [fulfilled, rejected] = [guarded(resolve), guarded(reject)];
      original(...args).then(
        (value) => void immediately(fulfilled, value),
        (error) => void immediately(rejected, error),
      );
    });
  Object.assign(timersPromises, { [name]: wrapped });
}
syncBuiltinESMExports();

/**
 * TensorFlow.js counts how deep it is in kernels, gradients and tidy scopes, and an interrupt ends
 * them without their `finally`. With a count left over, no gradient would be recorded any more.
 */
function resetTensorFlow() {
  const engine = /** @type {any} */ (globalThis)._tfengine;
  if (!engine) return;
  const { state } = engine;
  const scopes = state.scopeStack.flatMap((/** @type {any} */ scope) => scope.track);
  const saved = (state.activeTape ?? []).flatMap((/** @type {any} */ node) => node.saved ?? []);
  Object.assign(state, { kernelDepth: 0, gradientDepth: 0, activeTape: null });
  Object.assign(state, { scopeStack: [], activeScope: null });
  for (const tensor of [...scopes.filter((/** @type {any} */ { kept }) => !kept), ...saved]) {
    try {
      tensor.dispose();
    } catch {
      // The interrupt may have come between the two halves of making or disposing of this tensor.
    }
  }
}
