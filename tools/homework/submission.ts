/** A submission at work: its functions, as the grader calls them, each call to the sandbox and back. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Answers } from 'attention';
import { decode, encode } from './codec.ts';
import { endSandbox, type Sandboxed, startSandbox } from './sandbox.ts';

/** Seconds that the submission itself had. One that does what it should needs about five in all. */
export const patience = { start: 30, cell: 20, call: 8, all: 100 };

const longestMessage = 16 << 20;
const longestOutput = 10_000;

export type CodeCell = { index: number; code: string };

/** What comes from a submission, if it says what it should. */
interface Message {
  ready?: boolean;
  begin?: number;
  end?: number;
  id?: number;
  value?: unknown;
  error?: unknown;
}

/** A submission at work. What ends its process costs what was running then, and nothing else. */
export class Submission {
  readonly #remarks = new Set<string>();
  #process: Process | undefined;
  /** The ended ones, too. */
  #all: Process[] = [];
  /** Seconds that are left. Time in which it waits for its turn, or for a processor, does not count. */
  #left = patience.all;
  /** Cells that are left out since they ended the process. */
  readonly #omitted = new Set<number>();
  /** Functions that did not come back. */
  readonly #lost = new Map<string, string>();

  /** @param wrapped whether under bubblewrap */
  constructor(
    private readonly cells: CodeCell[],
    private readonly tf: typeof import('attention').tf,
    private readonly wrapped?: boolean,
  ) {}

  /** @returns functions for `definitions` */
  answers(names: string[]): Answers {
    const { tf } = this;
    return Object.fromEntries(
      names.map((name) => {
        const call = async (...input: unknown[]) =>
          this.#call(name, { input: input.map((value) => encode(value, tf)) });
        const gradients = async (input: unknown[], upstream: unknown, part?: string) =>
          this.#call(name, {
            input: input.map((value) => encode(value, tf)),
            upstream: encode(upstream, tf),
            part,
          });
        return [name, Object.assign(call, { gradients })];
      }),
    );
  }

  async #call(name: string, request: object) {
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

  /** @param most seconds that this may take */
  async #timed<T>(process: Process, most: number, work: (seconds: number) => Promise<T>) {
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
  readonly child: Sandboxed;
  readonly failed: [index: number, error: string][] = [];
  /** The cell that is running. */
  running: number | undefined;
  /** What it wrote to stderr, the beginning. */
  complaints = '';

  #waiting: ((line: string | undefined) => void) | undefined;
  #lines: string[] = [];
  /** Bytes that came since the last message was taken. */
  #unread = 0;
  /** Why it has ended. */
  #ended: string | undefined;
  #count = 0;

  constructor(wrapped?: boolean) {
    this.child = startSandbox(wrapped);
    const [, stdout, stderr, requests, answers] = this.child.stdio as [null, ...Readable[]];
    for (const stream of [stdout, stderr, requests, answers]) stream.on('error', () => {}); // said by its end
    stdout.resume(); // nobody reads it
    stderr.on('data', (data: Buffer) => {
      this.complaints = (this.complaints + data).slice(0, longestOutput);
    });
    answers.on('data', (data: Buffer) => {
      this.#unread += data.length;
      if (this.#unread > longestMessage) this.end('it sent too much');
    });
    createInterface({ input: answers }).on('line', (line) => {
      if (this.#waiting) this.#waiting(line);
      else this.#lines.push(line);
    });
    const ended = (why: string) => {
      this.#ended ??= this.child.grownTooLarge
        ? 'it took too much memory, or too many processes'
        : why;
      this.#waiting?.(undefined);
    };
    this.child.on('error', (error) => ended(error.message));
    this.child.on('close', (code, signal) => ended(`it ended its process (${signal ?? code})`));
  }

  end(why?: string) {
    this.#ended ??= why;
    endSandbox(this.child);
  }

  async run(
    cells: CodeCell[],
    timed: (most: number, work: (seconds: number) => Promise<Message>) => Promise<Message>,
  ) {
    this.#send({ cells });
    const known = new Set(cells.map(({ index }) => index));
    let most = patience.start;
    for (;;) {
      const message = await timed(most, (seconds) => this.#next(seconds));
      if (message.ready) {
        this.running = undefined;
        return;
      }
      const index = message.begin ?? message.end;
      if (index === undefined || !known.has(index)) return this.#garbage();
      if (message.begin !== undefined) this.running = message.begin;
      else if ('error' in message) this.failed.push([index, String(message.error).slice(0, 300)]);
      most = patience.cell;
    }
  }

  async ask(request: object, seconds: number) {
    const id = ++this.#count;
    this.#send({ id, ...request });
    const message = await this.#next(seconds);
    if (message.id !== id) this.#garbage();
    return message;
  }

  #garbage(): never {
    this.end('it answered with something else than an answer');
    throw new Ended(this.#ended);
  }

  #send(message: object) {
    (this.child.stdio[3] as Writable).write(`${JSON.stringify(message)}\n`);
  }

  /** @returns the next message */
  async #next(seconds: number): Promise<Message> {
    const line = this.#lines.shift() ?? (await this.#wait(seconds));
    if (line === undefined) throw new Ended(this.#ended);
    if (this.#lines.length === 0) this.#unread = 0;
    try {
      const message = JSON.parse(line);
      if (message !== null && typeof message === 'object') return message;
    } catch {}
    return this.#garbage();
  }

  #wait(seconds: number): Promise<string | undefined> {
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
