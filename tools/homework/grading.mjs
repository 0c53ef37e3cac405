// @ts-check
/** Grades the submissions of a class, two at a time, and keeps what was found out. */
import { readFileSync } from 'node:fs';
import { readAssignment } from './assignment.mjs';
import { gradeSubmission, twoAtATime } from './grade.mjs';

/**
 * @param {import('./class-folder.mjs').ClassFolder} folder
 * @param {string} name of the assignment
 * @param {string[]} students
 * @param {{ force?: boolean, wrapped?: boolean, onDone?: (student: string, result: any) => void }} [options]
 *   `force` grades again what is unchanged
 */
export async function gradeStudents(
  folder,
  name,
  students,
  { force = false, wrapped, onDone } = {},
) {
  folder.requireRelease(name);
  const assignment = readAssignment(folder.source(name));
  const released = JSON.parse(readFileSync(folder.release(name), 'utf8'));
  await twoAtATime(students, async (student) => {
    const known = force ? undefined : folder.result(name, student);
    const start = performance.now();
    const result =
      known ??
      (await gradeSubmission(assignment, released, folder.submitted(name, student), {
        seed: folder.seed,
        wrapped,
      }));
    if (!known) {
      const seconds = (performance.now() - start) / 1000;
      folder.keep(name, student, { ...result, seconds });
    }
    onDone?.(student, result);
  });
}
