/** A class from handing out to feedback, by nbgrader's own commands, and its pages in Chromium. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { allHomework, ClassFolder, homeworkOf } from '../../tools/homework/class-folder';
import { readTable } from '../../tools/homework/table';
import { findChromium } from '../../tools/render/chromium';
import { root, venvPython } from '../../tools/setup/paths.mjs';
import { run } from '../../tools/setup/process.mjs';
import { zipped } from './fixture';

const folder = mkdtempSync(join(tmpdir(), 'class-'));
const inbox = mkdtempSync(join(tmpdir(), 'inbox-'));
const { name, source, handout } = homeworkOf('00');
const command = async (...args: string[]) => {
  const lines: string[] = [];
  const args_ = [join(root, 'tools/run.cjs'), 'homework', ...args, '--class', folder];
  const ran = await run(process.execPath, args_, { onLine: (line) => lines.push(line) });
  return { ...ran, text: lines.join('\n') };
};
const ada = join(inbox, 'ada.ipynb');
const roster = join(inbox, 'people.csv');
const people = `id,name,email
ada,Ada Lovelace,ada@uni.example
ben,Ben Bit,ben@uni.example
carl,"=Carl, Cut",carl@uni.example
dora,Dora Late,dora@uni.example
eve,Eve Else,eve@uni.example
`;
const worksheet = join(inbox, 'worksheet.csv');
const listing = `Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),Last modified (grade)
Participant 11,Ada Lovelace,ada@uni.example,Submitted,,32.00,Yes,"Friday, 20 November 2026, 9:15 AM",-
Participant 12,Ben Bit,ben@uni.example,Submitted,,32.00,Yes,"Friday, 20 November 2026, 9:16 AM",-
Participant 13,"=Carl, Cut",carl@uni.example,Submitted,,32.00,Yes,"Friday, 20 November 2026, 9:17 AM",-
Participant 14,Dora Late,dora@uni.example,Submitted,,32.00,Yes,"Friday, 20 November 2026, 9:15 PM",-
Participant 15,Eve Else,eve@uni.example,No submission,,32.00,Yes,-,-
`;
/** An assistant's look at Ada's plot is worth three points more. */
const byHand = `from nbgrader.api import Gradebook
with Gradebook('sqlite:///gradebook.db') as book:
    grade = book.find_grade('slope-check', '${name}', '${name}', 'ada')
    grade.manual_score = 3
    book.db.commit()`;
const table = (...path: string[]) => readTable(join(folder, ...path)).rows;
const notebook = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const textOf = (cell: { source: string | string[] }) => [cell.source].flat().join('');
/** Regions of the source that nobody may see, line by line. */
const secrets = (file: string, kind: 'SOLUTION' | 'HIDDEN TESTS') =>
  notebook(file).cells.flatMap((cell: any) => {
    const region = new RegExp(`BEGIN ${kind}([\\s\\S]*?)// END ${kind}`, 'g');
    return [...textOf(cell).matchAll(region)].flatMap(([, text]) =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line.length > 25),
    );
  });

describe.each(allHomework())('homework $name, as committed', ({ source, handout }) => {
  const released = readFileSync(handout, 'utf8');

  test('holds no solution and no hidden test', () => {
    const text = JSON.parse(released).cells.map(textOf).join('\n');
    expect(text).not.toMatch(/BEGIN|END SOLUTION|HIDDEN/);
    const hidden = [...secrets(source, 'SOLUTION'), ...secrets(source, 'HIDDEN TESTS')];
    expect(hidden.length).toBeGreaterThan(20);
    const visible = notebook(source)
      .cells.map((cell: any) =>
        textOf(cell).replace(/BEGIN (SOLUTION|HIDDEN TESTS)[\s\S]*?END \1/g, ''),
      )
      .join('\n');
    for (const line of hidden) if (!visible.includes(line)) expect(text).not.toContain(line);
  });

  test('has all exercises, with difficulty, minutes, points and a folded hint', () => {
    const cells = JSON.parse(released).cells;
    const answers = cells.filter((cell: any) => cell.metadata.nbgrader?.solution);
    const checks = cells.filter((cell: any) => cell.metadata.nbgrader?.grade);
    expect(checks.length).toBe(answers.length);
    for (const cell of answers) expect(textOf(cell)).toContain('// YOUR CODE HERE');
    const texts = cells.filter((cell: any) => /^## H\d/.test(textOf(cell))).map(textOf);
    expect(texts.length).toBe(checks.length);
    for (const [i, text] of texts.entries()) {
      const [, points] =
        /^## H.*\((?:easy|medium|hard|a small study), \d+ minutes, (\d+) points\)/.exec(text) ?? [];
      expect(Number(points), text).toBe(checks[i].metadata.nbgrader.points);
      expect(text).toContain('<details><summary>Hint</summary>');
    }
  });
});

test('what is committed is what would be handed out', async () => {
  const again = new ClassFolder(mkdtempSync(join(tmpdir(), 'class-')));
  for (const { name, source, handout } of allHomework()) {
    await again.handOut(name, source);
    expect(notebook(again.release(name)), name).toEqual(notebook(handout));
  }
}, 300_000);

describe('a class', () => {
  beforeAll(async () => {
    const right = notebook(source);
    const released = notebook(handout);
    const solved = structuredClone(released);
    for (const cell of solved.cells) {
      const id = cell.metadata.nbgrader?.grade_id;
      const of = right.cells.find((one: any) => one.metadata.nbgrader?.grade_id === id);
      if (cell.metadata.nbgrader?.solution && id !== 'slope') cell.source = of.source;
    }
    solved.cells.splice(1, 0, {
      cell_type: 'markdown',
      id: 'note',
      metadata: {},
      source: '<img src=x onerror="document.title = \'taken over\'"> my note',
    });
    writeFileSync(ada, JSON.stringify(solved));
    const sent = (who: string) => `${who}_assignsubmission_file/homework.ipynb`;
    const download = zipped({
      [sent('Ada Lovelace_11')]: JSON.stringify(solved),
      [sent('Ben Bit_12')]: JSON.stringify(released),
      [sent('=Carl, Cut_13')]: 'not a notebook',
      [sent('Dora Late_14')]: JSON.stringify(solved),
    });
    writeFileSync(join(inbox, 'Homework 0.zip'), download);
    writeFileSync(roster, people);
    writeFileSync(worksheet, listing);
  });

  test('has learners who can look at their answers in the terminal', async () => {
    const one = await command('check', '00', ada);
    expect(one.text).toContain('Exercise H0.1: 4 of 4 points');
    expect(one.text).toContain('  ○ is 0 if all logits are equal');
    expect(one.text).not.toContain('stays right for large logits'); // hidden
    const all = await command('check');
    for (const one of allHomework()) expect(all.text).toMatch(new RegExp(`${one.name} +0 of \\d+`));
    const known = allHomework().map(({ name }) => name.slice(0, 2));
    expect((await command('check', '77')).text).toContain(
      `no lesson 77. There are: ${known.join(', ')}.`,
    );
  }, 300_000);

  test('is handed out, collected from Moodle and graded', async () => {
    expect((await command('collect', '00', inbox)).text).toContain('has not been handed out');
    const release = await command('release', '00', '--due', '2026-11-20 12:00');
    expect(release.text).toContain('can be handed out, until 20/11/2026, 12:00');
    const config = join(folder, 'nbgrader_config.py');
    appendFileSync(config, "get_config().LateSubmissionPlugin.penalty_method = 'zero'\n");
    const from = ['--from', 'moodle', '--roster', roster, '--times', worksheet];
    const collected = await command('collect', '00', join(inbox, 'Homework 0.zip'), ...from);
    expect(collected.text).toContain(`Collected 4 of homework ${name}.`);
    const again = await command('collect', '00', join(inbox, 'Homework 0.zip'), ...from);
    expect(again.text).toContain('Collected 0 of');
    const alike = await command('similar', '00');
    expect(alike.text).toMatch(/^ada and dora: .*surprise/m);
    expect(alike.text).toContain('not verdicts');
    const graded = await command('grade', '00');
    expect(graded.ok, graded.text).toBe(true);
    expect(graded.text).toMatch(/ada +24 of 32/);
    expect(graded.text).toMatch(/ben +0 of 32/);
    expect(graded.text).toMatch(/carl +0 of 32\n +it is not a notebook/);
    expect(graded.text).toMatch(/dora +0 of 32 {2}\(24 less for being late\)/);
  }, 300_000);

  test('has the same points in nbgrader’s grade book, in the report, and for Moodle and Canvas', async () => {
    expect((await command('export')).ok).toBe(true);
    const scores = table('grades.csv').map((row) => [
      ...[row.student_id, row.last_name, row.email, row.raw_score],
      ...[row.late_submission_penalty, row.score, row.max_score],
    ]);
    expect(scores.sort()).toEqual([
      ['ada', 'Lovelace', 'ada@uni.example', '24', '0', '24', '32'],
      ['ben', 'Bit', 'ben@uni.example', '0', '0', '0', '32'],
      ['carl', "'=Carl", 'carl@uni.example', '0', '0', '0', '32'], // no formula for a spreadsheet
      ['dora', 'Late', 'dora@uni.example', '24', '24', '0', '32'],
      ['eve', 'Else', 'eve@uni.example', '0', '0', '0', '32'],
    ]);
    const reported = table('reports', `${name}.csv`);
    expect(reported.map(({ student, score, late }) => [student, score, late])).toEqual([
      ['ada', '24', '0'],
      ['ben', '0', '0'],
      ['carl', '0', '0'],
      ['dora', '0', '24'],
    ]);
    expect(reported[0]['H0.1']).toBe('6');
    await command('export', '--lms', 'moodle');
    expect(table('grades-moodle.csv')).toContainEqual({
      'First name': 'Ada',
      'Last name': 'Lovelace',
      'ID number': 'ada',
      'Email address': 'ada@uni.example',
      [name]: '24',
    });
    expect(table('grades-moodle.csv').map((row) => row[name])).toEqual(['24', '0', '0', '0', '']);
    await command('export', '00', '--lms', 'moodle', '--worksheet', worksheet);
    const [first, , , , eve] = table(`worksheet-${name}.csv`);
    expect(first).toMatchObject({ Identifier: 'Participant 11', Grade: '24', Status: 'Submitted' });
    expect(eve).toMatchObject({ Identifier: 'Participant 15', Grade: '' });
    await command('export', '00', '--lms', 'canvas', '--column', 'Homework 0 (77)');
    const [possible, one] = table('grades-canvas.csv');
    expect(possible).toMatchObject({ Student: 'Points Possible', 'Homework 0 (77)': '32' });
    expect(one).toEqual({
      Student: 'Lovelace, Ada',
      ID: '11',
      'SIS User ID': 'ada',
      'SIS Login ID': 'ada@uni.example',
      Section: '',
      'Homework 0 (77)': '24',
    });
    expect((await command('export', '--lms', 'blackboard')).text).toContain('moodle or canvas');
  }, 300_000);

  test('keeps points given by hand, and the rows of the others', async () => {
    await run(venvPython, ['-I', '-c', byHand], { cwd: folder });
    expect((await command('export')).ok).toBe(true);
    const rows = () => table('reports', `${name}.csv`).map((row) => [row.student, row.score]);
    const now = [
      ['ada', '27'],
      ['ben', '0'],
      ['carl', '0'],
      ['dora', '0'],
    ];
    expect(rows()).toEqual(now);
    expect(table('grades.csv').find((row) => row.student_id === 'ada')?.score).toBe('27');
    const one = await command('grade', '00', '--student', 'ben');
    expect(one.text).toMatch(/ben +0 of 32/);
    expect(rows()).toEqual(now);
    const again = await command('grade', '00', '--student', 'ada');
    expect(again.text).toMatch(/ada +27 of 32 {2}\(24 were found\)/);
  }, 300_000);

  test('gets feedback that works offline and gives no hidden test away', async () => {
    expect((await command('feedback', '00')).ok).toBe(true);
    const browser = await chromium.launch({ executablePath: findChromium() });
    for (const student of ['ada', 'ben', 'carl']) {
      const file = join(folder, 'feedback', student, name, `${name}.html`);
      const page = await browser.newPage();
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(`file://${file}`);
      await page.waitForSelector('math');
      const text = (await page.textContent('body')) ?? '';
      expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
      expect(await page.title()).not.toContain('taken over');
      for (const line of secrets(source, 'HIDDEN TESTS'))
        if (!line.startsWith('does:')) expect(text).not.toContain(line);
      if (student === 'ada') {
        expect(text).toContain('Exercise H0.1: 6 of 6 points');
        expect(text).toContain('○ stays right for large logits');
      }
      if (student === 'carl') expect(text).toContain('it is not a notebook');
      await page.close();
    }
    await browser.close();
  }, 300_000);

  test('is shown by the formgrader, where an assistant can go on', async () => {
    const args = [
      join(root, 'tools/run.cjs'),
      'homework',
      'formgrader',
      '--class',
      folder,
      '--no-browser',
      '--ServerApp.port=8931',
    ];
    const lab = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const browser = await chromium.launch({ executablePath: findChromium() });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        let text = '';
        for (const stream of [lab.stdout, lab.stderr])
          stream.on('data', (data) => {
            text += data;
            const [url] = /http:\/\/127\.0\.0\.1:\d+\/\S*token=\w+/.exec(text) ?? [];
            if (url) resolve(url);
          });
        lab.on('close', () => reject(new Error(text)));
      });
      const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
      const token = new URL(address).searchParams.get('token');
      const { origin } = new URL(address);
      await page.goto(`${origin}/formgrader?token=${token}`); // as the address that is printed
      await page.goto(`${origin}/formgrader/manage_submissions/${name}`);
      await page.waitForSelector('td:text-is("ada")');
      const row = await page.textContent('tr:has(td:text-is("ada"))');
      expect(row).toContain('27 / 32');
      expect(row).not.toContain('needs manual grading');
      if (process.env.LOOK)
        await page.screenshot({ path: join(process.env.LOOK, 'formgrader.png') });
      // Ben has handed in something better meanwhile: the page's own button grades it anew.
      const late = notebook(ada);
      writeFileSync(new ClassFolder(folder).submitted(name, 'ben'), JSON.stringify(late));
      await page.click('tr:has(td:text-is("ben")) .autograde a');
      await page.waitForSelector('#success-modal, #error-modal', { timeout: 240_000 });
      expect(await page.locator('#error-modal').count()).toBe(0);
      await page.waitForSelector('tr:has(td:text-is("ben")):has-text("24 / 32")');
      await page.goto(`${origin}/formgrader/gradebook/${name}/${name}`);
      const link = page.locator('a[href*="/formgrader/submissions/"]').first();
      await link.click();
      await page.waitForSelector('.nbgrader_cell, .panel-heading');
      if (process.env.LOOK)
        await page.screenshot({ path: join(process.env.LOOK, 'submission.png') });
      expect(await page.title()).not.toContain('taken over');
    } finally {
      await browser.close();
      lab.kill('SIGINT');
      if (lab.exitCode === null) await once(lab, 'close');
    }
  }, 300_000);
});

test('answers in a released notebook are not overwritten', async () => {
  const { hasAnswers } = await import('../../tools/homework/assistant');
  expect(existsSync(ada)).toBe(true);
  expect(hasAnswers(ada)).toBe(true);
  expect(hasAnswers(handout)).toBe(false);
});
