/** Decks out of lessons: read, measure, lay out, check, write; nothing is written that fails. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { accentStyle } from './accent.ts';
import type { Slide } from './blocks.ts';
import type { Browser, Tab } from './chromium.ts';
import { escapeHtml } from './code.ts';
import { type Composed, compose, type PageEntry, type Placed } from './compose.ts';
import { readLesson } from './deck.ts';
import { look } from './eye.ts';
import { plotlyBundle, traceTypes } from './figure.ts';
import { deckHtml, staticHtml, styleSheet } from './html.ts';
import { described, type Page } from './layout.ts';
import { chosen, contents, type Lecture, opening } from './lecture.ts';
import { overflows } from './measure.ts';
import { readNotebook } from './notebook.ts';
import { type Figures, pageHtml } from './pages.ts';
import { DeckError } from './problems.ts';

export type { PageEntry } from './compose.ts';

export interface Exported {
  file: string;
  /** A PDF of the slides, and one of slides with their notes, if they were asked for. */
  pdf?: string;
  handout?: string;
  pages: PageEntry[];
  /** What the lecturer should know, though it is no error. */
  notes: string[];
}

export interface Options {
  /** The folder the decks are written to. */
  folder: string;
  pdf?: boolean;
  /** Pages with so many slides and their notes: 2 or 3. */
  handout?: number;
  /** Writes a talk that breaks a rule, too, and says so. */
  draft?: boolean;
  /** For notebooks from elsewhere: what is wrong is shown as well as it can be, and told. */
  lenient?: boolean;
}

/** What a deck is made of. */
interface Plan {
  name: string;
  title: string;
  parts: Part[];
  /** Whether what stands behind the talks is in the lessons' own decks. */
  elsewhere?: boolean;
  minutes?: number;
  language?: string;
  accent?: string;
}

interface Part {
  lesson: Composed;
  shown: Placed[];
  minutes?: number;
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
  /** Small pictures of pages, and what the eye has against their figures. */
  private readonly thumbnails = new WeakMap<Page, string>();
  private readonly seen = new WeakMap<Page, string[]>();

  /** @param browser that is starting, while the notebook is being read */
  constructor(browser: Promise<Browser>) {
    this.browser = browser;
    browser.catch(() => {}); // said when it is needed
  }

  /** A deck of one lesson: its talk, and the whole notebook behind it. @throws {DeckError} */
  async lesson(file: string, options: Options): Promise<Exported> {
    const lesson = await this.compose(file, options);
    const { name, title, talk, backup } = lesson;
    const shown = talk.length > 0 ? talk : backup;
    const exported = await this.write({ name, title, parts: [{ lesson, shown }] }, options);
    const unmarked = talk.length > 0 ? [] : ['no slide is marked yet: the backup only'];
    return { ...exported, notes: [...lesson.notes, ...unmarked, ...exported.notes] };
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
    const count = 1 + lessons.reduce((sum, { talk }) => sum + talk.length, 0);
    if (count > mostOfLecture) {
      const each = lessons.map(({ name, talk }) => `${name.slice(0, 2)}: ${talk.length}`);
      throw new DeckError(
        `the lecture has ${count} slides, and ${mostOfLecture} are the most (${each.join(', ')})`,
      );
    }
    const start = await this.single('lecture', title, contents(title, lessons));
    const parts = [start, ...lessons.map((lesson) => ({ lesson, shown: lesson.talk }))];
    const exported = await this.write({ name: 'lecture', title, parts, elsewhere: true }, options);
    const missing = all
      .filter(({ talk }) => talk.length === 0)
      .map(({ name }) => `${name} has no talk yet`);
    return { ...exported, notes: [...missing, ...exported.notes] };
  }

  /** One deck of what a lecture asks for, its lessons' notebooks behind it. @throws {DeckError} */
  async own(lecture: Lecture, options: Options): Promise<Exported> {
    const { name, title, minutes, language, accent } = lecture;
    const parts: Part[] = [await this.single(name, title, opening(lecture))];
    for (const part of lecture.parts) {
      const lesson = await this.compose(part.file, options);
      const before = parts.flatMap(({ shown }) => shown);
      const [first, ...others] = chosen(lesson, part);
      const twice = others.find((one) => before.includes(one));
      if (twice) throw new DeckError(`${name}: the slide "${twice.entry.title}" is chosen twice`);
      // A lesson that comes a second time needs no second cover.
      const shown = before.includes(first) ? others : [first, ...others];
      parts.push({ lesson, shown, minutes: part.minutes });
    }
    return this.write({ name, title, parts, minutes, language, accent }, options);
  }

  async close(): Promise<void> {
    await (await this.browser).close();
  }

  private async compose(file: string, { draft, lenient }: Options): Promise<Composed> {
    const text = `${draft} ${lenient} ${readFileSync(file, 'utf8')}`;
    const known = this.composed.get(file);
    if (known?.text === text) return known.lesson;
    const lesson = readLesson(readNotebook(file, { lenient }), file, { draft, lenient });
    const composing = this.prepared().then(([tab, style]) => compose(tab, lesson, style, lenient));
    this.composed.set(file, { text, lesson: composing });
    return composing;
  }

  /** A part of a single slide, which is of no notebook. */
  private async single(name: string, title: string, slide: Slide): Promise<Part> {
    const [tab, style] = await this.prepared();
    const made = { name, title, talk: [slide], backup: [], cells: [], notes: [] };
    const lesson = await compose(tab, made, style);
    return { lesson, shown: lesson.talk };
  }

  private async prepared(): Promise<[Tab, string]> {
    this.style ??= styleSheet();
    this.tab ??= this.browser.then((browser) => browser.open());
    return [await this.tab, this.style];
  }

  private async write(plan: Plan, options: Options): Promise<Exported> {
    const { name, title, parts, elsewhere = false, minutes, language, accent } = plan;
    const { folder, pdf, handout, draft, lenient } = options;
    const [tab] = await this.prepared();
    const lessons = [...new Set(parts.map(({ lesson }) => lesson))];
    const shown = parts.flatMap((part) => part.shown);
    const behind = elsewhere
      ? []
      : lessons.flatMap(({ backup }) => backup).filter((one) => !shown.includes(one));
    const times = untilWhen(parts, minutes);
    const owner = new Map(
      lessons.flatMap((lesson) => [...lesson.talk, ...lesson.backup].map((one) => [one, lesson])),
    );
    const figures: Figures = [];
    const types = new Set<string>();
    let html = '';
    for (const placed of [...shown, ...behind]) {
      const { page, entry, notes, crumb, link } = placed;
      const lesson = owner.get(placed) as Composed;
      const at = shown.indexOf(placed);
      const there = link && (shown.includes(link) || behind.includes(link) || elsewhere);
      html += pageHtml(
        page,
        {
          ...entry,
          crumb,
          notes,
          behind: at < 0,
          number: at < 0 ? 'backup' : `${at + 1} / ${shown.length}`,
          link: there ? leave(link, elsewhere ? `${lesson.name}.html` : '') : undefined,
          until: times?.[at],
        },
        (block) => lesson.excess(block, page.size),
        figures,
      );
      for (const { block } of page.pieces) {
        if (block.kind === 'figure') for (const type of traceTypes(block.figure)) types.add(type);
      }
    }
    const entries = [...shown, ...behind].map(({ entry }) => entry);
    const double = entries.find(({ id }, i) => entries.findIndex((one) => one.id === id) < i);
    if (double) throw new DeckError(`two notebooks are called ${double.lesson}: rename one`);

    const fonts = [...new Set(lessons.flatMap((lesson) => lesson.fonts))];
    const style =
      styleSheet([...fonts, 'Source Sans Pro 400 normal', 'Source Sans Pro 600 normal']) +
      (accent ? accentStyle(accent) : '');
    const out = await overflows(tab, staticHtml({ pages: html, style }));
    const over = out.map(({ id, by, text }) => {
      const { lesson, title, cells } = entries.find((entry) => entry.id === id) as PageEntry;
      return `${lesson}.ipynb, cell ${cells.join(', ')}: the slide "${title}" overflows by ${by} px at "${text}"`;
    });
    if (over.length > 0 && !lenient) throw new DeckError(over.join('\n'));
    const plotly = figures.length > 0 ? plotlyBundle(types) : undefined;
    const deck = { title, pages: html, style, figures, plotly, minutes, language };
    mkdirSync(folder, { recursive: true });
    const made = (ending: string) => join(folder, `${name}${ending}`);
    const part = join(folder, `.${name}.part.html`);
    const written: [from: Buffer | string, to: string][] = [];
    try {
      writeFileSync(part, deckHtml(deck));
      await this.see(part, shown, behind);
      const wrong = this.wrong(shown, owner);
      if (wrong.length > 0 && !draft && !lenient) throw new DeckError(wrong.join('\n'));
      const notes = [...over, ...wrong, ...this.wrong(behind, owner)];
      const whole = deckHtml({ ...deck, overview: this.overview(parts, behind) });
      writeFileSync(part, whole);
      if (pdf) {
        const printed = await this.print(part, 'view=print');
        const pages = printed.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g)?.length;
        if (pages !== entries.length) {
          const both = `${pages} pages for ${entries.length} slides`;
          throw new DeckError(`${basename(made('.html'))}: the PDF has ${both}`);
        }
        written.push([printed, made('.pdf')]);
      }
      if (handout) {
        written.push([await this.print(part, `handout=${handout}`), made('-handout.pdf')]);
      }
      for (const [content, file] of [...written, [whole, made('.html')] as const]) {
        writeFileSync(`${file}.part`, content);
        renameSync(`${file}.part`, file);
      }
      return {
        file: made('.html'),
        ...(pdf ? { pdf: made('.pdf') } : {}),
        ...(handout ? { handout: made('-handout.pdf') } : {}),
        pages: entries,
        notes,
      };
    } finally {
      rmSync(part, { force: true });
    }
  }

  /** Looks at all that is shown, and at the figures behind it; takes small pictures for the overview. */
  private async see(file: string, shown: Placed[], behind: Placed[]): Promise<void> {
    const drawn = ({ page: { pieces } }: Placed) =>
      pieces.some(({ block }) => block.kind === 'figure');
    const news = [...shown, ...behind.filter(drawn)].filter(({ page }) => !this.seen.has(page));
    if (news.length === 0) return;
    const tab = await (await this.browser).open();
    try {
      await tab.goto(pathToFileURL(file).href, 'data-ready');
      await tab.evaluate(() =>
        (window as any).Reveal.configure({ controls: false, progress: false }),
      );
      for (const one of news) {
        const { page, entry } = one;
        const figures = page.pieces.filter(({ block }) => block.kind === 'figure');
        const wrong = await look(tab, entry.id);
        const said = wrong.flatMap((some, i) =>
          some.length > 0
            ? [`${described(figures[i].block)} on "${entry.title}": ${some.slice(0, 3).join('; ')}`]
            : [],
        );
        this.seen.set(page, said);
        if (shown.includes(one)) this.thumbnails.set(page, await tab.picture(1 / 4));
      }
    } finally {
      await tab.close();
    }
  }

  /** What the eye has against the figures of these pages. */
  private wrong(placed: Placed[], owner: Map<Placed, Composed>): string[] {
    return placed.flatMap((one) =>
      (this.seen.get(one.page) ?? []).map((what) => `${owner.get(one)?.name}.ipynb: ${what}`),
    );
  }

  /** The slides of each part as pictures, and the titles of what stands behind them. */
  private overview(parts: Part[], behind: Placed[]): string {
    const titles = behind
      .filter(({ page }) => page.part === 1)
      .map(({ page, entry }) => `<a href="#/${entry.id}">${page.title?.html ?? ''}</a>`);
    return [
      ...parts.map(({ lesson, shown }) => {
        const pictures = shown.map(({ page, entry }) => {
          const picture = `<img src="${this.thumbnails.get(page)}" alt="" width="320" height="180" decoding="async">`;
          return `<a href="#/${entry.id}">${picture}<span>${page.title?.html ?? ''}</span></a>`;
        });
        return `<h2>${escapeHtml(lesson.title)}</h2><div class="pictures">${pictures.join('')}</div>`;
      }),
      titles.length > 0 ? `<h2>Backup</h2><div class="titles">${titles.join('')}</div>` : '',
    ].join('');
  }

  /** The file as its address asks for it, on paper. */
  private async print(file: string, how: string): Promise<Buffer> {
    const tab = await (await this.browser).open();
    try {
      await tab.goto(`${pathToFileURL(file)}?${how}`, 'data-print');
      return await tab.pdf();
    } finally {
      await tab.close();
    }
  }
}

/** Between talk and backup: from a page to this one, which may be in another file. */
function leave({ page, entry }: Placed, file: string) {
  return entry.talk
    ? { href: `#/${entry.id}`, html: 'back to the talk' }
    : { href: `${file}#/${entry.id}`, html: `more: ${page.title?.html ?? 'the notebook'}` };
}

/** The minute until which each slide is shown: parts without minutes share what is left. */
function untilWhen(parts: Part[], total: number | undefined): number[] | undefined {
  if (total === undefined) return undefined;
  const given = parts.reduce((sum, { minutes = 0 }) => sum + minutes, 0);
  const open = parts.filter(({ minutes }) => minutes === undefined);
  const count = open.reduce((sum, { shown }) => sum + shown.length, 0);
  let at = 0;
  return parts.flatMap(({ shown, minutes }) =>
    shown.map(() => {
      at += minutes === undefined ? (total - given) / count : minutes / shown.length;
      return Math.round(at * 100) / 100;
    }),
  );
}
