/** Decks out of lessons: read, measure, lay out, check, write; nothing is written that fails. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Block, Heading, Slide } from './blocks.ts';
import type { Browser, Tab } from './chromium.ts';
import { escapeHtml } from './code.ts';
import { type Lesson, readLesson } from './deck.ts';
import { letters, plotlyBundle, readable, traceTypes } from './figure.ts';
import { deckHtml, staticHtml, styleSheet } from './html.ts';
import { described, layOut, layOutTalk, type Page } from './layout.ts';
import { measure, overflows } from './measure.ts';
import { readNotebook } from './notebook.ts';
import { type Figures, pageHtml } from './pages.ts';
import { DeckError, Problems } from './problems.ts';

export interface Exported {
  file: string;
  pdf?: string;
  pages: PageEntry[];
  /** What the lecturer should know, though it is no error. */
  notes: string[];
}

/** Where a cell went: for the course map. */
export interface PageEntry {
  /** Address within the deck: `file#/id`. */
  id: string;
  title: string;
  lesson: string;
  cells: string[];
  talk: boolean;
  /** Of the talk: the headings of the notebook for which this is the slide. */
  sections: string[];
}

export interface Options {
  /** The folder the decks are written to. */
  folder: string;
  pdf?: boolean;
  /** Writes a talk that breaks a rule, too, and says so. */
  draft?: boolean;
}

/** A page with all that stands on it and around it. */
interface Placed {
  page: Page;
  entry: PageEntry;
  notes: string;
  crumb: string;
  /** Between talk and backup of a lesson: to the page of the same cell. */
  link?: Placed;
}

/** The pages of a lesson, measured and laid out. */
interface Composed {
  name: string;
  title: string;
  talk: Placed[];
  backup: Placed[];
  fonts: string[];
  notes: string[];
  excess(block: Block, size: number): number;
}

/** The most slides of the lecture on the whole course. */
const mostOfLecture = 400;

/** Keeps one browser for several decks. */
export class Exporter {
  private readonly browser: Promise<Browser>;
  private tab: Promise<Tab> | undefined;
  private style: string | undefined;
  /** What was composed last of a notebook, and from which text. */
  private readonly composed = new Map<string, { text: string; lesson: Promise<Composed> }>();
  private readonly thumbnails = new WeakMap<Page, string>();

  /** @param browser that is starting, while the notebook is being read */
  constructor(browser: Promise<Browser>) {
    this.browser = browser;
    browser.catch(() => {}); // said when it is needed
  }

  /** A deck of one lesson: its talk, and the whole notebook behind it. @throws {DeckError} */
  async lesson(file: string, options: Options): Promise<Exported> {
    const lesson = await this.compose(file, options);
    const notes = [...lesson.notes];
    if (lesson.talk.length === 0) notes.push('no slide is marked yet: the backup only');
    const exported = await this.write(lesson.name, lesson.title, [lesson], options);
    return { ...exported, notes };
  }

  /**
   * One deck out of the talks of all lessons, which begins with a table of contents. What stands
   * behind a talk is in the lesson's own deck.
   *
   * @throws {DeckError}
   */
  async lecture(files: string[], title: string, options: Options): Promise<Exported> {
    const all: Composed[] = [];
    for (const file of files) all.push(await this.compose(file, options));
    const lessons = all.filter(({ talk }) => talk.length > 0);
    const notes = all
      .filter(({ talk }) => talk.length === 0)
      .map(({ name }) => `${name} has no talk yet`);
    const count = 1 + lessons.reduce((sum, { talk }) => sum + talk.length, 0);
    if (count > mostOfLecture) {
      const each = lessons
        .map(({ name, talk }) => `${name.slice(0, 2)}: ${talk.length}`)
        .join(', ');
      throw new DeckError(
        `the lecture has ${count} slides, and ${mostOfLecture} are the most (${each})`,
      );
    }
    const opening = await this.lay({
      ...{ name: 'lecture', title, talk: [contents(title, lessons)], backup: [] },
      ...{ cells: [], notes: [] },
    });
    const exported = await this.write('lecture', title, [opening, ...lessons], options, false);
    return { ...exported, notes };
  }

  async close(): Promise<void> {
    await (await this.browser).close();
  }

  private async compose(file: string, { draft }: Options): Promise<Composed> {
    const text = `${draft} ${readFileSync(file, 'utf8')}`;
    const known = this.composed.get(file);
    if (known?.text === text) return known.lesson;
    const lesson = this.lay(readLesson(readNotebook(file), file, { draft }));
    this.composed.set(file, { text, lesson });
    return lesson;
  }

  /** Measures the slides of a lesson and lays them out on pages. */
  private async lay(lesson: Lesson): Promise<Composed> {
    this.style ??= styleSheet();
    this.tab ??= this.browser.then((browser) => browser.open());
    const tab = await this.tab;
    const { name, title, cells, notes } = lesson;
    const measuredTalk = await measure(tab, lesson.talk, this.style, true);
    const measured = await measure(tab, lesson.backup, this.style);
    const problems = new Problems(`${name}.ipynb`);
    const tried = (slide: Slide, at: { cell: number; line?: number }, make: () => Page[]) => {
      try {
        return make();
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const message = `the slide "${slideTitle(slide)}" overflows: ${error.message}`;
        problems.add(message, { cell: at.cell + 1, id: cells[at.cell]?.id, line: at.line });
        return [];
      }
    };
    const ids = new Map<string, number>();
    const place = (slide: Slide, page: Page, p: number): Placed => {
      const all = [page.title?.cell ?? [], page.pieces.map(({ block }) => block.cell)].flat(2);
      const entry = {
        id: unique(slug(name, page), ids),
        title: page.title?.text ?? '',
        lesson: name,
        cells: [...new Set(all)].map((cell) => cells[cell]?.id ?? ''),
        talk: slide.mark !== undefined,
        sections: slide.mark?.sections ?? [],
      };
      return { page, entry, notes: p === 0 ? slide.notes : '', crumb: crumbOf(slide, page, title) };
    };
    const talk = lesson.talk.flatMap((slide, i) =>
      tried(slide, slide.mark ?? { cell: 0 }, () => [
        layOutTalk(slide, measuredTalk.slides[i]),
      ]).map((page) => place(slide, page, 0)),
    );
    const backup = lesson.backup.flatMap((slide, i) =>
      tried(slide, slide.blocks[0], () => layOut(slide, measured.slides[i])).map((page, p) =>
        place(slide, page, p),
      ),
    );
    problems.check();
    for (const { page, entry } of [...talk, ...backup]) {
      for (const { block, sized } of page.pieces) {
        if (block.kind !== 'figure' || !sized || letters(sized) >= readable) continue;
        problems.add(
          `${described(block)} on "${entry.title}" has letters of ${letters(sized)} px, and ` +
            `${readable} are wanted: give it a slide of its own, or less to show`,
        );
      }
    }
    problems.check();
    connect(talk, backup);
    const fonts = [...new Set([...measuredTalk.fonts, ...measured.fonts])];
    const excess = (block: Block, size: number) =>
      measuredTalk.excess(block, size) ?? measured.excess(block, size) ?? 1;
    return { name, title, talk, backup, fonts, notes, excess };
  }

  /** @param whole whether the backup of each lesson stands behind the talks, or in another file */
  private async write(
    name: string,
    title: string,
    lessons: Composed[],
    { folder, pdf }: Options,
    whole = true,
  ): Promise<Exported> {
    const tab = (await this.tab) as Tab;
    const figures: Figures = [];
    const types = new Set<string>();
    const entries: PageEntry[] = [];
    const talks = lessons.flatMap(({ talk }) => talk);
    let html = '';
    const backups = whole ? lessons.flatMap(({ backup }) => backup) : [];
    const counted = talks.length > 0 ? talks : backups;
    const add = (lesson: Composed, placed: Placed) => {
      const { page, entry, notes, crumb, link } = placed;
      const { id, talk, cells } = entry;
      const at = counted.indexOf(placed) + 1;
      const frame = {
        ...{ id, talk, crumb, notes, cells, behind: at === 0, link: link && leave(link, lesson) },
        number: at > 0 ? `${at} / ${counted.length}` : 'backup',
      };
      html += pageHtml(page, frame, (block) => lesson.excess(block, page.size), figures);
      entries.push(entry);
      for (const { block } of page.pieces) {
        if (block.kind === 'figure') for (const type of traceTypes(block.figure)) types.add(type);
      }
    };
    const leave = ({ page, entry }: Placed, lesson: Composed) =>
      entry.talk
        ? { href: `#/${entry.id}`, html: 'back to the talk' }
        : {
            href: `${whole ? '' : `${lesson.name}.html`}#/${entry.id}`,
            html: `more: ${page.title?.html ?? 'the notebook'}`,
          };
    for (const lesson of lessons) for (const placed of lesson.talk) add(lesson, placed);
    if (whole)
      for (const lesson of lessons) for (const placed of lesson.backup) add(lesson, placed);

    const style = styleSheet([
      ...new Set(lessons.flatMap(({ fonts }) => fonts)),
      'Source Sans Pro 400 normal',
      'Source Sans Pro 600 normal',
    ]);
    const out = await overflows(tab, staticHtml({ pages: html, style }));
    if (out.length > 0) {
      throw new DeckError(
        out
          .map(({ id, by, text }) => {
            const { lesson, title, cells } = entries.find((entry) => entry.id === id) as PageEntry;
            return `${lesson}.ipynb, cell ${cells.join(', ')}: the slide "${title}" overflows by ${by} px at "${text}"`;
          })
          .join('\n'),
      );
    }
    const plotly = figures.length > 0 ? plotlyBundle(types) : undefined;
    const deck = { title, pages: html, style, figures, plotly };
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.html`);
    const part = join(folder, `.${name}.part.html`);
    try {
      writeFileSync(part, deckHtml(deck));
      await this.photograph(part, talks);
      writeFileSync(part, deckHtml({ ...deck, overview: this.overview(lessons, whole) }));
      const printed = pdf ? await this.print(part, entries.length) : undefined;
      renameSync(part, file);
      if (printed) {
        const pdfFile = join(folder, `${name}.pdf`);
        writeFileSync(`${pdfFile}.part`, printed);
        renameSync(`${pdfFile}.part`, pdfFile);
        return { file, pdf: pdfFile, pages: entries, notes: [] };
      }
      return { file, pages: entries, notes: [] };
    } finally {
      rmSync(part, { force: true });
    }
  }

  /** Small pictures of the slides of the talk, for the overview. */
  private async photograph(file: string, talk: Placed[]): Promise<void> {
    const missing = talk.filter(({ page }) => !this.thumbnails.has(page));
    if (missing.length === 0) return;
    const tab = await (await this.browser).open();
    try {
      await tab.goto(pathToFileURL(file).href, 'data-ready');
      await tab.evaluate(() =>
        (window as any).Reveal.configure({ controls: false, progress: false }),
      );
      for (const { page, entry } of missing) {
        await tab.evaluate(showWhole, entry.id);
        this.thumbnails.set(page, await tab.picture(1 / 4));
      }
    } finally {
      await tab.close();
    }
  }

  /** The slides of each talk as pictures, and the titles of what stands behind them. */
  private overview(lessons: Composed[], whole: boolean): string {
    return lessons
      .map(({ title, talk, backup }) => {
        const pictures = talk.map(({ page, entry }) => {
          const picture = `<img src="${this.thumbnails.get(page)}" alt="" width="320" height="180" decoding="async">`;
          return `<a href="#/${entry.id}">${picture}<span>${page.title?.html ?? ''}</span></a>`;
        });
        const titles = backup
          .filter(({ page }) => page.part === 1)
          .map(({ page, entry }) => `<a href="#/${entry.id}">${page.title?.html ?? ''}</a>`);
        return [
          `<h2>${escapeHtml(title)}</h2>`,
          ...(pictures.length > 0 ? [`<div class="pictures">${pictures.join('')}</div>`] : []),
          ...(whole && talk.length > 0 && titles.length > 0 ? ['<h3>The whole notebook</h3>'] : []),
          ...(whole && titles.length > 0 ? [`<div class="titles">${titles.join('')}</div>`] : []),
        ].join('');
      })
      .join('');
  }

  /** One page for each slide, with all its fragments. */
  private async print(file: string, count: number): Promise<Buffer> {
    const tab = await (await this.browser).open();
    try {
      await tab.goto(`${pathToFileURL(file)}?view=print`, 'data-print');
      const printed = await tab.pdf();
      const pages = printed.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g)?.length;
      if (pages !== count) {
        throw new DeckError(`${basename(file)}: the PDF has ${pages} pages for ${count} slides`);
      }
      return printed;
    } finally {
      await tab.close();
    }
  }
}

/** Shows a slide with all its fragments, and waits for its figures. */
async function showWhole(id: string): Promise<void> {
  const { Reveal } = window as any;
  const slide = document.getElementById(id) as HTMLElement;
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v, 99);
  while (slide.querySelector('.plot:not([data-drawn="done"])')) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Links each slide of the talk to the page of the backup that shows its cell, and back. */
function connect(talk: Placed[], backup: Placed[]): void {
  const targets = talk.map(({ page }) => {
    const { cell, heading } = page.slide.mark?.from ?? { cell: 0 };
    const shows = ({ page: { title, pieces } }: Placed) =>
      title?.cell === cell || pieces.some(({ block }) => block.cell === cell);
    const under = backup.findIndex((one) => shows(one) && one.entry.title === heading);
    if (under >= 0) return under;
    const same = backup.findIndex(shows);
    if (same >= 0) return same;
    return backup
      .map(({ page: { pieces } }) => (pieces[0]?.block.cell ?? 0) <= cell)
      .lastIndexOf(true);
  });
  for (const [i, one] of talk.entries()) one.link = backup[targets[i]];
  for (const [i, one] of backup.entries()) {
    one.link = talk[targets.map((target) => target <= i).lastIndexOf(true)] ?? talk[0];
  }
}

function slideTitle({ blocks, under }: Slide): string {
  const own = blocks.find((block): block is Heading => block.kind === 'heading');
  return (own ?? under)?.text ?? '';
}

function crumbOf({ mark, section }: Slide, { title }: Page, lesson: string): string {
  if (!mark && title && title.level > 2 && section && section !== title) return section.html;
  return escapeHtml(lesson);
}

/** '08-several-heads': the lesson's number, or its name if it has none, and the title. */
function slug(lesson: string, { title }: Page): string {
  const words = (text: string) =>
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
  const [number] = /^\d\d(?=-)/.exec(lesson) ?? [words(lesson)];
  const named = words((title?.text ?? '').replace(/^[\d\s·.]+/, '')) || 'slide';
  return lesson === 'lecture' ? named : `${number}-${named}`;
}

function unique(id: string, seen: Map<string, number>): string {
  const count = (seen.get(id) ?? 0) + 1;
  seen.set(id, count);
  return count === 1 ? id : `${id}-${count}`;
}

/** The title and the lessons, each a link to its first slide. */
function contents(title: string, lessons: Composed[]): Slide {
  const [cell, level] = [0, 1];
  const heading: Heading = { kind: 'heading', cell, level, html: escapeHtml(title), text: title };
  const items = lessons.map(
    (lesson) => `<li><a href="#/${lesson.talk[0].entry.id}">${escapeHtml(lesson.title)}</a></li>`,
  );
  const html = `<ul class="contents">${items.join('')}</ul>`;
  const blocks: Block[] = [heading, { kind: 'prose', cell, html, text: '' }];
  return { blocks, notes: '', mark: { cell, line: 1, from: { cell }, sections: [] } };
}
