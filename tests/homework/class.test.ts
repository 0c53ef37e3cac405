/** A class from handing out to feedback, by nbgrader's own commands, and its pages in Chromium. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { allHomework, ClassFolder, homeworkOf } from '../../tools/homework/class-folder.mjs';
import { findChromium } from '../../tools/render/chromium.mjs';
import { root, venvPython } from '../../tools/setup/paths.mjs';
import { run } from '../../tools/setup/process.mjs';

const folder = mkdtempSync(join(tmpdir(), 'class-'));
const inbox = mkdtempSync(join(tmpdir(), 'inbox-'));
const { name, source, handout } = homeworkOf('00');
const command = async (...args: string[]) => {
  const lines: string[] = [];
  const args_ = [join(root, 'tools/run.cjs'), 'homework', ...args, '--class', folder];
  const ran = await run(process.execPath, args_, { onLine: (line) => lines.push(line) });
  return { ...ran, text: lines.join('\n') };
};
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
}, 60_000);

describe('a class', () => {
  beforeAll(async () => {
    const unpacked = mkdtempSync(join(tmpdir(), 'inbox-'));
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
    writeFileSync(join(inbox, 'ada_2026.ipynb'), JSON.stringify(solved));
    mkdirSync(join(unpacked, 'ben'));
    writeFileSync(join(unpacked, 'ben', 'anything.ipynb'), JSON.stringify(released));
    const zip = ['-I', '-m', 'zipfile', '-c', join(inbox, 'late.zip'), join(unpacked, 'ben')];
    expect((await run(venvPython, zip)).ok).toBe(true);
    writeFileSync(join(inbox, '=carl.ipynb'), 'not a notebook'); // no formula for a spreadsheet
    writeFileSync(join(inbox, '_.ipynb'), 'of nobody');
    writeFileSync(join(inbox, 'notes.txt'), 'by the way');
  });

  test('has learners who can look at their answers in the terminal', async () => {
    const one = await command('check', '00', join(inbox, 'ada_2026.ipynb'));
    expect(one.text).toContain('Exercise H0.1: 4 of 4 points');
    expect(one.text).toContain('  ○ is 0 if all logits are equal');
    expect(one.text).not.toContain('stays right for large logits'); // hidden
    const all = await command('check');
    for (const one of allHomework()) expect(all.text).toMatch(new RegExp(`${one.name} +0 of \\d+`));
    const known = allHomework().map(({ name }) => name.slice(0, 2));
    expect((await command('check', '77')).text).toContain(
      `no lesson 77. There are: ${known.join(', ')}.`,
    );
  }, 60_000);

  test('is handed out, collected and graded', async () => {
    expect((await command('collect', '00', inbox)).text).toContain('has not been handed out');
    expect((await command('release', '00')).ok).toBe(true);
    const collected = await command('collect', '00', inbox);
    expect(collected.text).toContain(`Collected 3 of homework ${name}.`);
    for (const file of ['notes.txt', '_.ipynb'])
      expect(collected.text).toContain(`not taken: ${join(inbox, file)}`);
    expect((await command('collect', '00', inbox)).text).toContain('Collected 0');
    const graded = await command('grade', '00');
    expect(graded.ok, graded.text).toBe(true);
    expect(graded.text).toMatch(/ada +24 of 32/);
    expect(graded.text).toMatch(/ben +0 of 32/);
    expect(graded.text).toMatch(/carl +0 of 32\n +it is not a notebook/);
    expect(readFileSync(join(folder, 'reports', `${name}.csv`), 'utf8')).toContain(
      '"ada","24","32"',
    );
  }, 120_000);

  test('has the same points in nbgrader’s grade book', async () => {
    expect((await command('export')).ok).toBe(true);
    const [head, ...rows] = readFileSync(join(folder, 'grades.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((row) => row.split(','));
    const at = (column: string) => head.indexOf(column);
    const scores = rows.map((row) => [
      row[at('student_id')],
      Number(row[at('score')]),
      Number(row[at('max_score')]),
    ]);
    expect(scores.sort()).toEqual([
      ['ada', 24, 32],
      ['ben', 0, 32],
      ['carl', 0, 32],
    ]);
  }, 60_000);

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
  }, 120_000);

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
      expect(row).toContain('24 / 32');
      expect(row).toContain('graded');
      if (process.env.LOOK)
        await page.screenshot({ path: join(process.env.LOOK, 'formgrader.png') });
      // Ben has handed in something better meanwhile: the page's own button grades it anew.
      const late = notebook(join(inbox, 'ada_2026.ipynb'));
      writeFileSync(new ClassFolder(folder).submitted(name, 'ben'), JSON.stringify(late));
      await page.click('tr:has(td:text-is("ben")) .autograde a');
      await page.waitForSelector('#success-modal, #error-modal', { timeout: 60_000 });
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
  }, 120_000);
});

test('answers in a released notebook are not overwritten', async () => {
  const { hasAnswers } = await import('../../tools/homework/commands.mjs');
  const file = join(inbox, 'ada_2026.ipynb');
  expect(existsSync(file)).toBe(true);
  expect(hasAnswers(file)).toBe(true);
  expect(hasAnswers(handout)).toBe(false);
});
