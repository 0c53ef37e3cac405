/** Decks out of lessons: read, measure, lay out, check, write; nothing is written that fails. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Heading, Slide } from './blocks.ts';
import type { Browser, Tab } from './chromium.ts';
import { escapeHtml } from './code.ts';
import { type Lesson, readLesson } from './deck.ts';
import { letters, plotlyBundle, readable } from './figure.ts';
import { deckHtml, staticHtml, styleSheet } from './html.ts';
import { described, layOut, type Page } from './layout.ts';
import { measure, overflows } from './measure.ts';
import { readNotebook } from './notebook.ts';
import { type Figures, pageHtml } from './pages.ts';
import { DeckError, Problems } from './problems.ts';

export interface Exported {
  file: string;
  pdf?: string;
  /** What the lecturer should know, though it is no error. */
  pages: PageEntry[];
}

/** Where a cell went: for the course map. */
export interface PageEntry {
  /** Address within the deck: `file#/id`. */
  id: string;
  title: string;
  lesson: string;
  cells: string[];
}

export interface Options {
  /** The folder the decks are written to. */
  folder: string;
  pdf?: boolean;
}

/** Keeps one browser for several decks. */
export class Exporter {
  private readonly browser: Promise<Browser>;
  private tab: Promise<Tab> | undefined;
  private style: string | undefined;

  /** @param browser that is starting, while the notebook is being read */
  constructor(browser: Promise<Browser>) {
    this.browser = browser;
    browser.catch(() => {}); // said when it is needed
  }

  /** A deck of one lesson. @throws {DeckError} */
  async lesson(file: string, options: Options): Promise<Exported> {
    const lesson = readLesson(readNotebook(file), file);
    return this.write(lesson.name, lesson.title, [lesson], [], options);
  }

  /** One deck of all lessons, which begins with a table of contents. @throws {DeckError} */
  async lecture(files: string[], title: string, options: Options): Promise<Exported> {
    const lessons = files.map((file) => readLesson(readNotebook(file), file, { lecture: true }));
    return this.write('lecture', title, lessons, [contents(title, lessons)].flat(), options);
  }

  async close(): Promise<void> {
    await (await this.browser).close();
  }

  private async write(
    name: string,
    title: string,
    lessons: Lesson[],
    opening: Slide[],
    { folder, pdf }: Options,
  ): Promise<Exported> {
    this.style ??= styleSheet();
    this.tab ??= this.browser.then((browser) => browser.open());
    const tab = await this.tab;
    const slides = [...opening, ...lessons.flatMap((lesson) => lesson.slides)];
    const owner = new Map(
      lessons.flatMap((lesson) => lesson.slides.map((slide) => [slide, lesson])),
    );
    const measured = await measure(tab, slides, this.style);

    const problems = new Map<Lesson | undefined, Problems>();
    const problemsOf = (lesson: Lesson | undefined) => {
      const found = problems.get(lesson) ?? new Problems(`${lesson?.name ?? name}.ipynb`);
      problems.set(lesson, found);
      return found;
    };
    const laidOut = slides.map((slide, i) => {
      try {
        return layOut(slide, measured.slides[i]);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const [{ cell }] = slide.blocks;
        const lesson = owner.get(slide);
        problemsOf(lesson).add(`the slide "${slideTitle(slide)}" overflows: ${error.message}`, {
          cell: cell + 1,
          id: lesson?.cells[cell].id,
        });
        return [];
      }
    });
    for (const found of problems.values()) found.check();

    const figures: Figures = [];
    const types = new Set<string>();
    const entries: PageEntry[] = [];
    const small: string[] = [];
    const ids = new Map<string, number>();
    let html = '';
    let stack = '';
    const flush = () => {
      html += stack ? `<section>${stack}</section>` : '';
      stack = '';
    };
    for (const [i, slide] of slides.entries()) {
      const lesson = owner.get(slide);
      if (slide.type === 'slide') flush();
      for (const [p, one] of laidOut[i].entries()) {
        if (one.title && one.title.level <= 2 && one.part === 1 && p > 0) flush();
        const cells = [
          ...new Set([one.title?.cell ?? [], one.pieces.map(({ block }) => block.cell)].flat(2)),
        ];
        const lessonCells = lesson ? cells.map((cell) => lesson.cells[cell].id) : [];
        const id = unique(slug(lesson, one), ids);
        const crumb = crumbOf(slide, one, lesson);
        const frame = { id, crumb, notes: p === 0 ? slide.notes : '', cells: lessonCells };
        stack += pageHtml(one, frame, (block) => measured.excess(block, one.size), figures);
        entries.push({
          id,
          title: one.title?.text ?? '',
          lesson: lesson?.name ?? name,
          cells: lessonCells,
        });
        for (const { block, sized } of one.pieces) {
          if (block.kind !== 'figure' || !sized) continue;
          for (const trace of block.figure.data) types.add(String(trace.type ?? 'scatter'));
          if (letters(sized) < readable) {
            small.push(
              `${lesson?.name ?? name}.ipynb: ${described(block)} on "${one.title?.text}" has letters of ` +
                `${letters(sized)} px, and ${readable} are wanted: give it a slide of its own, or less to show`,
            );
          }
        }
      }
    }
    flush();
    if (small.length > 0) throw new DeckError(small.join('\n'));

    const style = styleSheet([
      ...measured.fonts,
      'Source Sans Pro 400 normal',
      'Source Sans Pro 600 normal',
    ]);
    const out = await overflows(tab, staticHtml({ pages: html, style }));
    if (out.length > 0) {
      throw new DeckError(
        out
          .map(({ title, id, cells, by, text }) => {
            const lesson = entries.find((entry) => entry.id === id)?.lesson;
            return `${lesson}.ipynb, cell ${cells.split(' ').join(', ')}: the slide "${title}" overflows by ${by} px at "${text}"`;
          })
          .join('\n'),
      );
    }
    const plotly = figures.length > 0 ? plotlyBundle(types) : undefined;
    const text = deckHtml({ title, pages: html, style, figures, plotly });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.html`);
    const part = join(folder, `.${name}.part.html`);
    try {
      writeFileSync(part, text);
      const printed = pdf ? await this.print(part, entries.length) : undefined;
      renameSync(part, file);
      if (printed) {
        const pdfFile = join(folder, `${name}.pdf`);
        writeFileSync(`${pdfFile}.part`, printed);
        renameSync(`${pdfFile}.part`, pdfFile);
        return { file, pdf: pdfFile, pages: entries };
      }
      return { file, pages: entries };
    } finally {
      rmSync(part, { force: true });
    }
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

function slideTitle({ blocks, under }: Slide): string {
  const own = blocks.find((block): block is Heading => block.kind === 'heading');
  return (own ?? under)?.text ?? '';
}

function crumbOf(slide: Slide, { title }: Page, lesson: Lesson | undefined): string {
  if (title && title.level > 2 && slide.section && slide.section !== title)
    return slide.section.html;
  return escapeHtml(lesson?.title ?? '');
}

function slug(lesson: Lesson | undefined, { title }: Page): string {
  const words = (title?.text ?? 'slide')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/^[\d\s·.]+/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return [lesson?.name.slice(0, 2) ?? [], words || 'slide'].flat().join('-');
}

function unique(id: string, seen: Map<string, number>): string {
  const count = (seen.get(id) ?? 0) + 1;
  seen.set(id, count);
  return count === 1 ? id : `${id}-${count}`;
}

/** The title and the lessons, each a link to its first slide. */
function contents(title: string, lessons: Lesson[]): Slide {
  const heading: Heading = {
    kind: 'heading',
    cell: 0,
    level: 1,
    html: escapeHtml(title),
    text: title,
  };
  const items = lessons.map((lesson) => {
    const [first] = lesson.slides[0].blocks;
    const text = first.kind === 'heading' ? first.html : escapeHtml(lesson.title);
    const id = slug(lesson, { title: first.kind === 'heading' ? first : undefined } as Page);
    return `<a href="#/${id}">${text}</a>`;
  });
  const list = { kind: 'list' as const, cell: 0, ordered: false, start: 1, items };
  return { type: 'slide', blocks: [heading, list], notes: '' };
}
