import { tf } from '../tensors/tf';

/** One thing that an answer must do. Returns nothing if it does, or what is wrong, in words. */
export interface Behaviour<Answer> {
  /** What the answer does: 'gives every row sum 1'. */
  does: string;
  /** Looks at the answer; a text says what is wrong and leads on, without giving the solution. */
  look: (answer: Answer) => string | undefined;
}

/** An exercise that checks itself. */
export interface Exercise<Answer> {
  /** As in the lesson: '2.1'. */
  name: string;
  behaviours: Behaviour<Answer>[];
}

/** What a check found. */
export interface Verdict {
  /** Behaviours that hold, of all. */
  passed: number;
  of: number;
  lines: string[];
}

/** How one behaviour came out. */
export interface Outcome {
  /** `✓` holds, `✗` does not, `○` nothing to look at yet. */
  mark: '✓' | '✗' | '○';
  /** What the behaviour is and, with `✗`, what is wrong. */
  line: string;
}

/**
 * Checks an answer, one behaviour after another: `✓` holds, `✗` does not (and why), `○` nothing
 * to check yet, because the answer is undefined or throws 'not implemented'.
 *
 * Nothing that an answer does makes this throw, so the lesson runs on.
 */
export function judge<Answer>(exercise: Exercise<Answer>, answer: Answer | undefined): Verdict {
  const { name, behaviours } = exercise;
  const outcomes = behaviours.map(({ does, look }) => {
    try {
      if (answer === undefined) return waiting(does);
      return looked(does, look(answer));
    } catch (error) {
      return failed(does, error);
    }
  });
  const passed = outcomes.filter(({ mark }) => mark === '✓').length;
  return { passed, of: outcomes.length, lines: report(`Exercise ${name}`, outcomes) };
}

const waiting = (does: string): Outcome => ({ mark: '○', line: does });

/** The outcome of a look that came to its end. */
export function looked(does: string, wrong: string | undefined): Outcome {
  return wrong ? { mark: '✗', line: `${does}: ${wrong}` } : { mark: '✓', line: does };
}

/** The outcome of a look that threw, as an answer does that waits to be written. */
export function failed(does: string, error: unknown): Outcome {
  const said = error instanceof Error ? error.message : String(error);
  if (said === 'not implemented') return waiting(does);
  return { mark: '✗', line: `${does}: your code threw "${said}"` };
}

/** Outcomes as lines under a head, for a reader. */
export function report(title: string, outcomes: Outcome[]): string[] {
  const passed = outcomes.filter(({ mark }) => mark === '✓').length;
  const head = outcomes.every(({ mark }) => mark === '○')
    ? `${title}: waiting for your answer. It should do this:`
    : `${title}: ${passed} of ${outcomes.length}${passed === outcomes.length ? ', all done.' : ''}`;
  return [head, ...outcomes.map(({ mark, line }) => `  ${mark} ${line}`)];
}

/** `judge`, printed: what a notebook calls under an exercise. */
export function check<Answer>(exercise: Exercise<Answer>, answer?: Answer): void {
  console.log(judge(exercise, answer).lines.join('\n'));
}

/** What `near` compares with: a number, a tensor, `null` for what is not there, or a list of these. */
export type Wanted = number | null | tf.Tensor | readonly Wanted[];

/**
 * What is wrong with a number, a list or a tensor that should be near another: where they first
 * differ and what stands there, never what should; undefined if nothing is.
 *
 * @param tolerance of the right number; of small ones, of 1, or in a list of its largest number
 */
export function near(
  what: string,
  actual: unknown,
  expected: Wanted,
  tolerance = 1e-3,
): string | undefined {
  const wanted = plain(expected) as Wanted;
  const floor = Array.isArray(wanted) ? Math.min(1, largest(wanted) || 1) : 1;
  return difference(what, plain(actual), wanted, tolerance, floor);
}

function difference(
  what: string,
  actual: unknown,
  wanted: Wanted,
  tolerance: number,
  floor: number,
): string | undefined {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual)) return `${what} should be a list, but is ${describe(actual)}`;
    if (actual.length !== wanted.length)
      return `${what} should have ${wanted.length} entries, but has ${actual.length}`;
    for (const [i, one] of wanted.entries()) {
      const found = difference(`${what}[${i}]`, actual[i], one, tolerance, floor);
      if (found) return found;
    }
    return undefined;
  }
  if (wanted === null) return actual === null ? undefined : `${what} is ${describe(actual)}`;
  if (typeof actual !== 'number') return `${what} should be a number, but is ${describe(actual)}`;
  if (Number.isNaN(actual)) return `${what} is NaN`;
  const expected = wanted as number;
  if (Math.abs(actual - expected) <= tolerance * Math.max(floor, Math.abs(expected)))
    return undefined;
  return `${what} is ${round(actual)}`;
}

/** The largest size of a number in a list. */
function largest(list: readonly Wanted[]): number {
  const sizes = list.map((one) => (Array.isArray(one) ? largest(one) : Math.abs(Number(one))));
  return Math.max(0, ...sizes);
}

/** Lists in place of tensors and of typed arrays, however deep they are. */
function plain(value: unknown): unknown {
  if (value instanceof tf.Tensor) return value.arraySync();
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array);
  return Array.isArray(value) ? value.map(plain) : value;
}

/** The letter that an answer chooses: `'b'` of 'b', 'B)' and '(b) because …'; '' if it is none. */
export function letter(answer: unknown): string {
  return /^[^a-z]*([a-z])(?![a-z])/.exec(String(answer).toLowerCase())?.[1] ?? '';
}

/** What is wrong with a list of so many numbers; undefined if nothing is. */
export function numbers(what: string, actual: unknown, count: number): string | undefined {
  if (!Array.isArray(actual)) return `${what} should be a list, but is ${describe(actual)}`;
  if (actual.length !== count)
    return `${what} should have ${count} numbers, but has ${actual.length}`;
  const odd = actual.findIndex((value) => !Number.isFinite(value));
  return odd < 0 ? undefined : `number ${odd + 1} of ${what} is ${describe(actual[odd])}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'number' ? String(value) : `a ${typeof value}`;
}

/** A number as a person would write it: four digits. */
export function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
