#!/usr/bin/env node
/**
 * The course's TypeScript kernel: tslab's compiler and executor behind a Jupyter front of our own,
 * which reports errors, results and interrupts in the way the Jupyter message specification asks for.
 *
 * The value of a cell's last expression is its result: `text/plain` as `util.inspect` prints it, or,
 * if the value has a method `[Symbol.for('Jupyter.display')]`, the MIME bundle which that returns, such
 * as `{ 'text/plain': …, 'image/svg+xml': … }`, or a promise of it. `undefined` and `null` are no result.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { currentCell, flag, Interrupted, interrupt } from './interrupt.ts';
import {
  type Code,
  CompileError,
  complete,
  completeness,
  documentation,
  evaluateExpression,
  run,
} from './session.ts';
import { describe } from './traceback.ts';
import { ts } from './typescript.ts';
import { type Content, openWire, PROTOCOL, type Request } from './wire.ts';

type Cell = Code & { request: Request; silent: boolean };

const require = createRequire(import.meta.url);
const jupyter = require('tslab/dist/jupyter.js');
const { version } = require('tslab/package.json');

const wire = await openWire(JSON.parse(readFileSync(process.argv[2], 'utf8')), flag);

// ---- Cells ----

/** Execute requests that wait for their turn. */
const queue: Request[] = [];
let working = false;
let executionCount = 0;
let running: Cell | undefined;
let latest: Cell | undefined;
const history: { count: number; code: string; output: unknown }[] = [];

async function executeQueue() {
  if (working) return;
  working = true;
  for (let request = queue.shift(); request; request = queue.shift()) await execute(request);
  working = false;
}

async function execute(request: Request) {
  const { code, silent = false, stop_on_error = true, user_expressions = {} } = request.content;
  const counted = !silent && (request.content.store_history ?? true);
  if (counted) executionCount += 1;
  const execution_count = executionCount;
  const label = counted ? `cell ${execution_count}` : 'uncounted cell';
  const cell = { request, code, label, silent };
  running = latest = cell;
  wire.publish('status', { execution_state: 'busy' }, request);
  if (!silent) wire.publish('execute_input', { code, execution_count }, request);
  let reply: Content;
  let output: unknown = null;
  let aborted: Request[] = [];
  try {
    const data = await run(cell);
    if (data && !silent)
      wire.publish('execute_result', { data, execution_count, metadata: {} }, request);
    output = data?.['text/plain'] ?? null;
    const asked: Record<string, string> = user_expressions;
    const values = Object.entries(asked).map(([k, v]) => [k, evaluateExpression(v)]);
    reply = { status: 'ok', user_expressions: Object.fromEntries(values), payload: [] };
  } catch (thrown) {
    const failure = thrown instanceof CompileError ? thrown.failure : describe(thrown);
    // What has arrived by now is aborted. What is sent by someone who has seen the error is not.
    await wire.drained();
    if (stop_on_error) aborted = queue.splice(0);
    if (!silent) wire.publish('error', failure, request);
    reply = { status: 'error', ...failure };
  }
  if (counted) history.push({ count: execution_count, code, output });
  running = undefined;
  wire.reply(request, { ...reply, execution_count });
  wire.publish('status', { execution_state: 'idle' }, request);
  for (const next of aborted) answer(next, () => ({ status: 'aborted' }));
}

// ---- Output ----

/** @returns false before the first cell */
function publish(type: string, content: Content): boolean {
  const cell = (currentCell.getStore() as Cell | undefined) ?? latest;
  if (cell && !cell.silent) wire.publish(type, content, cell.request);
  return cell !== undefined;
}

for (const name of ['stdout', 'stderr'] as const) {
  type Write = (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
  const original = process[name].write.bind(process[name]) as Write;
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    const text = typeof chunk === 'string' ? chunk : String(Buffer.from(chunk));
    if (!publish('stream', { name, text })) return original(chunk, ...rest);
    const written = rest.at(-1);
    if (typeof written === 'function') queueMicrotask(written as () => void);
    return true;
  };
}

// tslab's `display` calls this.
jupyter.lastWriteDisplayData = (content: Content, update: boolean) =>
  publish(update ? 'update_display_data' : 'display_data', content);

/** @param thrown in code that no cell waits for */
function reportUncaught(thrown: unknown) {
  if (thrown instanceof Interrupted) return; // the request for it follows
  console.error(['Uncaught in the background:', ...describe(thrown).traceback].join('\n'));
}
process.on('uncaughtException', reportUncaught);
process.on('unhandledRejection', reportUncaught);

// ---- Other requests ----

const answers: Record<string, (content: Content) => Content> = {
  kernel_info_request: () => ({
    protocol_version: PROTOCOL,
    implementation: 'tslab',
    implementation_version: version,
    language_info: {
      name: 'typescript',
      version: ts.version,
      mimetype: 'text/typescript',
      file_extension: '.ts',
      codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
      pygments_lexer: 'typescript',
    },
    banner: `TypeScript ${ts.version}, tslab ${version}, Node.js ${process.version}`,
    help_links: [
      { text: 'TypeScript', url: 'https://www.typescriptlang.org/docs/handbook/intro.html' },
      { text: 'TensorFlow.js', url: 'https://js.tensorflow.org/api/latest/' },
      { text: 'tslab', url: 'https://github.com/yunabe/tslab' },
    ],
  }),
  is_complete_request: ({ code }) => completeness(code),
  complete_request: ({ code, cursor_pos }) => {
    const { candidates, start, end } = complete(code, toUnits(code, cursor_pos));
    const [cursor_start, cursor_end] = [toPoints(code, start), toPoints(code, end)];
    return { matches: candidates, cursor_start, cursor_end, metadata: {} };
  },
  inspect_request: ({ code, cursor_pos }) => {
    const text = documentation(code, toUnits(code, cursor_pos));
    return { found: text !== undefined, data: text ? { 'text/plain': text } : {}, metadata: {} };
  },
  history_request: ({
    hist_access_type,
    n,
    start = 0,
    stop = Infinity,
    pattern,
    unique,
    output,
  }) => {
    let entries = history;
    if (hist_access_type === 'range')
      entries = entries.filter(({ count }) => count >= start && count < stop);
    if (hist_access_type === 'search') {
      const matches = globPattern(pattern ?? '*');
      entries = entries.filter(({ code }) => matches.test(code));
      if (unique) entries = [...new Map(entries.map((entry) => [entry.code, entry])).values()];
    }
    if (hist_access_type !== 'range' && n) entries = entries.slice(-n);
    return { history: entries.map((e) => [1, e.count, output ? [e.code, e.output] : e.code]) };
  },
  comm_info_request: () => ({ comms: {} }),
  shutdown_request: ({ restart = false }) => ({ restart }),
};

// Jupyter counts a cursor's position in code points, JavaScript in UTF-16 units.
const toUnits = (code: string, points: number) => [...code].slice(0, points).join('').length;
const toPoints = (code: string, units: number) => [...code.slice(0, units)].length;

/** @param glob with `*` and `?` */
function globPattern(glob: string) {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

function answer(request: Request, respond?: (content: Content) => Content) {
  wire.publish('status', { execution_state: 'busy' }, request);
  try {
    if (respond) wire.reply(request, { status: 'ok', ...respond(request.content) });
  } catch (thrown) {
    wire.reply(request, { status: 'error', ...describe(thrown) });
  }
  wire.publish('status', { execution_state: 'idle' }, request);
  // A front end shows the last state it got, whatever request that was about.
  if (running) wire.publish('status', { execution_state: 'busy' }, running.request);
}

wire.listen((request) => {
  const type = request.header.msg_type;
  if (type === 'execute_request') {
    queue.push(request);
    executeQueue();
  } else if (type === 'interrupt_request') {
    interrupt();
    // No status: jupyter_client numbers this request as it numbers its cells, so that the status
    // would be taken for that of a cell.
    wire.reply(request, { status: 'ok' });
  } else {
    answer(request, answers[type]);
    if (type === 'shutdown_request') wire.close().then(() => process.exit(0));
  }
});
wire.publish('status', { execution_state: 'starting' });
