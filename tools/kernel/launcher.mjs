#!/usr/bin/env node
// @ts-check
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
import { inspect } from 'node:util';
import vm from 'node:vm';
import { compile, converter, ts } from './compiler.mjs';
import {
  currentCell,
  handshake,
  Interrupted,
  interrupt,
  isInterruption,
  runCell,
} from './interrupt.mjs';
import { cellUrl, describe, describeDiagnostics, rememberCell } from './traceback.mjs';
import { openWire, PROTOCOL } from './wire.mjs';

/**
 * @typedef {import('./wire.mjs').Request} Request
 * @typedef {import('./wire.mjs').Content} Content
 * @typedef {import('./traceback.mjs').Failure} Failure
 * @typedef {object} Cell
 * @property {Request} request
 * @property {string} label
 * @property {boolean} silent
 * @property {unknown} [value] of its last expression
 * @property {unknown} [thrown]
 * @property {number} [generation] see interrupt.mjs
 */

const require = createRequire(import.meta.url);
const jupyter = require('tslab/dist/jupyter.js');
const { createExecutor } = require('tslab/dist/executor.js');
const { getCodeMetadata } = require('tslab/dist/metadata.js');
const { printQuickInfo } = require('tslab/dist/inspect.js');
const { isCompleteCode } = require('tslab/dist/converter.js');
const { version } = require('tslab/package.json');

/** @type {Request[]} execute requests that wait for their turn */
const queue = [];
/** @type {{ count: number, code: string, output: string | null }[]} */
const history = [];
let executionCount = 0;
/** What the cells so far have declared, as a `.d.ts`. */
let declarations = '';
/** @type {Cell | undefined} */
let running;
/** @type {Cell | undefined} */
let latest;

// ---- Running cells ----

/** @type {import('tslab/dist/converter.js').ConvertResult} for the executor, which asks for it first */
let converted;
const node = { ...converter, convert: () => converted };
const executor = createExecutor(
  process.cwd(),
  { node, browser: node, close: converter.close },
  {
    log: (/** @type {unknown} */ value) => Object.assign(currentCell.getStore(), { value }),
    error: (/** @type {unknown[]} */ ...args) => {
      if (args.length > 1)
        console.error(...args); // the compile errors of a `@module` cell
      else Object.assign(currentCell.getStore(), { thrown: args[0] });
    },
  },
);

/** @param {Cell} cell @returns {Promise<Content | undefined>} the result's MIME bundle */
async function evaluate(cell) {
  const { code } = cell.request.content;
  const isModule = getCodeMetadata(code).module !== undefined;
  if (!isModule) {
    const compiled = compile(declarations, code, cellUrl(cell.label));
    converted = compiled.converted;
    if (converted.diagnostics.length > 0)
      throw new CompileError(describeDiagnostics(converted.diagnostics, cell.label, code));
    rememberCell(cell.label, code, compiled.locate);
  }
  const data = await runCell(cell, async () => {
    if (await executor.execute(code))
      return cell.value == null ? undefined : mimeBundle(cell.value);
    throw cell.thrown;
  });
  if (!isModule) declarations = converted.declOutput ?? '';
  return data;
}

class CompileError {
  /** @param {Failure} failure */
  constructor(failure) {
    this.failure = failure;
  }
}

/** @param {any} value @returns {Promise<Content>} */
async function mimeBundle(value) {
  const display = value[Symbol.for('Jupyter.display')];
  if (typeof display !== 'function') return { 'text/plain': inspect(value) };
  const bundle = await display.call(value);
  if (bundle === null || typeof bundle !== 'object')
    throw new TypeError(
      `[Symbol.for('Jupyter.display')]() must return a MIME bundle such as { 'text/plain': '…' }, ` +
        `and it returned ${inspect(bundle)}.`,
    );
  return bundle;
}

/** @param {Request} request */
async function execute(request) {
  const { code, silent = false, store_history = true } = request.content;
  const { stop_on_error = true, user_expressions = {} } = request.content;
  const counted = store_history && !silent;
  if (counted) executionCount += 1;
  const execution_count = executionCount;
  const label = counted ? `cell ${execution_count}` : 'uncounted cell';
  const cell = { request, label, silent };
  running = latest = cell;
  wire.publish('status', { execution_state: 'busy' }, request);
  if (!silent) wire.publish('execute_input', { code, execution_count }, request);
  /** @type {Content} */
  let reply;
  /** @type {Request[]} */
  let aborted = [];
  try {
    const data = await evaluate(cell);
    if (data && !silent)
      wire.publish('execute_result', { data, execution_count, metadata: {} }, request);
    if (counted)
      history.push({ count: execution_count, code, output: data?.['text/plain'] ?? null });
    const values = Object.entries(user_expressions).map(([key, expression]) => [
      key,
      evaluateExpression(expression),
    ]);
    reply = { status: 'ok', user_expressions: Object.fromEntries(values), payload: [] };
  } catch (thrown) {
    if (thrown instanceof Interrupted) executor.interrupt();
    if (counted) history.push({ count: execution_count, code, output: null });
    const failure = thrown instanceof CompileError ? thrown.failure : describe(thrown);
    // What has arrived by now is aborted. What is sent by someone who has seen the error is not.
    await wire.drained();
    if (stop_on_error) aborted = queue.splice(0);
    if (!silent) wire.publish('error', failure, request);
    reply = { status: 'error', ...failure };
  }
  running = undefined;
  wire.reply(request, { ...reply, execution_count });
  wire.publish('status', { execution_state: 'idle' }, request);
  for (const next of aborted) answer(next, () => ({ status: 'aborted' }));
}

/** @param {string} expression in JavaScript, with the names of the cells in scope */
function evaluateExpression(expression) {
  try {
    const value = vm.runInThisContext(`with (__tslab__.exports) { ${expression} }`);
    return { status: 'ok', data: { 'text/plain': inspect(value) }, metadata: {} };
  } catch (thrown) {
    return { status: 'error', ...describe(thrown) };
  }
}

let working = false;

async function executeQueue() {
  if (working) return;
  working = true;
  for (let request = queue.shift(); request; request = queue.shift()) await execute(request);
  working = false;
}

// ---- Output ----

/** @param {string} type @param {Content} content @returns {boolean} false before the first cell */
function publish(type, content) {
  const cell = currentCell.getStore() ?? latest;
  if (cell && !cell.silent) wire.publish(type, content, cell.request);
  return cell !== undefined;
}

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  const original = process[name].write.bind(process[name]);
  process[name].write = (
    /** @type {string | Uint8Array} */ chunk,
    /** @type {any[]} */ ...rest
  ) => {
    const text = typeof chunk === 'string' ? chunk : String(Buffer.from(chunk));
    if (!publish('stream', { name, text })) return original(chunk, ...rest);
    const written = rest.at(-1);
    if (typeof written === 'function') queueMicrotask(written);
    return true;
  };
}

// tslab's `display` calls this.
jupyter.lastWriteDisplayData = (/** @type {Content} */ content, /** @type {boolean} */ update) =>
  publish(update ? 'update_display_data' : 'display_data', content);

/** @param {unknown} thrown in code that no cell waits for */
function reportUncaught(thrown) {
  if (!isInterruption(thrown))
    console.error(['Uncaught in the background:', ...describe(thrown).traceback].join('\n'));
}

// ---- Requests ----

const UNTERMINATED_STRING = 1002; // in TypeScript's numbering

/** @type {Record<string, (content: Content) => Content>} */
const answers = {
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
  is_complete_request: ({ code }) => {
    const prefix = 'export {};'; // makes it a module, where `await` is allowed
    const source = ts.createSourceFile('cell.ts', prefix + code, ts.ScriptTarget.Latest);
    const [error] = source.parseDiagnostics;
    if (!error) return { status: 'complete' };
    const atEnd = error.start >= prefix.length + code.trimEnd().length;
    if (!atEnd || error.code === UNTERMINATED_STRING) return { status: 'invalid' };
    return { status: 'incomplete', indent: isCompleteCode(code).indent ?? '' };
  },
  complete_request: ({ code, cursor_pos }) => {
    const { candidates, start, end } = converter.complete(
      declarations,
      code,
      toUnits(code, cursor_pos),
    );
    const [cursor_start, cursor_end] = [toPoints(code, start), toPoints(code, end)];
    return { matches: candidates, cursor_start, cursor_end, metadata: {} };
  },
  inspect_request: ({ code, cursor_pos }) => {
    const position = toUnits(code, cursor_pos);
    // Among the arguments of a call, where there is nothing else to tell: about the function.
    const call = /[\w$]\s*\([^()]*$/.exec(code.slice(0, position));
    const info =
      converter.inspect(declarations, code, position) ??
      (call && converter.inspect(declarations, code, call.index));
    const data = info ? { 'text/plain': printQuickInfo(info) } : {};
    return { found: Boolean(info), data, metadata: {} };
  },
  history_request: ({ hist_access_type, n, start = 0, stop, pattern = '*', unique, output }) => {
    let entries = history;
    if (hist_access_type === 'range')
      entries = entries.filter(({ count }) => count >= start && count < (stop ?? Infinity));
    if (hist_access_type === 'search') {
      const glob = pattern
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      entries = entries.filter(({ code }) => new RegExp(`^${glob}$`, 's').test(code));
      if (unique) entries = [...new Map(entries.map((entry) => [entry.code, entry])).values()];
    }
    if (hist_access_type !== 'range' && n) entries = entries.slice(-n);
    const rows = entries.map((e) => [1, e.count, output ? [e.code, e.output] : e.code]);
    return { history: rows };
  },
  comm_info_request: () => ({ comms: {} }),
  interrupt_request: () => {
    interrupt();
    return {};
  },
  shutdown_request: ({ restart = false }) => ({ restart }),
};

/** Jupyter counts a cursor's position in code points, JavaScript in UTF-16 units. */
const toUnits = (/** @type {string} */ code, /** @type {number} */ points) =>
  [...code].slice(0, points).join('').length;
const toPoints = (/** @type {string} */ code, /** @type {number} */ units) =>
  [...code.slice(0, units)].length;

/** @param {Request} request @param {(content: Content) => Content} [respond] */
function answer(request, respond) {
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

/** @param {Request} request */
function onRequest(request) {
  const type = request.header.msg_type;
  if (type === 'execute_request') {
    queue.push(request);
    executeQueue();
    return;
  }
  answer(request, answers[type]);
  if (type === 'shutdown_request') wire.close().then(() => process.exit(0));
}

// A kernel whose server was killed would stay, with all of its tensors.
const parent = process.ppid;
if (process.env.JPY_PARENT_PID)
  setInterval(() => process.ppid === parent || process.exit(1), 1000).unref();

const connection = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const wire = await openWire(connection, handshake, onRequest);
process.on('uncaughtException', reportUncaught);
process.on('unhandledRejection', reportUncaught);
wire.publish('status', { execution_state: 'starting' });
