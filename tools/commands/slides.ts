import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Exported } from '../../slides/export.ts';
import { chosenLessons } from '../lessons.ts';
import { SetupError } from '../setup/errors.mjs';
import { notebooks, root } from '../setup/paths.mjs';

const help = `npm run slides                            every lesson, and the lecture out of their talks
npm run slides -- 02 17                   only these lessons
npm run slides -- ../my/results.ipynb     any notebook
npm run slides -- --lecture my.json       a lecture of your own: title, lessons, sections, slides, minutes
npm run slides -- --poster                the poster of all 36 methods: a PDF of A1, and its picture in
                                          notebooks/images

  --pdf           a PDF beside it, one page for each slide
  --handout[=2]   a PDF with three slides on a page, or two, and their notes
  --draft         a talk that breaks a rule is written, too, and the rules are told
  --lenient       for notebooks from elsewhere, nbformat 4.0 to 4.5: what is wrong is shown as well as
                  it can be, and told with its cell and line
  --help          this page

The files are in slides/dist. slides/README.md says how a notebook is marked and what a lecture may say.`;

/**
 * `npm run slides [-- 02 17 my.ipynb] [--lecture my.json] [--poster] [--pdf] [--handout] [--draft] [--lenient]`:
 * talks out of lessons, into `slides/dist`. What fails keeps its old deck.
 */
export default async function slides(args: string[]) {
  const { numbers, paths, lecture, ...asked } = parsed(args);
  if (asked.help) {
    console.log(help);
    return;
  }
  if (asked.poster) return poster();
  const own = lecture !== undefined;
  const here = process.env.INIT_CWD ?? '.';
  const all = numbers.length + paths.length === 0 && !own;
  const chosen = all || numbers.length > 0 ? chosenLessons(numbers) : [];
  const files = [
    ...chosen.map(({ notebook }) => notebook),
    ...paths.map((path) => resolve(here, path)),
  ];
  const missing = files.find((file) => !existsSync(file));
  if (missing) throw new SetupError(`There is no file ${missing}.`);
  const { Browser } = await import('../../slides/chromium.ts');
  const browser = Browser.start(); // starts while the rest is being loaded
  const { Exporter } = await import('../../slides/export.ts');
  const options = { folder: join(root, 'slides', 'dist'), ...asked };
  const exporter = new Exporter(browser);
  let failed = 0;
  const report = async (name: string, work: () => Promise<Exported>) => {
    const start = performance.now();
    process.stdout.write(`${name} … `);
    try {
      const { file, pdf, handout, pages, notes } = await work();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const written = [file, pdf ?? [], handout ?? []].flat().map((path) => relative(root, path));
      const talk = pages.filter((page) => page.talk);
      const behind = pages.length - talk.length;
      const words = talk.map((page) => page.words).sort((a, b) => a - b);
      const middle = words[words.length >> 1];
      const size = (statSync(file).size / 1e6).toFixed(1);
      const said = [
        talk.length ? `${talk.length} slides, ${middle} words (most ${words.at(-1)})` : [],
        behind ? `${behind} behind` : [],
      ];
      console.log(`${said.flat().join(', ')}, ${seconds} s, ${size} MB: ${written.join(', ')}`);
      for (const note of notes) console.log(`  ${note}`);
    } catch (error) {
      if ((error as Error).name !== 'DeckError') throw error;
      failed++;
      console.log(`failed\n\n${(error as Error).message}\n`);
    }
  };
  try {
    for (const file of files) {
      await report(relative(notebooks, file), () => exporter.lesson(file, options));
    }
    if (own) {
      const { readLecture } = await import('../../slides/lecture.ts');
      const lessonFile = (number: string) => chosenLessons([number])[0].notebook;
      const path = resolve(here, lecture);
      await report(lecture, async () => exporter.own(readLecture(path, lessonFile), options));
    } else if (all && failed === 0) {
      const [, title] = /^# (.*)/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
      await report('lecture', () => exporter.lecture(files, title ?? 'Lecture', options));
    }
  } finally {
    await exporter.close();
  }
  if (failed > 0) throw new SetupError('Nothing was written for what failed.');
}

/** Prints the poster, and takes the picture of it that the course shows. */
async function poster() {
  const { Browser } = await import('../../slides/chromium.ts');
  const { printPoster } = await import('../../slides/poster.ts');
  const browser = await Browser.start();
  try {
    const { pdf, png } = await printPoster(await browser.open());
    const folder = join(root, 'slides', 'dist');
    mkdirSync(folder, { recursive: true });
    for (const [file, bytes] of [
      [join(folder, 'poster.pdf'), pdf],
      [join(notebooks, 'images', 'atlas.png'), png],
    ] as const) {
      writeFileSync(file, bytes);
      console.log(`${relative(root, file)}: ${(bytes.length / 1e3).toFixed(0)} kB`);
    }
  } finally {
    await browser.close();
  }
}

export function parsed(args: string[]) {
  const asked = {
    ...{ pdf: false, draft: false, lenient: false, help: false, poster: false },
    handout: 0,
  };
  const numbers: string[] = [];
  const paths: string[] = [];
  let lecture: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const [option, value] = args[i].split('=');
    if (/^--(pdf|draft|lenient|help|poster)$/.test(option)) {
      asked[option.slice(2) as 'pdf' | 'draft' | 'lenient' | 'help' | 'poster'] = true;
    } else if (option === '--handout' && /^[23]?$/.test(value ?? '')) {
      asked.handout = Number(value || 3);
    } else if (option === '--lecture') {
      lecture = value ?? args[++i];
      if (!lecture) throw new SetupError('--lecture wants the path of a JSON file.');
    } else if (option.startsWith('-')) {
      throw new SetupError(`There is no option ${args[i]}.\n\n${help}`);
    } else {
      (args[i].endsWith('.ipynb') ? paths : numbers).push(args[i]);
    }
  }
  if (lecture && numbers.length + paths.length > 0) {
    throw new SetupError('The lessons of a lecture stand in its file: give no numbers beside it.');
  }
  return { ...asked, numbers, paths, lecture };
}
