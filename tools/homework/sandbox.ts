/**
 * Starts the process of a submission with limits. With bubblewrap (`bwrap`): no network, no file but
 * those that a lesson needs, nothing that could be written to, no other process in sight. Without,
 * nothing but Node's permissions keeps it from files, and TensorFlow's native operations go past
 * these: whoever's code that is has to be trusted. In both, `prlimit` and a watch hold memory.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { builtTools, root } from '../setup/paths.mjs';

const MB = 1 << 20;
/** `seconds` are of a processor, for whatever does not end otherwise. */
export const limits = {
  memory: 3000 * MB,
  file: 16 * MB,
  processes: 64,
  seconds: 120,
};

const node = realpathSync(process.execPath);
const child = join(builtTools, 'homework', 'child.js');
const native = join(root, 'node_modules', '@tensorflow', 'tfjs-node', 'deps');

/** Files and folders that a submission has to read. */
const readable = () =>
  [
    node,
    realpathSync(join(root, 'node_modules')),
    join(root, 'node_modules'),
    join(root, 'src'),
    join(builtTools, 'kernel'),
    child,
    join(builtTools, 'homework', 'codec.js'),
    join(builtTools, 'setup', 'paths.mjs'),
    join(root, 'package.json'),
    ...(existsSync(native) ? [dirname(realpathSync(native))] : []),
  ].filter((path, i, all) => all.indexOf(path) === i);

const onPath = (name: string) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);

let wraps: boolean | undefined;

/** Whether bubblewrap is there and may be used: in some containers it may not. */
export function hasBubblewrap() {
  if (wraps !== undefined) return wraps;
  try {
    const test = [
      '--unshare-all',
      '--ro-bind',
      '/',
      '/',
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      'true',
    ];
    execFileSync('bwrap', test, { stdio: 'ignore' });
    wraps = true;
  } catch {
    wraps = false;
  }
  return wraps;
}

/** Set where what was handed in is trusted, also for the process that nbgrader starts to ask for a grade. */
export const trustVariable = 'HOMEWORK_TRUST';

/**
 * Whether submissions run under bubblewrap.
 *
 * @param trust their code may do here whatever it likes
 * @throws {SetupError} if there is no sandbox for code that is not trusted
 */
export function sandboxed(trust: boolean = Boolean(process.env[trustVariable])) {
  if (hasBubblewrap()) {
    console.log(
      'Submissions run under bubblewrap: no network, no files of yours, nothing to write to, limited ' +
        'memory and time.',
    );
    return true;
  }
  const missing =
    'bubblewrap was not found or may not be used here (Linux: `apt install bubblewrap`). Without it, ' +
    'the code of a submission can read and write your files and reach the network: Node’s permissions ' +
    'hold JavaScript back, but not the native operations of TensorFlow.';
  if (!trust)
    throw new SetupError(
      `${missing}\n\nNothing was run. If you trust everybody who handed in something, add --trust.`,
    );
  console.log(`${missing} You said --trust: what was handed in runs all the same.`);
  return false;
}

function command(wrapped: boolean) {
  const { version } = process;
  const permission =
    Number.parseInt(version.slice(1), 10) >= 24 ? '--permission' : '--experimental-permission';
  const interpreter = [
    node,
    permission,
    '--allow-addons',
    '--no-warnings',
    '--max-old-space-size=1024',
  ];
  const script = [
    ...readable().map((path) => `--allow-fs-read=${existsDirectory(path) ? `${path}/*` : path}`),
    child,
  ];
  const wrap = wrapped
    ? [
        'bwrap',
        ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
        ...['/usr', '/lib', '/lib64', '/bin', '/etc/ld.so.cache'].flatMap((path) => [
          '--ro-bind-try',
          path,
          path,
        ]),
        ...['--proc', '/proc', '--dev', '/dev', '--dir', '/tmp'],
        ...readable().flatMap((path) => ['--ro-bind', path, path]),
        // What is written to a mount in memory would be memory that nobody counts: /dev/shm, /, /tmp.
        ...['--remount-ro', '/dev', '--remount-ro', '/'],
        ...['--chdir', '/tmp', '--'],
      ]
    : [];
  return limited([...wrap, ...interpreter, ...script]);
}

/** @returns the same with limits, where there is `prlimit` */
export function limited(command: string[]): string[] {
  if (!onPath('prlimit')) return command;
  const { memory, file, seconds } = limits;
  const most = [
    `--data=${memory}`,
    `--fsize=${file}`,
    `--cpu=${seconds}`,
    '--core=0',
    '--nofile=512',
  ];
  return ['prlimit', ...most, '--', ...command];
}

const existsDirectory = (path: string) => existsSync(join(path, '.'));

/** Its streams 3 and 4 carry requests and answers; `seconds` tells the time that it had. */
export type Sandboxed = ChildProcess & { grownTooLarge?: boolean; seconds: () => number };

export function startSandbox(wrapped = hasBubblewrap()): Sandboxed {
  const [program, ...args] = command(wrapped);
  const spawned = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    detached: true, // a group of its own, to be ended as a whole
    cwd: wrapped ? undefined : join(root, 'src'),
    env: {
      PATH: '/usr/bin:/bin',
      HOME: '/tmp',
      LANG: 'C.UTF-8',
      TF_CPP_MIN_LOG_LEVEL: '3',
      MALLOC_ARENA_MAX: '2',
    },
  });
  const started: Sandboxed = Object.assign(spawned, { seconds: timeOf(spawned.pid ?? 0) });
  const watch = setInterval(() => {
    const { bytes, count } = sizeOf(started.pid ?? 0);
    if (bytes < limits.memory && count < limits.processes) return;
    started.grownTooLarge = true;
    endSandbox(started);
  }, 100);
  started.on('close', () => clearInterval(watch));
  started.on('error', () => clearInterval(watch));
  return started;
}

export function endSandbox(started: ChildProcess) {
  for (const pid of started.pid ? [...family(started.pid).reverse(), -started.pid] : []) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {} // it has ended
  }
}

/** @returns a process and all that it has started, as far as Linux tells */
function family(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return [
      pid,
      ...text
        .split(' ')
        .filter(Boolean)
        .flatMap((one) => family(Number(one))),
    ];
  } catch {
    return [pid];
  }
}

/**
 * A clock of the time that a process and its children had: of a processor, or asleep. While they wait
 * for a processor, on a busy machine, it stands still. (Where Linux does not tell, it is any clock.)
 *
 * @returns seconds since now
 */
export function timeOf(pid: number): () => number {
  let seconds = 0;
  let now = performance.now();
  let used = processorTime(pid).used;
  return () => {
    const last = { now, used };
    const { used: until, asleep } = processorTime(pid);
    now = performance.now();
    used = until;
    seconds += asleep ? (now - last.now) / 1000 : Math.max(0, until - last.used);
    return seconds;
  };
}

function processorTime(pid: number) {
  let used = 0;
  let asleep = true;
  for (const one of family(pid)) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
      const [state, ...numbers] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      used += (Number(numbers[10]) + Number(numbers[11])) / 100; // utime and stime, in ticks
      if (state === 'R') asleep = false;
    } catch {} // it has ended, or this is not Linux
  }
  return { used, asleep };
}

function sizeOf(pid: number) {
  const all = family(pid);
  let bytes = 0;
  for (const one of all) {
    try {
      bytes += 4096 * Number(readFileSync(`/proc/${one}/statm`, 'utf8').split(' ')[1]);
    } catch {} // it has ended, or this is not Linux
  }
  return { bytes, count: all.length };
}
