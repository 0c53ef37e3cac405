/** What was handed in, as Moodle, Canvas and people pack it: nothing is lost, nobody is taken for another. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ClassFolder, homeworkOf } from '../../tools/homework/class-folder';
import { collect } from '../../tools/homework/collect';
import { readRoster } from '../../tools/homework/roster';
import { venvPython } from '../../tools/setup/paths.mjs';
import { zipped } from './fixture';

const { name, handout } = homeworkOf('00');
const other = readFileSync(homeworkOf('02').handout, 'utf8');
const released = readFileSync(handout, 'utf8');
const folder = new ClassFolder(mkdtempSync(join(tmpdir(), 'class-')));
const inbox = mkdtempSync(join(tmpdir(), 'inbox-'));
let said: string[] = [];

/** A notebook that says whose it is. */
const by = (who: string) =>
  JSON.stringify({ ...JSON.parse(released), metadata: { who, kernelspec: { name: 'tslab' } } });
const whose = (student: string) => {
  const text = readFileSync(folder.submitted(name, student), 'utf8');
  return text.startsWith('{') ? (JSON.parse(text).metadata?.who ?? 'something else') : text;
};
const all = () => Object.fromEntries(folder.students(name).map((one) => [one, whose(one)]));
const timeOf = (student: string) => {
  const file = join(dirname(folder.submitted(name, student)), 'timestamp.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
};

/** Puts files somewhere, and collects them from there. */
async function collected(
  files: Record<string, string | Buffer>,
  options: Parameters<typeof collect>[2] & { people?: string; listing?: string } = {},
) {
  const place = mkdtempSync(join(inbox, 'some-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), content);
  }
  const { people, listing, ...rest } = options;
  const table = (text: string | undefined, file: string) => {
    if (text !== undefined) writeFileSync(join(inbox, file), text);
    return text === undefined ? undefined : join(inbox, file);
  };
  const roster = table(people, 'people.csv');
  const times = table(listing, 'listing.csv');
  const paths = Object.keys(files);
  const from = paths.length === 1 && paths[0].endsWith('.zip') ? join(place, paths[0]) : place;
  await collect(folder, ['00', from], { ...rest, roster, times });
}

const people = `id,name,email
al,Ada Lovelace,ada@uni.example
ob,"O'Brien, Ann",ann@uni.example
zm,Zoë Müller,zoe@uni.example
n1,Jan Novák,jan1@uni.example
n2,Jan Novák,jan2@uni.example
kw,Karl Weierstraß,karl@uni.example
bb,Bea Bauer,bea@uni.example
cc,Cem Can,cem@uni.example
4711,Not Ada,not@uni.example
`;

beforeAll(async () => {
  await folder.handOut(name, homeworkOf('00').source);
}, 300_000);
beforeEach(() => {
  said = [];
  vi.spyOn(console, 'log').mockImplementation((line) => said.push(String(line)));
  rmSync(folder.path('submitted'), { recursive: true, force: true });
  rmSync(folder.path('roster.csv'), { force: true });
});
afterAll(() => {
  for (const one of [folder.folder, inbox]) rmSync(one, { recursive: true, force: true });
});

const moodle = (time?: string, ada = 'Ada') => ({
  'K1-Homework 0-99.zip': zipped(
    {
      'Ada Lovelace_4711_assignsubmission_file/homework.ipynb': by(ada),
      'Ada Lovelace_4711_assignsubmission_onlinetext/onlinetext.html': '<p>see file</p>',
      'Ann OBrien_4712_assignsubmission_file/part/work.ipynb': by('Ann'),
      'Zoë Müller_4713_assignsubmission_file_/all.zip': zipped({
        'mine/homework.ipynb': by('Zoë'),
        '__MACOSX/mine/._homework.ipynb': 'x',
      }),
      'Weierstraß Karl_4714_assignsubmission_file/all.zip': zipped({
        'mine/homework.ipynb': by('Karl'),
      }),
      'Jan Novák_4715_assignsubmission_file/homework.ipynb': by('Jan 1'),
      'Jan Novák_4716_assignsubmission_file/homework.ipynb': by('Jan 2'),
      'Bea Bauer_4717_assignsubmission_file/02-homework.ipynb': other,
      'Bea Bauer_4717_assignsubmission_file/00-homework.ipynb': by('Bea'),
      'Cem Can_4718_assignsubmission_file/broken.zip': zipped({ 'a.ipynb': by('Cem') }).subarray(
        0,
        3000,
      ),
      'Who Else_4719_assignsubmission_file_Ada Lovelace_4711_assignsubmission_file_x.ipynb':
        by('Who'),
    },
    time,
  ),
});
const worksheet = `Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed","Last modified (submission)","Last modified (grade)"
"Participant 4711","Ada Lovelace",ada@uni.example,"Submitted for grading",,32.00,Yes,"Friday, 20 November 2026, 9:15 AM",-
"Participant 4715","Jan Novák",jan2@uni.example,"Submitted for grading",,32.00,Yes,"Saturday, 21 November 2026, 11:05 PM",-
"Participant 4716","Jan Novák",jan1@uni.example,"Submitted for grading",,32.00,Yes,"whenever",-
"Participant 4718","Cem Can",cem@uni.example,"No submission",,32.00,Yes,-,-
`;

test('from Moodle: folders, archives in them, one broken, one with two notebooks', async () => {
  await collected(moodle(), { from: 'moodle', people });
  expect(all()).toEqual({
    al: 'Ada',
    ob: 'Ann',
    zm: 'Zoë',
    kw: 'Karl',
    bb: 'Bea',
    'Jan-Novák-4715': 'Jan 1',
    'Jan-Novák-4716': 'Jan 2',
    'Who-Else': 'Who',
  });
  const text = said.join('\n');
  expect(said[0]).toBe(`Collected 8 of homework ${name}.`);
  expect(text).toMatch(/not taken: .*onlinetext.html: not a notebook/);
  expect(text).toMatch(/not taken: .*Cem Can_4718_assignsubmission_file\/broken.zip: .*not a zip/i);
  expect(text).toMatch(/bb: 2 notebooks, of which .*00-homework.ipynb is taken/);
  expect(text).toMatch(/Who Else \(not in the roster\) is Who-Else here/);
  expect(text).toMatch(/Jan Novák \(not in the roster\) is Jan-Novák-4716 here/);
  expect(timeOf('al')).toBeUndefined(); // what an archive says is when it was made
  expect(folder.collected(name).al.number).toBe('4711');
}, 300_000);

test('from Moodle with its grading worksheet: who of two, and when', async () => {
  await collected(moodle(), { from: 'moodle', people, listing: worksheet });
  expect(all()).toMatchObject({ n2: 'Jan 1', n1: 'Jan 2' });
  expect(timeOf('al')).toBe(new Date('2026-11-20T09:15').toISOString());
  expect(timeOf('n2')).toBe(new Date('2026-11-21T23:05').toISOString());
  expect(timeOf('ob')).toBeUndefined();
  expect(said.join()).toMatch(/"whenever" is not understood as a time/);
}, 300_000);

test('what is handed in again replaces, and what is older does not', async () => {
  const again = { from: 'moodle', people };
  await collected(moodle('2026-11-20T10:00', 'first'), again);
  await collected(moodle('2026-11-22T10:00', 'second'), again);
  expect(whose('al')).toBe('second');
  expect(said).toContain(`Collected 1 of homework ${name}; 7 were there already.`);
  await collected(moodle('2026-11-21T10:00', 'between'), again);
  expect(whose('al')).toBe('second');
  await collected(moodle('2026-11-21T10:00', 'between'), { ...again, force: true });
  expect(whose('al')).toBe('between');
  // Another assignment's notebook, by mistake, is not taken for a newer one.
  const mistake = { 'Ada Lovelace_9_assignsubmission_file/x.ipynb': other };
  await collected({ 'late.zip': zipped(mistake, '2026-11-23T10:00') }, again);
  expect(whose('al')).toBe('between');
  expect(said.join()).toMatch(/x.ipynb: of something else, and al has one/);
}, 300_000);

const canvasPeople = `Student,ID,SIS User ID,SIS Login ID,Section,Homework 0 (77),Final Score
    Points Possible,,,,,32,(read only)
"Lovelace, Ada",1001,s-al,ada,A,,
"de la Cruz, Ana María",1002,s-ac,ana,A,,
"O'Brien, Ann",1003,s-ob,ann,B,,
"Student, Test",1009,,,,,
`;

test('from Canvas: LATE, numbers of files, archives, somebody who is not in the roster', async () => {
  await folder.nbgrader('db', 'assignment', 'add', name, '--duedate=2026-11-19T23:59:00Z');
  const files = {
    'submissions.zip': zipped({
      'lovelaceada_LATE_1001_2003_homework-2.ipynb': by('Ada, the third'),
      'lovelaceada_LATE_1001_2001_homework.ipynb': by('Ada, the first'),
      'delacruzanamaría_1002_2004_work.zip': zipped({ 'homework.ipynb': by('Ana') }),
      'obrienann_1003_2005_00_12_34_notes.ipynb': by('Ann'),
      'guestsome_1004_2006_homework.ipynb': by('Guest'),
      'obrienann_1003_2007_text.html': 'x',
    }),
  };
  await collected(files, { from: 'canvas', people: canvasPeople });
  expect(all()).toEqual({
    's-al': 'Ada, the third',
    's-ac': 'Ana',
    's-ob': 'Ann',
    guestsome: 'Guest',
  });
  expect(timeOf('s-al')).toBe('2026-11-19T23:59:01.000Z');
  expect(timeOf('s-ac')).toBeUndefined();
  expect(folder.roster().map(({ id, canvas, section }) => [id, canvas, section])).toEqual([
    ['s-al', '1001', 'A'],
    ['s-ac', '1002', 'A'],
    ['s-ob', '1003', 'B'],
  ]);
  const listing = 'user_id,submitted_at\n1001,2026-11-20T08:00:00Z\n1002,2026-11-19T08:00:00Z\n';
  await collected(files, { from: 'canvas', listing });
  expect(timeOf('s-al')).toBe('2026-11-20T08:00:00.000Z');
  expect(timeOf('s-ac')).toBe('2026-11-19T08:00:00.000Z');
}, 300_000);

test('from folders: archives with the same inside, names with and without a roster', async () => {
  const files = {
    'ada.zip': zipped({ 'homework.ipynb': by('Ada') }),
    'ben.zip': zipped({ 'homework.ipynb': by('Ben') }),
    'late.zip': zipped({ 'cem/anything.ipynb': by('Cem') }),
    'dora_2026-11-21-10-30-00.ipynb': by('Dora'), // so she says
    '=eve.ipynb': 'not a notebook',
    'section B/zoë_müller_final.ipynb': by('Zoë'),
    'notes.txt': 'x',
  };
  await collected(files);
  expect(all()).toEqual({
    ada: 'Ada',
    ben: 'Ben',
    cem: 'Cem',
    dora: 'Dora',
    eve: 'not a notebook',
    'section-B': 'Zoë',
  });
  expect(timeOf('dora')).toBeUndefined();
  expect(said.join('\n')).toMatch(/not taken: .*notes.txt/);
  await collected(files, { people, listing: 'id,time\ndora,2026-11-21 10:30\n' });
  expect(whose('zm')).toBe('Zoë');
  expect(timeOf('dora')).toBe(new Date('2026-11-21T10:30').toISOString());
}, 300_000);

test('of an archive, only so much is unpacked', async () => {
  const bomb = join(inbox, 'bomb.zip');
  const make = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as files:
    files.writestr('ada/a.ipynb', '{}')
    files.writestr('ben/large.ipynb', bytes(100 << 20))
    files.writestr('/'.join('abcdefghijk') + '.ipynb', '{}')
    files.writestr('../../outside.ipynb', '{}')
    with files.open('cem/inner.zip', 'w') as inner, zipfile.ZipFile(inner, 'w', zipfile.ZIP_DEFLATED) as many:
        for i in range(8):
            many.writestr(f'{i}.ipynb', bytes(60 << 20))`;
  execFileSync(venvPython, ['-I', '-c', make, bomb]);
  await collect(folder, ['00', bomb], {});
  expect(Object.keys(all())).toEqual(['ada', 'cem']);
  const text = said.join('\n');
  expect(text).toMatch(/large.ipynb: 104857600 bytes are too many/);
  expect(text).toMatch(/k.ipynb: too many files or folders/);
  expect(text).toMatch(/inner.zip: 4.ipynb: 62914560 bytes are too many/);
  expect(text).toMatch(/outside.ipynb: a name that leads out of the archive/);
}, 300_000);

test('a roster may come from any spreadsheet', () => {
  const file = join(inbox, 'sheet.csv');
  const read = (bytes: Buffer) => {
    writeFileSync(file, bytes);
    return readRoster(file).map(({ id, first, last, email }) => [id, first, last, email]);
  };
  const text = 'First name;Surname;ID number;Email address\r\nZoë;Müller;42;zoe@uni.example\r\n';
  const zoe = [['42', 'Zoë', 'Müller', 'zoe@uni.example']];
  expect(read(Buffer.from(text, 'latin1'))).toEqual(zoe);
  expect(read(Buffer.from(`\ufeff${text}`))).toEqual(zoe);
});

test('a roster that is none is refused, and so is a platform that nobody knows', async () => {
  await expect(collected({}, { people: 'a,b\n1,2\n' })).rejects.toThrow(/names nobody/);
  await expect(collected({}, { people: 'id,name\nx,A\nx,B\n' })).rejects.toThrow(/has x twice/);
  await expect(collected({}, { from: 'blackboard' })).rejects.toThrow(/folder, moodle or canvas/);
});
