// @ts-check
/** A submission at work: its functions, as the grader calls them, each call to the sandbox and back. */
import { createInterface } from 'node:readline';
import { decode, encode } from './codec.mjs';
import { endSandbox, startSandbox } from './sandbox.mjs';

/** Seconds that the submission itself had. One that does what it should needs about five in all. */
export const patience = { start: 30, cell: 20, call: 8, all: 100 };

const longestMessage = 16 << 20;
const longestOutput = 10_000;

/**
 * @typedef {{ index: number, code: string }} CodeCell
 * @typedef {(...input: any[]) => Promise<any>} Call
 */

/** A submission at work. What ends its process costs what was running then, and nothing else. */
export class Submission {
  #remarks = /** @type {Set<string>} */ (new Set());
  /** @type {Process | undefined} */
  #process;
  /** @type {Process[]} the ended ones, too */
  #all = [];
  /** Seconds that are left. Time in which it waits for its turn, or for a processor, does not count. */
  #left = patience.all;
  /** Cells that are left out since they ended the process. */
  #omitted = new Set();
  /** Functions that did not come back. */
  #lost = new Map();

  /**
   * @param {CodeCell[]} cells
   * @param {any} tf
   * @param {boolean} [wrapped] whether under bubblewrap
   */
  constructor(cells, tf, wrapped) {
    this.cells = cells;
    this.tf = tf;
    this.wrapped = wrapped;
  }

  /** @param {string[]} names @returns {Record<string, any>} functions for `definitions` */
  answers(names) {
    const { tf } = this;
    return Object.fromEntries(
      names.map((name) => {
        const call = async (/** @type {any[]} */ ...input) =>
          this.#call(name, { input: input.map((value) => encode(value, tf)) });
        const gradients = async (
          /** @type {any[]} */ input,
          /** @type {any} */ upstream,
          /** @type {string} */ part,
        ) =>
          this.#call(name, {
            input: input.map((value) => encode(value, tf)),
            upstream: encode(upstream, tf),
            part,
          });
        return [name, Object.assign(call, { gradients })];
      }),
    );
  }

  /** @param {string} name @param {object} request */
  async #call(name, request) {
    const lost = this.#lost.get(name);
    if (lost) throw new Error(lost);
    const process = await this.start();
    try {
      const reply = await this.#timed(process, patience.call, (seconds) =>
        process.ask({ call: name, ...request }, seconds),
      );
      if ('error' in reply) throw new Error(String(reply.error).slice(0, 500));
      return decode(reply.value, this.tf);
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      this.#lost.set(name, error.message);
      this.#remarks.add(`${name}: ${error.message}`);
      this.#process = undefined;
      throw error;
    }
  }

  /** Runs the cells; again, without the one that ended the process, if one does. */
  async start() {
    while (!this.#process) {
      const process = new Process(this.wrapped);
      this.#all.push(process);
      const cells = this.cells.filter(({ index }) => !this.#omitted.has(index));
      try {
        await process.run(cells, (most, work) => this.#timed(process, most, work));
        for (const [index, error] of process.failed)
          this.#remarks.add(`cell ${index + 1} failed: ${error}`);
        this.#process = process;
      } catch (error) {
        process.end();
        if (!(error instanceof Ended)) throw error;
        if (process.running === undefined)
          throw new Error(`the submission did not start: ${error.message}`);
        this.#omitted.add(process.running);
        this.#remarks.add(`cell ${process.running + 1} was left out: ${error.message}`);
      }
    }
    return this.#process;
  }

  /** What a reader of the report should know. */
  get remarks() {
    return [...this.#remarks];
  }

  /**
   * @template T
   * @param {Process} process
   * @param {number} most seconds that this may take
   * @param {(seconds: number) => Promise<T>} work
   */
  async #timed(process, most, work) {
    if (this.#left <= 0) throw new Error('the time for this submission is over');
    const start = process.child.seconds();
    try {
      return await work(Math.min(most, this.#left));
    } finally {
      this.#left -= process.child.seconds() - start;
    }
  }

  close() {
    this.#process?.end();
    for (const { complaints } of this.#all) {
      const complaint = complaints.trim().slice(0, 200);
      if (complaint) this.#remarks.add(`it wrote to stderr: ${complaint}`);
    }
  }
}

/** The process of a submission has ended, or had to be. */
class Ended extends Error {}

class Process {
  /** @type {[index: number, error: string][]} */
  failed = [];
  /** @type {number | undefined} The cell that is running. */
  running;
  /** What it wrote to stderr, the beginning. */
  complaints = '';

  /** @type {((line: string | undefined) => void) | undefined} */
  #waiting;
  /** @type {string[]} */
  #lines = [];
  /** Bytes that came since the last message was taken. */
  #unread = 0;
  /** @type {string | undefined} Why it has ended. */
  #ended;
  #count = 0;

  /** @param {boolean} [wrapped] */
  constructor(wrapped) {
    this.child = startSandbox(wrapped);
    const [, stdout, stderr, requests, answers] = /** @type {any[]} */ (this.child.stdio);
    for (const stream of [stdout, stderr, requests, answers]) stream.on('error', () => {}); // said by its end
    stdout.resume(); // nobody reads it
    stderr.on('data', (/** @type {Buffer} */ data) => {
      this.complaints = (this.complaints + data).slice(0, longestOutput);
    });
    answers.on('data', (/** @type {Buffer} */ data) => {
      this.#unread += data.length;
      if (this.#unread > longestMessage) this.end('it sent too much');
    });
    createInterface({ input: answers }).on('line', (line) => {
      if (this.#waiting) this.#waiting(line);
      else this.#lines.push(line);
    });
    const ended = (/** @type {string} */ why) => {
      this.#ended ??= this.child.grownTooLarge
        ? 'it took too much memory, or too many processes'
        : why;
      this.#waiting?.(undefined);
    };
    this.child.on('error', (error) => ended(error.message));
    this.child.on('close', (code, signal) => ended(`it ended its process (${signal ?? code})`));
  }

  /** @param {string} [why] */
  end(why) {
    this.#ended ??= why;
    endSandbox(this.child);
  }

  /**
   * @param {CodeCell[]} cells
   * @param {(most: number, work: (seconds: number) => Promise<any>) => Promise<any>} timed
   */
  async run(cells, timed) {
    this.#send({ cells });
    const known = new Set(cells.map(({ index }) => index));
    let most = patience.start;
    for (;;) {
      const message = await timed(most, (seconds) => this.#next(seconds));
      if (message.ready) {
        this.running = undefined;
        return;
      }
      if (!known.has(message.begin ?? message.end)) this.#garbage();
      if (message.begin !== undefined) this.running = message.begin;
      else if ('error' in message)
        this.failed.push([message.end, String(message.error).slice(0, 300)]);
      most = patience.cell;
    }
  }

  /** @param {object} request @param {number} seconds */
  async ask(request, seconds) {
    const id = ++this.#count;
    this.#send({ id, ...request });
    const message = await this.#next(seconds);
    if (message.id !== id) this.#garbage();
    return message;
  }

  #garbage() {
    this.end('it answered with something else than an answer');
    throw new Ended(this.#ended);
  }

  /** @param {object} message */
  #send(message) {
    /** @type {any} */ (this.child.stdio[3]).write(`${JSON.stringify(message)}\n`);
  }

  /** @param {number} seconds @returns {Promise<any>} the next message */
  async #next(seconds) {
    const line = this.#lines.shift() ?? (await this.#wait(seconds));
    if (line === undefined) throw new Ended(this.#ended);
    if (this.#lines.length === 0) this.#unread = 0;
    try {
      const message = JSON.parse(line);
      if (message !== null && typeof message === 'object') return message;
    } catch {}
    return this.#garbage();
  }

  /** @param {number} seconds @returns {Promise<string | undefined>} */
  #wait(seconds) {
    if (this.#ended !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const until = this.child.seconds() + seconds;
      const timer = setInterval(() => {
        if (this.child.seconds() < until) return;
        this.end(`it did not come back within ${Math.ceil(seconds)} s`);
      }, 100);
      this.#waiting = (line) => {
        clearInterval(timer);
        this.#waiting = undefined;
        resolve(line);
      };
    });
  }
}
