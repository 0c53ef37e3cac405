// @ts-check
const OUTSIDE = 0;
const INSIDE = 1;
const INTERRUPTED = 2;
const TERMINATING = INSIDE | INTERRUPTED;

/**
 * When the control thread may have V8 terminate what the main thread runs: one word shared by the two.
 *
 * A termination is asked for only while the main thread is INSIDE: in a cell's code, within a boundary
 * that catches it. The word is then TERMINATING, and the main thread stays within the boundary until
 * the termination has come. So it hits no code of the kernel, and no later code.
 *
 * The interrupt also comes as a message. Until that is heard the word is INTERRUPTED, and no code of a
 * cell is entered. So no interrupt is lost. Those that come meanwhile are the same one.
 */
export class Handshake {
  constructor(word = new Int32Array(new SharedArrayBuffer(4))) {
    this.word = word;
  }

  /** Control thread: an interrupt has come. Returns whether to terminate, and then to confirm. */
  announce() {
    return Atomics.or(this.word, 0, INTERRUPTED) === INSIDE;
  }

  /** Control thread: V8 has terminated. */
  confirm() {
    Atomics.store(this.word, 0, INTERRUPTED);
  }

  /** Main thread: the message has come. Returns whether it is the first about this interrupt. */
  acknowledge() {
    return Atomics.compareExchange(this.word, 0, INTERRUPTED, OUTSIDE) === INTERRUPTED;
  }

  /** Main thread: first thing within the boundary. Returns whether to go on. */
  enter() {
    return Atomics.compareExchange(this.word, 0, OUTSIDE, INSIDE) === OUTSIDE;
  }

  /**
   * Main thread: last thing within the boundary, where a termination under way hits it, and again
   * behind the boundary. Returns whether there was no interrupt.
   */
  leave() {
    Atomics.compareExchange(this.word, 0, INSIDE, OUTSIDE);
    while (Atomics.load(this.word, 0) === TERMINATING) Atomics.wait(this.word, 0, TERMINATING, 1);
    return !this.isInterrupted();
  }

  /** Main thread: whether no code of a cell is to begin. */
  isInterrupted() {
    return Atomics.load(this.word, 0) >= INTERRUPTED;
  }
}
