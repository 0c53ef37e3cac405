// @ts-check
/**
 * Interrupts. One stops the running cell and all that cells have started and left running.
 *
 * Stopped are: a loop without `await`; a loop of awaits that never leaves the microtask queue
 * (`await tensor.data()`); a loop that waits on a timer (`setImmediate`, `setTimeout`,
 * `timers/promises`, `tf.nextFrame`); and what comes after such an `await` without another one.
 * Not stopped is code that goes on after an `await` on a file, a socket or a child process.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import inspector from 'node:inspector';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import vm from 'node:vm';
import { Handshake } from './handshake.mjs';

/** @typedef {{ generation?: number }} Interruptible what this file keeps on a cell */

/** @type {AsyncLocalStorage<any>} The cell that the running code belongs to, through any number of timers and promises. */
export const currentCell = new AsyncLocalStorage();

export class Interrupted extends Error {
  /** @override */
  name = 'Interrupted';
}

export const handshake = new Handshake();

/** Cells of an earlier generation have been interrupted. */
let generation = 0;
/** @type {((reason: Interrupted) => void) | undefined} Ends the wait for the running cell. */
let stopCell;

/** Stops everything that cells have started. */
export function interrupt() {
  if (!handshake.acknowledge()) return;
  generation += 1;
  stopCell?.(new Interrupted('the cell was stopped, with everything it had started'));
  forgetHalfLoaded();
  resetTensorFlow();
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
        (error) => void immediately(reject, error),
      );
    // In a turn of its own, for the microtask queue cannot be emptied from within a microtask.
    immediately(() => {
      if (isAlive(cell)) interruptibly(() => void currentCell.run(cell, run));
    });
  });
}

/** @param {Interruptible} cell */
function isAlive(cell) {
  return cell.generation === generation && !handshake.isInterrupted();
}

/**
 * The boundary that catches a termination: the inspector's evaluation of `turn()`. It is in a context
 * with microtasks of its own, for the inspector holds back those of the context it evaluates in.
 */
const boundary = { turn() {} };
const session = new inspector.Session();
/** @type {number} */
let contextId;
session.connect();
session.post('Runtime.enable');
session.once('Runtime.executionContextCreated', ({ params }) => {
  contextId = params.context.id;
});
vm.createContext(boundary, { microtaskMode: 'afterEvaluate' });
session.post('Runtime.disable');
process.once('exit', () => session.disconnect()); // else Node prints that it waits for that

/**
 * Calls `run`, then what it put into the microtask queue; after an interrupt meanwhile this throws.
 * `_tickCallback` empties the queue; else it would be emptied later, outside of the boundary.
 * @param {() => void} run
 */
function interruptibly(run) {
  /** @type {{ error: unknown } | undefined} */
  let thrown;
  boundary.turn = () => {
    if (!handshake.enter()) return;
    try {
      run();
      /** @type {any} */ (process)._tickCallback();
    } catch (error) {
      thrown = { error };
    }
    handshake.leave();
  };
  session.post('Runtime.evaluate', { expression: 'turn() //# sourceURL=node:tslab', contextId });
  // Thrown to the top, for then Node tidies up its own records of what was running.
  if (!handshake.leave()) throw new Interrupted();
  if (thrown) throw thrown.error;
}

/**
 * A callback of the running cell, for later: without effect once the cell has been interrupted.
 * A promise that waits for it then never settles, and so the loop that awaits the promise ends.
 * @template {Function} F
 * @param {F} callback
 * @param {(run: () => void) => void} call
 * @returns {F}
 */
function guarded(callback, call = interruptibly) {
  const cell = currentCell.getStore();
  if (!cell || typeof callback !== 'function') return callback;
  /** @this {any} @param {unknown[]} args */
  const run = function (...args) {
    if (isAlive(cell)) call(() => void callback.apply(this, args));
    else clearTimeout(this); // an interval would fire for ever
  };
  return /** @type {any} */ (run);
}

const { setImmediate: immediately } = timers;
const { nextTick } = process;

process.nextTick = (callback, ...args) =>
  nextTick(
    guarded(callback, (run) => run()),
    ...args,
  );

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

/** A module that was interrupted while it loaded would be taken for a complete one. */
function forgetHalfLoaded() {
  const { cache } = createRequire(import.meta.url);
  for (const [file, module] of Object.entries(cache)) if (!module?.loaded) delete cache[file];
}

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
