/** The pages of a lesson: its slides measured, laid out, named, and linked with one another. */
import type { Block, Heading, Slide } from './blocks.ts';
import type { Tab } from './chromium.ts';
import { escapeHtml } from './code.ts';
import type { Lesson } from './deck.ts';
import { letters, readable } from './figure.ts';
import { described, layOut, layOutTalk, type Page, shrunk } from './layout.ts';
import { measure } from './measure.ts';
import { Problems } from './problems.ts';

/** Where a cell went: for the course map. */
export interface PageEntry {
  /** Address within the deck: `file#/id`. */
  id: string;
  title: string;
  lesson: string;
  cells: string[];
  talk: boolean;
  /** Words that a reader sees in paragraphs, lists and tables. */
  words: number;
  /** Of the talk: the headings of the notebook for which this is the slide. */
  sections: string[];
}

/** A page with all that stands on it and around it. */
export interface Placed {
  page: Page;
  entry: PageEntry;
  notes: string;
  crumb: string;
  /** Between talk and backup of a lesson: to the page of the same cell. */
  link?: Placed;
}

/** The pages of a lesson, measured and laid out. */
export interface Composed {
  name: string;
  title: string;
  talk: Placed[];
  backup: Placed[];
  fonts: string[];
  notes: string[];
  excess(block: Block, size: number): number;
}

/**
 * Measures the slides of a lesson and lays them out on pages.
 *
 * @param style the style sheets of a deck, with all fonts
 * @param lenient shows what does not fit in smaller letters
 * @throws {DeckError} with all that does not fit
 */
export async function compose(
  tab: Tab,
  lesson: Lesson,
  style: string,
  lenient = false,
): Promise<Composed> {
  const { name, title, cells } = lesson;
  const measuredTalk = await measure(tab, lesson.talk, style, true);
  const measured = await measure(tab, lesson.backup, style);
  const problems = new Problems(`${name}.ipynb`, lenient);
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
      words: page.pieces.reduce((sum, { block }) => sum + (block.words ?? 0), 0),
      sections: slide.mark?.sections ?? [],
    };
    return { page, entry, notes: p === 0 ? slide.notes : '', crumb: crumbOf(slide, page, title) };
  };
  const talk = lesson.talk.flatMap((slide, i) => {
    const laidOut = () => [layOutTalk(slide, measuredTalk.slides[i])];
    return tried(slide, slide.mark ?? { cell: 0 }, laidOut).map((page) => place(slide, page, 0));
  });
  const backup = lesson.backup.flatMap((slide, i) => {
    const laidOut = () => {
      try {
        return layOut(slide, measured.slides[i]);
      } catch (error) {
        if (!lenient || !(error instanceof RangeError)) throw error;
        const smaller = shrunk(slide, measured.slides[i]);
        const { cell } = slide.blocks[0];
        for (const what of smaller.said)
          problems.add(what, { cell: cell + 1, id: cells[cell]?.id });
        return layOut(slide, smaller.measured);
      }
    };
    return tried(slide, slide.blocks[0], laidOut).map((page, p) => place(slide, page, p));
  });
  problems.check();
  const notes = [...lesson.notes];
  for (const { page, entry } of [...talk, ...backup]) {
    for (const { block, sized } of page.pieces) {
      if (!sized || letters(sized) >= readable) continue;
      const what =
        `${described(block)} on "${entry.title}" has letters of ${letters(sized)} px, and ` +
        `${readable} are wanted: give it a slide of its own, or less to show`;
      // A drawing beside the text is made once, for the Lab: the talk shows it large.
      if (block.kind === 'picture' && !entry.talk) notes.push(what);
      else problems.add(what);
    }
  }
  problems.check();
  notes.push(...problems.lines);
  connect(talk, backup);
  const fonts = [...new Set([...measuredTalk.fonts, ...measured.fonts])];
  const excess = (block: Block, size: number) =>
    measuredTalk.excess(block, size) ?? measured.excess(block, size) ?? 1;
  return { name, title, talk, backup, fonts, notes, excess };
}

/** Links each slide of the talk to the page of the backup that shows its cell, and back. */
function connect(talk: Placed[], backup: Placed[]): void {
  const targets = talk.map(({ page }) => {
    const { cell, trail } = page.slide.mark?.from ?? { cell: 0, trail: [] };
    const shows = ({ page: { title, pieces } }: Placed) =>
      title?.cell === cell || pieces.some(({ block }) => block.cell === cell);
    const under = backup.findIndex((one) => shows(one) && one.entry.title === trail.at(-1));
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
  return `${number}-${named}`;
}

function unique(id: string, seen: Map<string, number>): string {
  const count = (seen.get(id) ?? 0) + 1;
  seen.set(id, count);
  return count === 1 ? id : `${id}-${count}`;
}
