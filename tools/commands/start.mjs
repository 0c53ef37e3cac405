/**
 * `npm start`: the set-up, then JupyterLab on the notebooks. What stands behind `--` goes to
 * JupyterLab: `npm start -- --no-browser --port=9999`.
 */
import { spawn } from 'node:child_process';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.mjs';
import { root, venvPython } from '../setup/paths.mjs';

/** @param {string[]} argv */
export default async function (argv) {
  const port = requestedPort(argv);
  if (port) await requireFree(port);
  await setup();
  return openLab(argv);
}

/**
 * What is the same for every start stands in tools/setup/lab-settings.mjs.
 * @param {string[]} argv
 */
function labArguments(argv) {
  const isRoot = process.getuid?.() === 0 && !argv.includes('--allow-root');
  return [
    ...['-I', '-m', 'jupyterlab', ...argv],
    ...(isRoot ? ['--allow-root'] : []),
    ...(requestedPort(argv) ? ['--ServerApp.port_retries=0'] : []),
  ];
}

/**
 * @param {string[]} argv
 * @param {string} [cwd]
 * @returns {Promise<number>}
 */
export function openLab(argv, cwd = root) {
  return new Promise((resolve, reject) => {
    // In a process group of its own: Ctrl-C comes here, and Jupyter is asked to end in the way in
    // which it asks nothing back.
    const lab = spawn(venvPython, labArguments(argv), {
      cwd,
      detached: true,
      env: { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let stopping = false;
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => {
        if (!stopping) console.log('\nJupyterLab is closing.');
        stopping = true;
        lab.kill('SIGTERM');
      });
    }
    showLog(lab.stderr, () => stopping);
    lab.on('error', reject);
    lab.on('close', (code) => resolve(stopping ? 0 : (code ?? 1)));
  });
}

/**
 * Jupyter's announcement of its address takes eight lines; here it takes one. Errors pass.
 * @param {NodeJS.ReadableStream} log
 * @param {() => boolean} isStopping
 */
function showLog(log, isStopping) {
  const noise =
    /^\[I |^(\[C .* ServerApp\])?\s*$|To access the server|jpserver-.*\.html|Or copy and paste|http:\/\/localhost:/;
  createInterface({ input: log }).on('line', (line) => {
    const [url] = /http:\/\/127\.0\.0\.1:\d+\/lab\S*/.exec(line) ?? [];
    if (url) console.log(`\nJupyterLab is open at ${url}\nCtrl-C closes it.\n`);
    else if (!isStopping() && !noise.test(line)) console.error(line);
  });
}

/**
 * @param {string[]} argv
 * @returns {number | undefined}
 */
function requestedPort(argv) {
  const [, port] = /--(?:ServerApp\.)?port[= ](\d+)/.exec(argv.join(' ')) ?? [];
  return port ? Number(port) : undefined;
}

/**
 * Jupyter would take the next port in silence; who names one wants that one.
 * @param {number} port
 * @returns {Promise<void>}
 */
function requireFree(port) {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code !== 'EADDRINUSE') return resolve(); // Jupyter has its own words for that
      reject(
        new SetupError(
          `Port ${port} is in use by another program, perhaps by a JupyterLab in another ` +
            'terminal. Close that one, name another port, or leave the port out: then the next ' +
            'free one is taken.',
        ),
      );
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}
