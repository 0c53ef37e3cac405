/** Two programs that take turns, so that a change of the machine's speed meets both. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtTools, root } from '../setup/paths.mjs';

export const bench = join(root, 'tools', 'bench');

/** A script of Python, or what is made of one in TypeScript. */
const scriptFile = (name: string) =>
  join(name.endsWith('.py') ? bench : join(builtTools, 'bench'), name);

/** Python with the packages that we compare with, if `npm run bench -- --peers` has installed it. */
export function peerPython() {
  const python = join(root, '.venv-peers', 'bin', 'python');
  return existsSync(python) ? python : undefined;
}

/**
 * One thread, or two with oneDNN's kernels, which PyTorch uses too: for the products of TensorFlow's own
 * they pay off in large matrices. The same for both sides.
 */
export const settings = (threads: 1 | 2): Record<string, string> => ({
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_ENABLE_ONEDNN_OPTS: String(threads - 1),
  OMP_NUM_THREADS: String(threads),
});

/** By the clock, of the processor. */
type Times = { seconds: number; cpu: number; megabytes?: number | null };

/**
 * A process that takes jobs as JSON lines and answers each with its times.
 * @param args the script, of tools/bench, and what follows it
 */
export function worker(program: string, [script, ...args]: string[], threads: 1 | 2) {
  const child = spawn(program, [scriptFile(script), ...args], {
    env: { ...process.env, ...settings(threads) },
    // TensorFlow says there that it uses oneDNN.
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(job: unknown): Promise<Times> {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${script} ended early: run it by itself to see why`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

/** The other side of `worker`: times what `prepare` makes of each job. */
export async function answer<Job>(prepare: (job: Job) => () => void) {
  for await (const line of createInterface({ input: process.stdin })) {
    const run = prepare(JSON.parse(line));
    const [start, usage] = [performance.now(), process.cpuUsage()];
    run();
    const { user, system } = process.cpuUsage(usage);
    const times = { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
    console.log(JSON.stringify(times));
  }
}

type Side = ReturnType<typeof worker>;

/**
 * Both sides in turn, nine rounds at most, so long as there is time, which for three rounds is stretched;
 * a round before warms up, unless both sides are warm.
 *
 * @param job another one for each round, if need be
 * @param options `seconds` for all rounds
 * @returns round by round; and how many processors somebody else kept busy meanwhile
 */
export async function alternate(
  sides: Side[],
  job: () => unknown,
  { seconds = 15, warm = false } = {},
): Promise<{ rounds: Times[][]; others: number }> {
  const round = async () => {
    const next = job();
    const times: Times[] = [];
    for (const { run } of sides) times.push(await run(next));
    return times;
  };
  if (!warm) await round();
  const [start, used] = [performance.now(), processorSeconds()];
  const rounds = [await round(), await round(), await round()];
  while (rounds.length < 9 && performance.now() - start < 1000 * seconds)
    rounds.push(await round());
  const own = rounds.flat().reduce((sum, { cpu }) => sum + cpu, 0);
  const others = (processorSeconds() - used - own) / ((performance.now() - start) / 1000);
  return { rounds, others };
}

/** What all processors of the machine have worked since it was started. */
function processorSeconds() {
  const worked = cpus().map(({ times }) => times.user + times.nice + times.sys);
  return worked.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000;
}

/**
 * Prints both times and the ratio of theirs to ours, with its spread from round to round. On a busy
 * machine one thread is compared by the processor's time, and two threads are not to be believed.
 *
 * @param measured ours and, if it is there, the peer's
 */
export function report(
  what: string,
  peer: string,
  { rounds, others }: { rounds: Times[][]; others: number },
  { threads, steps = 1 }: { threads: 1 | 2; steps?: number },
) {
  const busy = others > 0.1;
  const by = busy && threads === 1 ? 'cpu' : 'seconds';
  const [ours, theirs] = rounds[0].map((_, i) => median(rounds.map((round) => round[i][by])));
  const time = (seconds: number) => `${((1000 * seconds) / steps).toPrecision(3)} ms`;
  let line = `${what}, ${threads === 1 ? 'one thread' : 'two threads'}: ${time(ours)}`;
  if (theirs) {
    const ratios = rounds.map(([a, b]) => b[by] / a[by]);
    const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    line += `, ${peer} ${time(theirs)}, ratio ${median(ratios).toFixed(2)} (${spread})`;
  }
  console.log(line);
  if (!busy) return;
  const verdict =
    threads === 1 ? 'so this is processor time' : 'so the clock is not to be believed';
  console.log(`  BUSY: others kept ${others.toFixed(1)} processors at work, ${verdict}`);
}

export function median(values: number[]) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
