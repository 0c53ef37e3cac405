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

/** What is wrong with a number that should be near another; undefined if nothing is. */
export function near(
  what: string,
  actual: unknown,
  expected: number,
  tolerance = 1e-3,
): string | undefined {
  if (typeof actual !== 'number') return `${what} should be a number, but is ${describe(actual)}`;
  if (Number.isNaN(actual)) return `${what} is NaN`;
  if (Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected))) return undefined;
  return `${what} is ${round(actual)}`;
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
