/**
 * Interrupts. One stops the running cell and all that cells have started and left running.
 *
 * An interrupt raises a flag, which the main thread shares with the control thread. Every loop and
 * every function in a cell begins with a checkpoint (compile.ts puts it there), and so does every
 * operation of TensorFlow.js; while the flag is up, checkpoints throw. Nothing is stopped elsewhere:
 * an operation, an assignment to a variable or the loading of a module is done wholly or not at all.
 * The interrupt then comes a second time, as a message, when the main thread is free to hear it. That
 * ends the cell, also one that waits, and from then on the timers of earlier cells have no effect.
 *
 * So a loop in a library's own JavaScript goes on until it calls code of a cell, or TensorFlow; and
 * not stopped is what goes on after an `await` on a file, a socket or a child process, up to the next
 * timer.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';

/** What this file keeps on a cell. */
type Interruptible = { generation?: number };

/** The cell that the running code belongs to, through any number of timers and promises. */
export const currentCell = new AsyncLocalStorage<Interruptible>();

export class Interrupted extends Error {
  override name = 'Interrupted';
}

/** Not 0 from an interrupt until its message. */
export const flag = new Int32Array(new SharedArrayBuffer(4));

/** What checkpoints throw meanwhile: its stack tells where the first one was. */
let interruption: Interrupted | undefined;
/** Cells of an earlier generation have been interrupted. */
let generation = 0;
/** Ends the wait for the running cell. */
let stopCell: ((reason: Interrupted) => void) | undefined;

/** The message of an interrupt: stops everything that cells have started. */
export function interrupt() {
  // One that was raised before an earlier one's message has been dealt with by that.
  if (Atomics.exchange(flag, 0, 0) === 0) return;
  generation += 1;
  stopCell?.(interruption ?? newInterruption());
  interruption = undefined;
  disposeTape();
}

const newInterruption = () =>
  new Interrupted('the cell was stopped, with everything it had started');

/**
 * Runs `start` as the given cell's code. Rejects with `Interrupted` as soon as there is an interrupt.
 */
export function runCell<T>(cell: Interruptible, start: () => Promise<T>): Promise<T> {
  cell.generation = generation;
  const stopped: Promise<never> = new Promise((_, reject) => {
    stopCell = reject;
  });
  if (isRaised()) return stopped; // during the compilation
  // Whatever a cell does with what a checkpoint throws, it is the message that ends the cell.
  const finished = currentCell.run(cell, start).finally(() => isRaised() && stopped);
  return Promise.race([stopped, finished]);
}

// Read in loops, where `Atomics.load` would take ten times as long.
const isRaised = () => flag[0] !== 0;

function checkpoint() {
  if (!isRaised()) return;
  interruption ??= newInterruption();
  throw interruption;
}
Object.defineProperty(globalThis, '__checkpoint__', { value: checkpoint });

/** What is used of TensorFlow.js's engine. */
interface Engine {
  state: { kernelDepth: number; activeTape?: { saved?: { dispose(): void }[] }[] };
  runKernel(...args: unknown[]): unknown;
}

let tensorFlow: Engine | undefined;
Object.defineProperty(globalThis, '_tfengine', {
  get: () => tensorFlow,
  set(engine) {
    const { runKernel } = engine;
    engine.runKernel = (...args: unknown[]) => {
      if (engine.state.kernelDepth === 0) checkpoint(); // not within an operation made of others
      return runKernel.apply(engine, args);
    };
    tensorFlow = engine;
  },
});

/** Disposes of what a gradient has kept for its second half, if it has broken off. */
function disposeTape() {
  const tape = tensorFlow?.state.activeTape ?? [];
  for (const { saved = [] } of tape) for (const tensor of saved) tensor.dispose();
  tape.length = 0;
}

type Callback = (this: NodeJS.Timeout | undefined, ...args: unknown[]) => unknown;

/**
 * The callback for a timer: without effect once its cell has been interrupted. A promise that waits
 * for it then never settles, and so the loop that awaits the promise ends.
 */
function guarded(callback: Callback): Callback {
  const cell = currentCell.getStore();
  if (!cell || typeof callback !== 'function') return callback;
  return function (this: NodeJS.Timeout | undefined, ...args) {
    if (cell.generation === generation) callback.apply(this, args);
    else clearTimeout(this); // an interval would fire for ever
  };
}

for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
  const original = timers[name] as (callback: Callback, ...rest: unknown[]) => unknown;
  const wrapped = (callback: Callback, ...rest: unknown[]) => original(guarded(callback), ...rest);
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  Object.assign(timers, { [name]: wrapped });
  Object.assign(globalThis, { [name]: wrapped });
}
for (const name of ['setTimeout', 'setImmediate'] as const) {
  const original = timersPromises[name] as (...args: unknown[]) => Promise<unknown>;
  const wrapped = (...args: unknown[]) =>
    new Promise((resolve, reject) => original(...args).then(guarded(resolve), guarded(reject)));
  Object.assign(timersPromises, { [name]: wrapped });
}
syncBuiltinESMExports();
