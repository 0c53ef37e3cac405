import { type Exercise, judge } from 'attention';

/** Marks of the behaviours in order, such as '✓✗○'. */
export function marks<T>(exercise: Exercise<T>, answer?: T): string {
  return judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');
}

/** Whether the answer shows every behaviour. */
export function passes<T>(exercise: Exercise<T>, answer: T): boolean {
  const { passed, of } = judge(exercise, answer);
  return passed === of;
}

/** What stands where the answer is asked for. */
export function stub(): never {
  throw new Error('not implemented');
}
