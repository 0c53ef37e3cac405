// @ts-check
/** What an assistant does: hand out, grade, give back; `collect.mjs` takes what was handed in. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { openLab } from '../commands/start.mjs';
import { SetupError } from '../setup/errors.mjs';
import { root } from '../setup/paths.mjs';
import { readAssignment } from './assignment.mjs';
import { allHomework, ClassFolder, homeworkOf } from './class-folder.mjs';
import { gradesFor, gradesText } from './export.mjs';
import { gradeStudents } from './grade.mjs';
import { sandboxed } from './sandbox.mjs';
import { tableText } from './table.mjs';

/**
 * @typedef {object} Options
 * @property {string} [student]
 * @property {boolean} [force]
 * @property {string} [due]
 * @property {string} [lms]
 * @property {string} [column]
 * @property {string} [worksheet]
 * @property {string} [roster]
 */

/** @param {ClassFolder} folder @param {string[]} numbers @param {Options} options */
export async function release(folder, numbers, { due }) {
  const time = due === undefined ? 0 : Date.parse(due.includes(':') ? due : `${due}T23:59`);
  if (Number.isNaN(time))
    throw new SetupError(`--due ${due} is no time: write 2026-12-24 or "2026-12-24 18:00".`);
  for (const number of numbers.length > 0 ? numbers : [undefined]) {
    const { name, source } = homeworkOf(number);
    await folder.handOut(name, source);
    if (due !== undefined) {
      const duedate = new Date(time).toISOString();
      await folder.nbgrader('db', 'assignment', 'add', name, `--duedate=${duedate}`);
    }
    const until = due === undefined ? '' : `, until ${new Date(time).toLocaleString('en-GB')}`;
    console.log(`${relative('', folder.release(name))} can be handed out${until}.`);
  }
}

/** @param {ClassFolder} folder @param {string[]} words @param {Options} options */
export async function grade(folder, [number], { student, force }) {
  const { name } = homeworkOf(number);
  folder.requireRelease(name);
  const all = folder.students(name);
  const students = student ? all.filter((one) => one === student) : all;
  if (students.length === 0) {
    throw new SetupError(
      student
        ? `${student} has not handed in homework ${name}.`
        : `Nobody has handed in homework ${name} yet: \`npm run homework -- collect ${name.slice(0, 2)} FOLDER\`.`,
    );
  }
  const wrapped = sandboxed();
  let done = 0;
  await gradeStudents(folder, name, students, {
    force,
    wrapped,
    onDone: (who) => console.log(`[${++done}/${students.length}] ${who}`),
  });
  console.log('The grade book is being written.');
  await folder.nbgrader('autograde', name, '--force', ...(student ? ['--student', student] : []));
  for (const who of students) {
    const result = folder.result(name, who);
    if (result && !result.booked) folder.keep(name, who, { ...result, booked: true });
  }
  const rows = report(folder, name, (await folder.book()).entries);
  const width = Math.max(...rows.map((row) => row.student.length));
  for (const row of rows) {
    if (!students.includes(row.student)) continue;
    const notes = [
      ...(row.raw !== row.found ? [`${row.found} were found`] : []),
      ...(row.penalty ? [`${row.penalty} less for being late`] : []),
    ];
    const note = notes.length > 0 ? `  (${notes.join(', ')})` : '';
    console.log(
      `${row.student.padEnd(width)}  ${String(row.score).padStart(4)} of ${row.of}${note}`,
    );
    for (const remark of row.remarks) console.log(`${' '.repeat(width + 2)}${remark}`);
  }
  console.log(
    `\n${relative('', reportFile(folder, name))}; \`npm run homework -- formgrader\` shows the grade book.`,
  );
}

/** @param {ClassFolder} folder @param {string} name */
const reportFile = (folder, name) => folder.path('reports', `${name}.csv`);

/**
 * Writes what the grade book says of everybody who has handed in something, and what was remarked.
 *
 * @param {ClassFolder} folder
 * @param {string} name
 * @param {import('./class-folder.mjs').Entry[]} entries
 */
function report(folder, name, entries) {
  const rows = entries
    .filter(({ assignment, submitted }) => assignment === name && submitted)
    .map((entry) => {
      const {
        points: found,
        remarks = [],
        exercises = [],
      } = folder.result(name, entry.student) ?? {};
      return { ...entry, found, remarks, exercises };
    })
    .sort((a, b) => (a.student < b.student ? -1 : 1));
  const { exercises } = readAssignment(folder.source(name));
  const graded = rows.find((row) => row.exercises.length > 0)?.exercises ?? [];
  const titles = exercises.map(
    ({ checkId }) =>
      graded.find((/** @type {any} */ one) => one.checkId === checkId)?.exercise ?? checkId,
  );
  const head = ['student', 'last name', 'first name', 'email', 'points', 'late', 'score', 'of'];
  const lines = rows.map((row) => [
    ...[row.student, row.last, row.first, row.email, row.raw, row.penalty, row.score, row.of],
    ...exercises.map(({ checkId }) => row.points[checkId] ?? 0),
    row.timestamp,
    row.remarks.join('; '),
  ]);
  const text = tableText([...head, ...titles, 'handed in', 'remarks'], lines);
  folder.write(reportFile(folder, name), text);
  return rows;
}

/** @param {ClassFolder} folder @param {string[]} words @param {Options} options */
export async function feedback(folder, [number], { student }) {
  const { name } = homeworkOf(number);
  await folder.nbgrader(
    'generate_feedback',
    name,
    '--force',
    ...(student ? ['--student', student] : []),
  );
  for (const who of readdirSync(folder.path('feedback'))) {
    const page = folder.path('feedback', who, name, `${name}.html`);
    if (existsSync(page)) folder.write(page, offline(readFileSync(page, 'utf8')));
  }
  console.log(
    `A page for each student: ${relative('', folder.path('feedback'))}/STUDENT/${name}/${name}.html`,
  );
}

/**
 * nbgrader's page loads MathJax from a network. KaTeX, written into the page, takes its place.
 *
 * @param {string} page
 */
function offline(page) {
  const katex = join(root, 'node_modules', 'katex', 'dist');
  const scripts = ['katex.min.js', 'contrib/auto-render.min.js'].map(
    (file) =>
      `<script>${readFileSync(join(katex, file), 'utf8').replaceAll('</script', '<\\/script')}</script>`,
  );
  const render = `<script>addEventListener('DOMContentLoaded', () => renderMathInElement(document.body, {
    output: 'mathml', throwOnError: false,
    delimiters: [{ left: '$$', right: '$$', display: true }, { left: '$', right: '$', display: false }],
  }))</script>`;
  return page.replace(
    /<script src="https:[^"]*mathjax[^>]*>[\s\S]*?<!-- End of mathjax configuration -->/,
    () => [...scripts, render].join('\n'),
  );
}

/** @param {ClassFolder} folder @param {string[]} words @param {Options} options */
async function exportGrades(folder, [number], { lms, column, worksheet, roster }) {
  const only = number ? homeworkOf(number).name : undefined;
  if (roster) await folder.takeRoster(roster);
  const { entries, due } = await folder.book();
  for (const name of new Set(entries.map(({ assignment }) => assignment)))
    if (existsSync(folder.source(name))) report(folder, name, entries);
  const chosen = entries.filter(({ assignment }) => assignment === (only ?? assignment));
  const files = lms
    ? gradesFor(lms, folder, chosen, { column, worksheet })
    : { 'grades.csv': gradesText(chosen, due) };
  for (const [name, text] of Object.entries(files)) {
    folder.write(folder.path(name), text);
    console.log(relative('', folder.path(name)));
  }
}

export { exportGrades as export };

/** @param {ClassFolder} folder @param {string[]} words behind `--`, for JupyterLab */
export async function formgrader(folder, words) {
  console.log('The grade book stands in the Lab’s address with /formgrader in place of /lab.');
  return openLab(
    [
      `--ServerApp.root_dir=${folder.folder}`,
      "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
      ...words,
    ],
    folder.folder,
  );
}

/** @param {string[]} numbers @param {Options} options */
export async function renew(numbers, { force }) {
  const chosen = numbers.length > 0 ? numbers.map(homeworkOf) : allHomework();
  const folder = new ClassFolder(mkdtempSync(join(tmpdir(), 'homework-')));
  try {
    for (const { name, source, handout: target } of chosen) {
      if (!force && hasAnswers(target)) {
        throw new SetupError(
          `${relative('', target)} has answers in it, and would be overwritten. Move it away, or add --force.`,
        );
      }
      await folder.handOut(name, source);
      cpSync(folder.release(name), target);
      console.log(relative('', target));
    }
  } finally {
    rmSync(folder.folder, { recursive: true, force: true });
  }
}

/** @param {string} file */
export function hasAnswers(file) {
  if (!existsSync(file)) return false;
  return JSON.parse(readFileSync(file, 'utf8')).cells.some(
    (/** @type {any} */ { metadata, source }) =>
      metadata.nbgrader?.solution && ![source].flat().join('').includes('YOUR CODE HERE'),
  );
}
