/** What an assistant does: hand out, grade, give back; `collect.ts` takes what was handed in. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { openLab } from '../commands/start.ts';
import { joined, type Notebook } from '../notebooks/nbformat.ts';
import { SetupError } from '../setup/errors.mjs';
import { root } from '../setup/paths.mjs';
import { readAssignment } from './assignment.ts';
import { allHomework, ClassFolder, type Entry, homeworkOf } from './class-folder.ts';
import { gradesFor, gradesText } from './export.ts';
import { gradeStudents } from './grade.ts';
import { sandboxed } from './sandbox.ts';
import { tableText } from './table.ts';

interface Options {
  student?: string;
  force?: boolean;
  due?: string;
  lms?: string;
  column?: string;
  worksheet?: string;
  roster?: string;
}

export async function release(folder: ClassFolder, numbers: string[], { due }: Options) {
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

export async function grade(folder: ClassFolder, [number]: string[], { student, force }: Options) {
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

const reportFile = (folder: ClassFolder, name: string) => folder.path('reports', `${name}.csv`);

/**
 * Writes what the grade book says of everybody who has handed in something, and what was remarked.
 */
function report(folder: ClassFolder, name: string, entries: Entry[]) {
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
    ({ checkId }) => graded.find((one) => one.checkId === checkId)?.exercise ?? checkId,
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

export async function feedback(folder: ClassFolder, [number]: string[], { student }: Options) {
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

/** nbgrader's page loads MathJax from a network. KaTeX, written into the page, takes its place. */
function offline(page: string) {
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

async function exportGrades(
  folder: ClassFolder,
  [number]: string[],
  { lms, column, worksheet, roster }: Options,
) {
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

/** @param words behind `--`, for JupyterLab */
export async function formgrader(folder: ClassFolder, words: string[]) {
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

export async function renew(numbers: string[], { force }: Options) {
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

export function hasAnswers(file: string) {
  if (!existsSync(file)) return false;
  const notebook: Notebook = JSON.parse(readFileSync(file, 'utf8'));
  return notebook.cells.some(
    ({ metadata, source }) =>
      metadata.nbgrader?.solution && !joined(source).includes('YOUR CODE HERE'),
  );
}
