/** Grades as tables: nbgrader's, and those that learning platforms import. */
import { existsSync } from 'node:fs';
import { SetupError } from '../setup/errors.mjs';
import type { ClassFolder, Entry } from './class-folder.ts';
import { personOf } from './lms.ts';
import type { Person } from './roster.ts';
import { readTable, tableText } from './table.ts';

/** @returns with the columns of nbgrader's export */
export const gradesText = (entries: Entry[], due: Record<string, string>): string =>
  tableText(
    [
      ...['assignment', 'duedate', 'timestamp', 'student_id', 'last_name', 'first_name', 'email'],
      ...['raw_score', 'late_submission_penalty', 'score', 'max_score'],
    ],
    entries.map((one) => [
      ...[one.assignment, due[one.assignment] ?? '', one.timestamp, one.student],
      ...[one.last, one.first, one.email, one.raw, one.penalty, one.score, one.of],
    ]),
  );

/** What both platforms take: no more than two decimals. */
const scoreOf = (entry: Entry | undefined) =>
  entry?.submitted ? String(Math.round(100 * entry.score) / 100) : '';

/** @returns texts by file */
export function gradesFor(
  lms: string,
  folder: ClassFolder,
  entries: Entry[],
  { column, worksheet }: { column?: string; worksheet?: string },
): Record<string, string> {
  if (lms !== 'moodle' && lms !== 'canvas')
    throw new SetupError(`--lms is moodle or canvas, and not ${lms}.`);
  const names = [...new Set(entries.map(({ assignment }) => assignment))];
  if (names.length !== 1 && (column || worksheet))
    throw new SetupError('--column and --worksheet are for one homework: say which, export 08.');
  if (worksheet) {
    if (lms !== 'moodle') throw new SetupError('--worksheet is Moodle’s grading worksheet.');
    return { [`worksheet-${names[0]}.csv`]: filled(worksheet, folder, entries) };
  }
  const roster = folder.roster();
  const people = roster.length > 0 ? roster : [...new Map(entries.map(asPerson)).values()];
  const strangers = entries.filter(
    ({ student, submitted }) => submitted && !people.some(({ id }) => id === student),
  );
  for (const { student, assignment, score, of } of strangers)
    console.log(`not in the roster, and left out: ${student}, ${score} of ${of} for ${assignment}`);
  const titles = names.map((name) => column ?? name);
  const scores = ({ id }: Person) =>
    names.map((name) =>
      scoreOf(entries.find(({ assignment, student }) => assignment === name && student === id)),
    );
  if (lms === 'moodle') {
    const head = ['First name', 'Last name', 'ID number', 'Email address', ...titles];
    const rows = people.map((one) => [one.first, one.last, one.id, one.email, ...scores(one)]);
    return { 'grades-moodle.csv': tableText(head, rows) };
  }
  const points = names.map((name) => entries.find(({ assignment }) => assignment === name)?.of);
  /** @returns their number in Canvas */
  const number = ({ id, canvas }: Person): string =>
    canvas || names.map((name) => folder.collected(name)[id]?.number).find(Boolean) || '';
  return {
    'grades-canvas.csv': tableText(
      ['Student', 'ID', 'SIS User ID', 'SIS Login ID', 'Section', ...titles],
      [
        ['    Points Possible', '', '', '', '', ...points],
        ...people.map((one) => [
          [one.last, one.first].filter(Boolean).join(', ') || one.id,
          ...[number(one), one.id, one.login || one.email, one.section, ...scores(one)],
        ]),
      ],
    ),
  };
}

const asPerson = ({ student, first, last, email }: Entry): [string, Person] => [
  student,
  { id: student, first, last, email, canvas: '', login: '', section: '' },
];

/**
 * Moodle's own worksheet with the grades in it. All else stays as it is.
 * @param entries of one assignment
 */
function filled(file: string, folder: ClassFolder, entries: Entry[]) {
  if (!existsSync(file)) throw new SetupError(`There is no file ${file}.`);
  const { head, rows } = readTable(file);
  if (!['Identifier', 'Grade'].every((column) => head.includes(column)))
    throw new SetupError(
      `${file} is not Moodle’s grading worksheet in English: it lacks the columns Identifier and Grade.`,
    );
  const roster = folder.roster();
  const collected = folder.collected(entries[0].assignment);
  for (const row of rows) {
    const number = row.Identifier.replace(/\D/g, '');
    const emails = new Map([[number, row['Email address'] ?? '']]);
    const student =
      Object.keys(collected).find((one) => collected[one].number === number) ??
      personOf({ name: row['Full name'] ?? '', number }, roster, emails);
    const score = scoreOf(entries.find((one) => one.student === student));
    if (score !== '') row.Grade = score;
  }
  return tableText(head, rows, false);
}
