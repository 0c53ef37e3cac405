import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as attention from 'attention';
import { judgeHomework } from 'attention';
import { describe, expect, test } from 'vitest';
import { type Assignment, definitions, readAssignment } from '../../tools/homework/assignment.mjs';
import { allHomework } from '../../tools/homework/class-folder.mjs';

const assignments = allHomework().map(({ name, room, source }) => ({
  ...readAssignment(source),
  name,
  room,
}));

/** The cell as it is handed out. */
const stub = (solution: string) =>
  solution.replace(
    /^.*BEGIN SOLUTION[\s\S]*?END SOLUTION.*$/gm,
    "throw new Error('not implemented');",
  );

/** Wrong solutions by exercise and by what is wrong: `## exercise`, `### mistake`, a block of code. */
function wrongSolutions(room: string): [id: string, mistake: string, code: string][] {
  const text = readFileSync(join(room, 'wrong.md'), 'utf8');
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const [id, ...mistakes] = part.split(/^### /m);
      return mistakes.map((mistake): [string, string, string] => {
        const [, title, code] = mistake.match(/^(.*)\n+```ts\n([\s\S]*?)^```/m) ?? [];
        return [id.trim(), title, code];
      });
    });
}

async function judged(assignment: Assignment, answers: Record<string, string>, id: string) {
  const code = assignment.exercises.map(({ id, solution }) => answers[id] ?? solution);
  const found = await definitions(assignment, attention, code.join('\n'));
  return judgeHomework(found[id], 20_261);
}

describe.each(assignments)('homework $name', (assignment) => {
  const { room, exercises } = assignment;
  const wrong = wrongSolutions(room);

  test('has at least four exercises, and five wrong solutions of each', () => {
    expect(exercises.length).toBeGreaterThanOrEqual(4);
    for (const { id } of exercises)
      expect(wrong.filter(([of]) => of === id).length, id).toBeGreaterThanOrEqual(5);
    for (const [id] of wrong) expect(exercises.map((exercise) => exercise.id)).toContain(id);
  });

  test.each(exercises)('$id: full marks for the reference solution', async ({ id, points }) => {
    const verdict = await judged(assignment, {}, id);
    expect(verdict.outcomes.filter(({ mark }) => mark !== '✓')).toEqual([]);
    expect([verdict.points, verdict.of]).toEqual([points, points]);
    expect(verdict.outcomes.some(({ hidden }) => hidden)).toBe(true);
  });

  test.each(exercises)('$id: nothing for the stub', async ({ id, solution }) => {
    const verdict = await judged(assignment, { [id]: stub(solution) }, id);
    expect(verdict.points).toBe(0);
  });

  test.each(wrong)('%s, %s: less than full marks', async (id, _, code) => {
    const verdict = await judged(assignment, { [id]: code }, id);
    expect(verdict.points).toBeLessThan(verdict.of);
  });

  test('frees every tensor', async () => {
    const found = await definitions(
      assignment,
      attention,
      exercises.map(({ solution }) => solution).join('\n'),
    );
    for (const { id } of exercises) {
      await judgeHomework(found[id]); // what is kept for the next call is made here
      const before = attention.tf.memory().numTensors;
      await judgeHomework(found[id]);
      expect(attention.tf.memory().numTensors, id).toBe(before);
    }
  });
});
