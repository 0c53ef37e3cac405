/** Homework: exercises that check themselves in the notebook, and give points when graded. */
import type { Figure } from '../plots/figure';
import { type Random, random } from '../tensors/random';
import { taped } from '../tensors/taped';
import { tf } from '../tensors/tf';
import { failed, looked, type Outcome, report } from './check';
import { show } from './show';

/** The answer to an exercise: one or more functions, by name. */
export type Answers = Record<string, (...input: any[]) => unknown>;

/** An answer as behaviours call it: it gets copies, runs elsewhere when graded, and is awaited. */
export interface Called<F extends Answers[string]> {
  (...input: Parameters<F>): Promise<Awaited<ReturnType<F>>>;
  /** `gradientsOf` this answer. */
  gradients(input: Parameters<F>, upstream: tf.Tensor, part?: string): Promise<tf.Tensor[]>;
}

/** One thing that an answer must do, and what it is worth. */
export interface PointedBehaviour<A extends Answers> {
  /** What the answer does: 'gives every row sum 1'. */
  does: string;
  points: number;
  /**
   * Looks at the answer: nothing if it holds; otherwise what is wrong, in words that lead on
   * without giving the solution.
   *
   * @param next random numbers to draw input from: other ones when homework is graded
   */
  look: (
    answers: { [Name in keyof A]: Called<A[Name]> },
    next: Random,
  ) => Promise<string | undefined>;
  /**
   * True of a look that compares with the right numbers, drawn from `next`. The visible ones are
   * the gate: before they hold, nothing else counts of the answers that they look at. So there is
   * one for each answer, and what they are worth with the hidden ones is half of the exercise.
   */
  values?: boolean;
  /** True of what is looked at only when homework is graded. */
  hidden?: boolean;
}

/** An exercise of a homework. */
export interface HomeworkExercise<A extends Answers> {
  /** As in the text: 'H8.2'. */
  exercise: string;
  /** Of all behaviours, those included that are looked at only when homework is graded. */
  points: number;
  answers: A;
  behaviours: PointedBehaviour<A>[];
}

/** How a behaviour came out, and what that is worth. */
export interface JudgedBehaviour extends Outcome {
  points: number;
  hidden: boolean;
  /** The answers that were looked at. */
  lookedAt: string[];
  /** False if the values of one of these answers are wrong. */
  counts: boolean;
}

/** What was found out about an exercise. */
export interface HomeworkVerdict {
  exercise: string;
  /** Of the behaviours that hold and count. */
  points: number;
  /** Of all behaviours that were looked at. */
  of: number;
  outcomes: JudgedBehaviour[];
}

/**
 * Looks at every behaviour of an exercise. Nothing that an answer does makes this reject.
 *
 * @param seed of the random numbers; each behaviour begins anew
 */
export async function judgeHomework<A extends Answers>(
  { exercise, answers, behaviours }: HomeworkExercise<A>,
  seed = 1,
): Promise<HomeworkVerdict> {
  const called = Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [name, calledHere(answer)]),
  ) as { [Name in keyof A]: Called<A[Name]> };
  const outcomes: JudgedBehaviour[] = [];
  for (const { does, points, look, hidden = false } of behaviours) {
    const lookedAt = new Set<string>();
    const watched = new Proxy(called, {
      get: (all, name: string) => {
        lookedAt.add(name);
        return all[name];
      },
    });
    const outcome = await inTurn(async () => {
      tf.engine().startScope();
      try {
        return looked(does, await look(watched, random(seed)));
      } catch (error) {
        return failed(does, error);
      } finally {
        tf.engine().endScope();
      }
    });
    outcomes.push({ ...outcome, points, hidden, lookedAt: [...lookedAt], counts: true });
  }
  const isGate = (i: number) => Boolean(behaviours[i].values) && !outcomes[i].hidden;
  const closed = new Set(
    outcomes.flatMap(({ mark, lookedAt }, i) => (isGate(i) && mark !== '✓' ? lookedAt : [])),
  );
  for (const [i, outcome] of outcomes.entries()) {
    outcome.counts = isGate(i) || !outcome.lookedAt.some((name) => closed.has(name));
    if (outcome.mark === '✓' && !outcome.counts)
      outcome.line += ' (counts once the values are right)';
  }
  const sum = (list: { points: number }[]) => list.reduce((all, { points }) => all + points, 0);
  const held = outcomes.filter(({ mark, counts }) => mark === '✓' && counts);
  return { exercise, points: sum(held), of: sum(outcomes), outcomes };
}

let last: Promise<unknown> = Promise.resolve();

/** One after another: TensorFlow.js has one scope at a time, whoever began it. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}

/** Judges an exercise and prints what holds, what does not, and why: what a check cell calls. */
export async function homework<A extends Answers>(exercise: HomeworkExercise<A>): Promise<void> {
  const { outcomes, points, of } = await judgeHomework(exercise);
  const later = exercise.points - of;
  const waits = outcomes.some(({ mark }) => mark === '○');
  const where =
    '  Your answer belongs where YOUR CODE HERE stands: write it there, and run that cell.';
  const lines = [
    ...report(`Exercise ${exercise.exercise}`, outcomes),
    ...(waits ? [where] : []),
    `  ${points} of ${of} points${later > 0 ? `; ${later} more when it is graded` : ''}`,
  ];
  console.log(lines.join('\n'));
}

/** Shows the figure that is made with an answer; while there is none, says so. */
export async function showAnswer(make: () => Figure | Promise<Figure>): Promise<void> {
  try {
    show(await make());
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (said === 'not implemented') console.log('The figure waits for your answer.');
    else console.log(`There is no figure yet: your code threw "${said}".`);
  }
}

/**
 * The gradients of `sum(f(…input) · upstream)` by those inputs that are tensors, as the operations
 * of `f` give them.
 *
 * @param f returns a tensor, or an object with a tensor named `part`
 * @param upstream of the shape of that tensor
 */
export function gradientsOf(
  f: (...input: never[]) => unknown,
  input: unknown[],
  upstream: tf.Tensor,
  part?: string,
): tf.Tensor[] {
  const places = input.flatMap((value, i) => (value instanceof tf.Tensor ? [i] : []));
  const loss = (...tensors: tf.Tensor[]) => {
    const filled = [...input];
    for (const [i, place] of places.entries()) filled[place] = tensors[i];
    const result = f(...(filled as never[]));
    const value = part ? (result as Record<string, tf.Tensor>)[part] : (result as tf.Tensor);
    return tf.sum(tf.mul(value, upstream));
  };
  return taped(() => tf.grads(loss)(places.map((place) => input[place] as tf.Tensor)));
}

/** What an answer says when it refuses its input; '' if it takes it. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return '';
  } catch (error) {
    const said = (error as Error).message;
    if (said === 'not implemented') throw error;
    return said;
  }
}

function calledHere<F extends Answers[string]>(answer: F): Called<F> {
  if ('gradients' in answer) return answer as unknown as Called<F>; // it runs elsewhere
  const call = asElsewhere(async (...input: unknown[]) => answer(...copied(input)));
  const gradients = asElsewhere(async (input: unknown[], upstream: tf.Tensor, part?: string) =>
    gradientsOf(answer, copied(input), upstream, part),
  );
  return Object.assign(call, { gradients }) as Called<F>;
}

/** Results and errors as they come from the process of a submission: lists, and errors. */
function asElsewhere<Input extends unknown[]>(call: (...input: Input) => Promise<unknown>) {
  return async (...input: Input): Promise<unknown> => {
    try {
      return listed(await call(...input));
    } catch (thrown) {
      throw thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  };
}

/** Typed arrays as lists; tensors stay. */
function listed(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array);
  if (Array.isArray(value)) return value.map(listed);
  if (value === null || typeof value !== 'object' || value instanceof tf.Tensor) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, listed(one)]));
}

/** Tensors and plain data, copied: an answer may change or dispose of what it gets. */
function copied(input: unknown[]): unknown[] {
  return input.map((value) => {
    if (value instanceof tf.Tensor) return value.clone();
    if (Array.isArray(value)) return copied(value);
    if (value === null || typeof value !== 'object') return value;
    const values = copied(Object.values(value));
    return Object.fromEntries(Object.keys(value).map((name, i) => [name, values[i]]));
  });
}
