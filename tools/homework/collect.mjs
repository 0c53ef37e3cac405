// @ts-check
/** Takes what was handed in: notebooks, folders and zip files, the last one of each student. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { root, venvPython } from '../setup/paths.mjs';
import { run } from '../setup/process.mjs';
import { homeworkOf, isFile } from './class-folder.mjs';
import { plain } from './codec.mjs';

/** @typedef {{ student: string, file: string, time: number }} HandedIn */

/**
 * @param {import('./class-folder.mjs').ClassFolder} folder
 * @param {string[]} words the number of the assignment, and where the notebooks are
 * @param {{ force?: boolean }} options `force` takes what is older than what is there, too
 */
export async function collect(folder, [number, inbox], { force }) {
  const { name } = homeworkOf(number);
  folder.requireRelease(name);
  if (!inbox || !existsSync(inbox)) {
    throw new SetupError(
      `Collect from where? \`npm run homework -- collect ${name.slice(0, 2)} FOLDER\` takes a folder of ` +
        'notebooks: student.ipynb, student_anything.ipynb or student/anything.ipynb, or zip files of them.',
    );
  }
  const archive = folder.path('downloaded', name, 'archive');
  rmSync(archive, { recursive: true, force: true });
  const unpacked = mkdtempSync(join(tmpdir(), 'homework-'));
  try {
    const found = handedIn(inbox);
    for (const [i, zip] of found.zips.entries()) {
      const target = join(unpacked, String(i));
      for (const line of await unzip(zip, target)) found.ignored.push(`${zip}: ${line}`);
      const inside = handedIn(target);
      found.files.push(...inside.files);
      found.ignored.push(...inside.ignored.map((path) => `${zip}: ${basename(path)}`));
    }
    const kept = copyNewer(folder, name, newest(found.files), archive, force);
    const students = await handToNbgrader(folder, name, archive);
    console.log(
      `Collected ${students} of homework ${name}${kept ? `; ${kept} were there already` : ''}.`,
    );
    for (const file of found.ignored) console.log(`  not taken: ${plain(file)}`);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/**
 * @param {import('./class-folder.mjs').ClassFolder} folder
 * @param {string} name
 * @param {HandedIn[]} files
 * @param {string} archive where the copies go
 * @param {boolean} [force]
 * @returns {number} how many were left, since they are no newer than what is there
 */
function copyNewer(folder, name, files, archive, force) {
  let kept = 0;
  for (const { student, file, time } of files) {
    const old = folder.submitted(name, student);
    if (isFile(old) && !force && statSync(old).mtimeMs > time - 2) {
      kept++;
      continue;
    }
    const copy = join(archive, student, `${name}.ipynb`);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(file, copy);
    utimesSync(copy, time / 1000, time / 1000);
  }
  return kept;
}

/**
 * Hands the copies to nbgrader. Their times stay.
 *
 * @param {import('./class-folder.mjs').ClassFolder} folder
 * @param {string} name
 * @param {string} archive
 * @returns {Promise<number>} how many
 */
async function handToNbgrader(folder, name, archive) {
  const students = existsSync(archive) ? readdirSync(archive) : [];
  if (students.length === 0) return 0;
  await folder.nbgrader('zip_collect', name, '--force');
  for (const student of students) {
    const { mtimeMs } = statSync(join(archive, student, `${name}.ipynb`));
    utimesSync(folder.submitted(name, student), mtimeMs / 1000, mtimeMs / 1000);
  }
  return students.length;
}

/** @param {string} zip @param {string} target @returns {Promise<string[]>} what was left out */
async function unzip(zip, target) {
  /** @type {string[]} */
  const lines = [];
  mkdirSync(target);
  const script = join(root, 'tools', 'homework', 'unzip.py');
  const ran = await run(venvPython, ['-I', script, zip, target], {
    onLine: (line) => lines.push(line),
  });
  if (!ran.ok) throw new SetupError(`${zip} cannot be unpacked:\n\n${ran.tail}`);
  return lines.length > 20 ? [...lines.slice(0, 20), `and ${lines.length - 20} more`] : lines;
}

/** @param {string} inbox @param {string} [student] a folder's name, for what lies in it */
function handedIn(inbox, student) {
  /** @type {{ files: HandedIn[], zips: string[], ignored: string[] }} */
  const found = { files: [], zips: [], ignored: [] };
  const entries = statSync(inbox).isDirectory()
    ? readdirSync(inbox)
        .sort()
        .map((entry) => join(inbox, entry))
    : [inbox];
  for (const path of entries) {
    const name = basename(path);
    if (name.startsWith('.') || name === '__MACOSX') continue;
    if (isFile(path) && extname(path) === '.zip' && !student) found.zips.push(path);
    else if (isFile(path) && extname(path) === '.ipynb') {
      const who = studentId(student ?? name.replace(/\.ipynb$/, '').split('_')[0]);
      if (who) found.files.push({ student: who, file: path, time: statSync(path).mtimeMs });
      else found.ignored.push(path);
    } else if (!isFile(path) && existsSync(path) && statSync(path).isDirectory() && !student) {
      const inside = handedIn(path, name);
      found.files.push(...inside.files);
      found.ignored.push(...inside.ignored);
    } else found.ignored.push(path);
  }
  return found;
}

/** @param {string} name @returns {string} what may be a folder's name and a cell of a spreadsheet */
const studentId = (name) => name.replace(/^[^\p{L}\p{N}]+/u, '').replace(/[^\p{L}\p{N}.@-]/gu, '-');

/** @param {HandedIn[]} files the last one of each student */
function newest(files) {
  const last = new Map();
  for (const one of files)
    if (!(last.get(one.student)?.time > one.time)) last.set(one.student, one);
  return [...last.values()];
}
