// @ts-check
/** What an assistant does: hand out, grade, give back; `collect.mjs` takes what was handed in. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { openLab } from '../commands/start.mjs';
import { SetupError } from '../setup/errors.mjs';
import { root } from '../setup/paths.mjs';
import { allHomework, ClassFolder, homeworkOf } from './class-folder.mjs';
import { gradeStudents } from './grade.mjs';
import { describeSandbox } from './sandbox.mjs';

/** @typedef {{ student?: string, force?: boolean }} Options */

/** @param {ClassFolder} folder @param {string[]} numbers */
export async function release(folder, numbers) {
  for (const number of numbers.length > 0 ? numbers : [undefined]) {
    const { name, source } = homeworkOf(number);
    await folder.handOut(name, source);
    console.log(`${relative('', folder.release(name))} can be handed out.`);
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
  console.log(describeSandbox());
  let done = 0;
  await gradeStudents(folder, name, students, {
    force,
    onDone: (who) => console.log(`[${++done}/${students.length}] ${who}`),
  });
  console.log('The grade book is being written.');
  await folder.nbgrader('autograde', name, '--force', ...(student ? ['--student', student] : []));
  report(folder, name);
}

/** @param {ClassFolder} folder @param {string} name */
function report(folder, name) {
  const rows = folder.students(name).flatMap((student) => {
    const result = folder.result(name, student);
    return result ? [{ student, ...result }] : [];
  });
  const [first] = rows;
  const columns = first.exercises.map((/** @type {any} */ { exercise }) => exercise);
  const cell = (/** @type {unknown} */ text) => `"${String(text).replaceAll('"', '""')}"`;
  const csv = [
    ['student', 'points', 'of', ...columns, 'remarks'],
    ...rows.map(({ student, points, of, exercises, remarks }) => [
      student,
      points,
      of,
      ...exercises.map((/** @type {any} */ one) => one.points),
      remarks.join('; '),
    ]),
  ];
  mkdirSync(folder.path('reports'), { recursive: true });
  const file = folder.path('reports', `${name}.csv`);
  writeFileSync(
    file,
    csv
      .map((row) => row.map(cell).join(','))
      .join('\n')
      .concat('\n'),
  );
  const width = Math.max(...rows.map(({ student }) => student.length));
  for (const { student, points, of, remarks } of rows) {
    console.log(`${student.padEnd(width)}  ${String(points).padStart(4)} of ${of}`);
    for (const remark of remarks) console.log(`${' '.repeat(width + 2)}${remark}`);
  }
  console.log(`\n${relative('', file)}; \`npm run homework -- formgrader\` shows the grade book.`);
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
    if (existsSync(page)) writeFileSync(page, offline(readFileSync(page, 'utf8')));
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

/** @param {ClassFolder} folder */
async function exportGrades(folder) {
  await folder.nbgrader('export');
  console.log(relative('', folder.path('grades.csv')));
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
