/** Takes what was handed in: out of folders and archives, the last notebook of each student. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join, relative, sep } from 'node:path';
import { SetupError } from '../setup/errors.mjs';
import { root, venvPython } from '../setup/paths.mjs';
import { run } from '../setup/process.mjs';
import { type ClassFolder, fileHash, homeworkOf, isFile } from './class-folder.ts';
import { plain } from './codec.ts';
import { byFolder, personOf, platforms, readTimes, type Sender, strangerName } from './lms.ts';
import { belongs } from './rebuild.ts';
import { folderName, type Person } from './roster.ts';

interface HandedIn {
  student: string;
  sender: Sender;
  file: string;
  /** Where it was found. */
  said: string;
  /** When it was handed in, or the latest that this can have been. */
  time: number;
  /** What late penalties count from, if that is known. */
  stamp: number | undefined;
  /** Whether it belongs to this assignment, by what is in it. */
  isOurs: boolean;
}

/**
 * @param words the number of the assignment, and where the notebooks are
 * @param options `force` takes what is older than what is there, too
 */
export async function collect(
  folder: ClassFolder,
  [number, inbox]: string[],
  {
    from = 'folder',
    roster,
    times,
    force,
  }: { from?: string; roster?: string; times?: string; force?: boolean },
) {
  const { name } = homeworkOf(number);
  folder.requireRelease(name);
  if (!['folder', ...Object.keys(platforms)].includes(from))
    throw new SetupError(`--from is folder, moodle or canvas, and not ${from}.`);
  if (!inbox || !existsSync(inbox)) {
    throw new SetupError(
      `Collect from where? \`npm run homework -- collect ${name.slice(0, 2)} FOLDER\` takes a folder of ` +
        'notebooks: student.ipynb, student_anything.ipynb or student/anything.ipynb, or zip files of ' +
        'them. `--from moodle` and `--from canvas` take what is downloaded there.',
    );
  }
  if (roster) await folder.takeRoster(roster);
  const unpacked = mkdtempSync(join(tmpdir(), 'homework-'));
  try {
    const { files, lines } = await unpack(inbox, unpacked);
    const found = await senders(files, { folder, name, from, times, lines });
    take(folder, name, found, { force, lines });
    for (const line of lines) console.log(`  ${plain(line)}`);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** Bytes of a file that is looked at at all. */
const largest = 1 << 30;

/** `path` leads to it, through folders and archives. */
type Found = { file: string; path: string[] };

/**
 * @param target for what is in archives
 * @returns notebooks, and what was not taken
 */
async function unpack(inbox: string, target: string): Promise<{ files: Found[]; lines: string[] }> {
  const lines: string[] = [];
  const files: Found[] = [];
  const archives: string[] = [];
  /** @param inside where that is, for who looks at names */
  const walk = (path: string, inside: string[]) => {
    const here = [...inside, basename(path)];
    if (basename(path).startsWith('.') || basename(path) === '__MACOSX') return;
    if (isFile(path) && extname(path).toLowerCase() === '.zip') archives.push(path);
    else if (isFile(path) && statSync(path).size > largest)
      lines.push(`not taken: ${path}: too large`);
    else if (isFile(path) && extname(path).toLowerCase() === '.ipynb')
      files.push({ file: path, path: here });
    else if (!isFile(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory())
      for (const entry of readdirSync(path).sort()) walk(join(path, entry), here);
    else lines.push(`not taken: ${path}`);
  };
  const isFolder = statSync(inbox).isDirectory();
  for (const entry of isFolder ? readdirSync(inbox).sort() : ['']) walk(join(inbox, entry), []);
  const jobs = archives.map((archive, i) => [archive, join(target, String(i))]);
  const list = join(target, 'archives.json');
  writeFileSync(list, JSON.stringify(jobs));
  const script = join(root, 'tools', 'homework', 'unzip.py');
  const ran = await run(venvPython, ['-I', script, list], {
    onLine: (line) => {
      if (!line.startsWith('{')) return;
      const { archive, name, why } = JSON.parse(line);
      lines.push(`not taken: ${[archive, ...(name ? [name] : []), why].join(': ')}`);
    },
  });
  if (!ran.ok) throw new SetupError(`${inbox} cannot be unpacked:\n\n${ran.tail}`);
  for (const [archive, place] of jobs) {
    const outer = relative(inbox, archive).split(sep).filter(Boolean);
    for (const entry of readdirSync(place, { recursive: true, encoding: 'utf8' }).sort())
      if (extname(entry).toLowerCase() === '.ipynb' && isFile(join(place, entry)))
        files.push({ file: join(place, entry), path: [...outer, ...entry.split(sep)] });
  }
  return { files, lines };
}

/** Whose each notebook is, and when it was handed in. */
async function senders(
  files: Found[],
  {
    folder,
    name,
    from,
    times,
    lines,
  }: { folder: ClassFolder; name: string; from: string; times?: string; lines: string[] },
): Promise<HandedIn[]> {
  const roster = folder.roster();
  const listed = times ? readTimes(times, roster) : undefined;
  lines.push(...(listed?.unread ?? []));
  const platform = platforms[from as keyof typeof platforms];
  const known = files.flatMap(({ file, path }) => {
    const sender = platform ? platform(path) : byFolder(path, roster, name);
    const isNamed = sender && folderName(sender.name) !== '';
    if (!isNamed) lines.push(`not taken: ${path.join('/')}`);
    return isNamed ? [{ file, sender, said: path.join('/') }] : [];
  });
  const students = named(known, roster, listed?.emails, lines);
  const due = known.some(({ sender }) => sender.late) ? await folder.dueDate(name) : undefined;
  const released = JSON.parse(readFileSync(folder.release(name), 'utf8'));
  return known.map(({ file, sender, said }, i) => {
    const student = students[i];
    const stamp = listed?.timeOf(sender, student);
    // Canvas says that it came too late, and not how much.
    const late = sender.late && due ? due + 1000 : undefined;
    const time = stamp ?? statSync(file).mtimeMs;
    const isOurs = belongs(file, released);
    return { student, sender, file, said, time, stamp: stamp ?? late, isOurs };
  });
}

/**
 * What each sender is called here. Nobody takes the place of somebody else: who is not in the roster,
 * or cannot be told from another, gets a name of their own, and a line.
 */
function named(
  files: { sender: Sender }[],
  roster: Person[],
  emails: Map<string, string> | undefined,
  lines: string[],
) {
  const sharedBy = (nameOf: (file: { sender: Sender }, i: number) => string | undefined) => {
    const those = new Map<string, Set<string>>();
    for (const [i, one] of files.entries()) {
      const name = nameOf(one, i);
      const source = one.sender.number ?? one.sender.archive;
      if (name && source) those.set(name, (those.get(name) ?? new Set()).add(source));
    }
    return (name: string) => (those.get(name)?.size ?? 0) > 1;
  };
  const people = files.map(({ sender }) => personOf(sender, roster, emails));
  const isPersonShared = sharedBy((_, i) => people[i]);
  const isNameShared = sharedBy(({ sender }) => folderName(sender.name));
  const said = new Set();
  return files.map(({ sender }, i) => {
    const person = people[i];
    if (person && !(sender.number && isPersonShared(person))) return person;
    const isShared = isNameShared(folderName(sender.name));
    const own = strangerName(sender, isShared);
    if ((roster.length > 0 || isShared) && !said.has(own)) {
      const why = person ? `two of them are ${person}` : 'not in the roster';
      lines.push(`${sender.name}${roster.length > 0 ? ` (${why})` : ''} is ${own} here`);
      said.add(own);
    }
    return own;
  });
}

/** @returns below zero if a is the one to take */
function laterFirst(a: HandedIn, b: HandedIn): number {
  const [first, second] = [a, b].map(({ said }) => basename(said, extname(said)));
  const isCopy = Number(second.startsWith(first)) - Number(first.startsWith(second));
  return (
    Number(b.isOurs) - Number(a.isOurs) ||
    b.time - a.time ||
    (b.sender.file ?? 0) - (a.sender.file ?? 0) ||
    isCopy ||
    second.localeCompare(first, 'en', { numeric: true })
  );
}

/** Puts the last notebook of each student where nbgrader looks for it. */
function take(
  folder: ClassFolder,
  name: string,
  files: HandedIn[],
  { force, lines }: { force?: boolean; lines: string[] },
) {
  const collected = folder.collected(name);
  const released = JSON.parse(readFileSync(folder.release(name), 'utf8'));
  let taken = 0;
  let kept = 0;
  for (const student of [...new Set(files.map(({ student }) => student))].sort()) {
    const all = files.filter((one) => one.student === student).sort(laterFirst);
    const [last] = all;
    if (all.length > 1)
      lines.push(`${student}: ${all.length} notebooks, of which ${last.said} is taken`);
    const old = folder.submitted(name, student);
    const isThere = isFile(old);
    const isSame = isThere && fileHash(old) === fileHash(last.file);
    const isOlder = isThere && statSync(old).mtimeMs > last.time - 2000;
    const isOther = isThere && !last.isOurs && belongs(old, released);
    if (isOther) lines.push(`not taken: ${last.said}: of something else, and ${student} has one`);
    if (isThere && !isSame && !force && (isOlder || isOther)) {
      kept++;
      continue;
    }
    if (last.sender.late && last.stamp === undefined)
      lines.push(`${student}: LATE; with a due date (release --due) or --times it counts as that`);
    if (isSame) kept++;
    else taken++;
    folder.take(name, student, { ...last, isSame });
    collected[student] = { name: last.sender.name, number: last.sender.number };
  }
  folder.write(folder.collectedFile(name), JSON.stringify(collected));
  console.log(
    `Collected ${taken} of homework ${name}${kept ? `; ${kept} were there already` : ''}.`,
  );
}
