/** Grades submissions: the notebook that was handed in, its points, and what there is to say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Notebook } from '../notebooks/nbformat.ts';
import { builtTools } from '../setup/paths.mjs';
import { type Assignment, readAssignment } from './assignment.ts';
import type { ClassFolder } from './class-folder.ts';
import { plain } from './codec.ts';
import type { Graded } from './graded.ts';
import { limited, limits } from './sandbox.ts';
import { patience } from './submission.ts';

const judgeFile = join(builtTools, 'homework', 'judge.js');
const longestGrade = 32 << 20;

/**
 * Grades one submission. Whatever it does, there is a grade: 0 for what does not hold. It is judged in
 * a process of its own with limits; if that ends, the submission has nothing.
 *
 * @param assignment with its hidden tests
 * @param released the notebook that was handed out
 * @param file what was handed in
 * @param options `hidden: false` leaves out what is looked at only when homework is graded;
 *   `earlier` are texts of cells that were handed out before
 */
export async function gradeSubmission(
  assignment: Assignment,
  released: Notebook,
  file: string,
  options: { seed: number; wrapped?: boolean; hidden?: boolean; earlier?: string[] },
): Promise<Graded> {
  const judged = await judge({ assignment, released, file, options, patience, limits });
  if (typeof judged === 'object') return judged;
  const nothing = await judge({ assignment, released, options, patience, limits });
  if (typeof nothing === 'string') throw new Error(`nothing can be judged here: ${nothing}`);
  return { ...nothing, remarks: [`no points, since judging it came to an end: ${plain(judged)}`] };
}

/** @returns the grade, or why there is none */
async function judge(job: object): Promise<Graded | string> {
  const [program, ...args] = limited([process.execPath, '--max-old-space-size=1024', judgeFile]);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const started = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    env: { ...env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const [stdin, , stderr, result] = started.stdio as unknown as [
    Writable,
    null,
    Readable,
    Readable,
  ];
  let said = '';
  let complaints = '';
  stdin.on('error', () => {}); // said by its end
  stdin.end(JSON.stringify(job));
  result.setEncoding('utf8').on('data', (data: string) => {
    said += data;
    if (said.length > longestGrade) started.kill('SIGKILL');
  });
  stderr.on('data', (data: Buffer) => {
    complaints = `${complaints}${data}`.slice(-2000);
  });
  const [code, signal] = await once(started, 'close');
  return code === 0 ? JSON.parse(said) : `${signal ?? code} ${complaints.trim()}`;
}

/**
 * Grades the submissions of a class and keeps what was found out.
 *
 * @param name of the assignment
 * @param options `force` grades again what is unchanged
 */
export async function gradeStudents(
  folder: ClassFolder,
  name: string,
  students: string[],
  {
    force = false,
    wrapped,
    onDone,
  }: {
    force?: boolean;
    wrapped?: boolean;
    onDone?: (student: string, result: Graded) => void;
  } = {},
) {
  folder.requireRelease(name);
  const assignment = readAssignment(folder.source(name));
  const released = JSON.parse(readFileSync(folder.release(name), 'utf8'));
  await twoAtATime(students, async (student) => {
    const known = force ? undefined : folder.result(name, student);
    const start = performance.now();
    const key = folder.key(name, student); // not later: it may be replaced meanwhile
    const result =
      known ??
      (await gradeSubmission(assignment, released, folder.submitted(name, student), {
        seed: folder.seed,
        wrapped,
        earlier: folder.handedOut(name),
      }));
    if (!known) {
      const seconds = (performance.now() - start) / 1000;
      folder.keep(name, student, { key, ...result, seconds });
    }
    onDone?.(student, result);
  });
}

export async function twoAtATime<T>(jobs: T[], work: (job: T) => Promise<void>) {
  const rest = [...jobs];
  const worker = async () => {
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) await work(job);
  };
  await Promise.all([worker(), worker()]);
}
