/**
 * `npm start`: the set-up, then JupyterLab on the notebooks. What stands behind `--` goes to
 * JupyterLab: `npm start -- --no-browser --port=9999`.
 */
import { spawn } from 'node:child_process';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { SetupError } from '../setup/errors.mjs';
import { setup } from '../setup/index.ts';
import { root, venvPython } from '../setup/paths.mjs';

export default async function (argv: string[]) {
  const port = requestedPort(argv);
  if (port) await requireFree(port);
  await setup();
  return openLab(argv);
}

/** What is the same for every start stands in tools/setup/lab-settings.ts. */
function labArguments(argv: string[]) {
  const isRoot = process.getuid?.() === 0 && !argv.includes('--allow-root');
  return [
    ...['-I', '-m', 'jupyterlab', ...argv],
    ...(isRoot ? ['--allow-root'] : []),
    ...(requestedPort(argv) ? ['--ServerApp.port_retries=0'] : []),
  ];
}

export function openLab(argv: string[], cwd: string = root): Promise<number> {
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
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
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

/** Jupyter's announcement of its address takes eight lines; here it takes one. Errors pass. */
function showLog(log: NodeJS.ReadableStream, isStopping: () => boolean) {
  const noise =
    /^\[I |^(\[C .* ServerApp\])?\s*$|To access the server|jpserver-.*\.html|Or copy and paste|http:\/\/localhost:/;
  createInterface({ input: log }).on('line', (line) => {
    const [url] = /http:\/\/127\.0\.0\.1:\d+\/lab\S*/.exec(line) ?? [];
    if (url) console.log(`\nJupyterLab is open at ${url}\nCtrl-C closes it.\n`);
    else if (!isStopping() && !noise.test(line)) console.error(line);
  });
}

function requestedPort(argv: string[]): number | undefined {
  const [, port] = /--(?:ServerApp\.)?port[= ](\d+)/.exec(argv.join(' ')) ?? [];
  return port ? Number(port) : undefined;
}

/** Jupyter would take the next port in silence; who names one wants that one. */
function requireFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', (error) => {
      const { code } = error as NodeJS.ErrnoException;
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
