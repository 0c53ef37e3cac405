import { readFileSync } from 'node:fs';
import * as attention from 'attention';
import { judgeHomework, near } from 'attention';
import { describe, expect, test } from 'vitest';
import { type Definition, readAssignment } from '../../tools/homework/assignment';
import { battery } from '../../tools/homework/battery';
import { allHomework } from '../../tools/homework/class-folder';
import { defined, solutions, tryExercise, trySandbox } from '../../tools/homework/trials';
import { executeLesson } from '../../tools/notebooks/run';
import { venvPython } from '../../tools/setup/paths.mjs';
import { chosen } from '../chosen';

const assignments = chosen(allHomework()).map(({ name, room, source, handout }) => ({
  ...readAssignment(source),
  name,
  room,
  source,
  handout,
}));

describe.each(assignments)('homework $name', ({ room, source, handout, ...assignment }) => {
  const { exercises } = assignment;

  test('has at least four exercises, and no solution of something else', () => {
    expect(exercises.length).toBeGreaterThanOrEqual(4);
    const known = exercises.map(({ id }) => id);
    for (const kind of ['right', 'wrong'] as const)
      for (const { id } of solutions(room, kind)) expect(known).toContain(id);
  });

  test.each(exercises)('$id pays for right values, and for nothing else', async (cell) => {
    const { complaints } = await tryExercise(assignment, room, cell);
    expect(complaints).toEqual([]);
  });

  test('runs in the kernel as its author wrote it', async () => {
    const { cells } = await executeLesson(source, venvPython);
    const printed = cells.flatMap(({ outputs = [] }: any) =>
      outputs.flatMap(({ text = '' }) => [text].flat().join('')),
    );
    const done = printed.filter((text: string) => /^Exercise .*, all done\.$/m.test(text));
    expect(done.length, printed.join('\n')).toBe(exercises.length);
  }, 300_000);

  test('gives the right solutions all points in the sandbox, too', async () => {
    const released = JSON.parse(readFileSync(handout, 'utf8'));
    expect(await trySandbox(assignment, room, released)).toEqual([]);
  }, 300_000);

  test('frees every tensor', async () => {
    const found = await defined(assignment);
    for (const { id } of exercises) {
      await judgeHomework(found[id]); // what is kept for the next call is made here
      const before = attention.tf.memory().numTensors;
      await judgeHomework(found[id]);
      expect(attention.tf.memory().numTensors, id).toBe(before);
    }
  });
});

describe('an exercise that pays for form', () => {
  const share = (row: number[]) => row.map((x) => x / row.reduce((a, b) => a + b));
  const sums: attention.PointedBehaviour<{ share: typeof share }> = {
    does: 'sums to 1',
    points: 3,
    look: async ({ share }) =>
      near(
        'the sum',
        (await share([1, 3])).reduce((a, b) => a + b),
        1,
      ),
  };
  const right: typeof sums = {
    does: 'shares as the numbers ask for',
    points: 3,
    values: true,
    look: async ({ share }, next) => {
      const x = next();
      return near('the shares', await share([x, 1]), [x / (x + 1), 1 / (x + 1)]);
    },
  };
  const best = async (...behaviours: (typeof sums)[]) => {
    const definition = { exercise: 'H99.1', points: 6, answers: { share }, behaviours };
    return (await battery(definition as unknown as Definition, 20_261))[0];
  };

  test('is found out, with the answer that gets points and what it gets them for', async () => {
    expect(await best(sums, { ...right, hidden: true })).toEqual({
      way: 'a half everywhere',
      points: 3,
      held: ['sums to 1'],
    });
  });

  test('pays for nothing else as soon as a visible look at values is its gate', async () => {
    expect((await best(sums, right)).points).toBe(0);
  });

  test('and one whose values are always the same pays for looking them up', async () => {
    const fixed: typeof sums = {
      ...right,
      look: async ({ share }) => near('the shares', await share([1, 3]), [0.25, 0.75]),
    };
    expect(await best(sums, fixed)).toMatchObject({
      way: 'the answers to what the notebook asks',
      points: 6,
    });
  });
});
