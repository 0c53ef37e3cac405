/** The talk of a lesson: what its marks put on slides, all other text in the notes, and the rules. */
import { type Block, type Heading, isGraphic, type Slide } from './blocks.ts';
import { codeBlocks, noteHtml } from './cells.ts';
import { Images } from './images.ts';
import { type Context, markdownBlocks, marksIn } from './markdown.ts';
import { type Cell, joined, type Notebook } from './notebook.ts';
import type { Place, Problems } from './problems.ts';

/** What a slide of the talk may hold, and a talk. */
export const most = { title: 60, words: 60, wordsBeside: 40, codeLines: 12, slides: 15 };
const least = { slides: 12, printedLines: 3 };

interface Open {
  slide: Slide;
  place: Place;
}

/**
 * @param problems what cannot be shown
 * @param rules what breaks a rule of the talk
 */
export function talkSlides(
  notebook: Notebook,
  file: string,
  language: string,
  problems: Problems,
  rules: Problems,
): Slide[] {
  const talk: Open[] = [];
  /** Headings since the slide before showed something: the next slide is theirs. */
  let waiting: string[] = [];
  /** Headings that no text has followed yet: they go to the notes of the slide whose text does. */
  let headingsBefore: Block[] = [];
  const trail: { level: number; text: string }[] = [];
  const show = ({ slide }: Open, cell: number, blocks: Block[]) => {
    if (slide.mark && slide.blocks.length === 0) {
      const from = { cell, trail: trail.map(({ text }) => text) };
      Object.assign(slide.mark, { from, sections: waiting });
      waiting = [];
    }
    slide.blocks.push(...blocks);
  };
  for (const [index, cell] of notebook.cells.entries()) {
    const place = { cell: index + 1, id: cell.id };
    const images = new Images(file, cell.attachments);
    const context: Context = { cell: index, place, problems, images };
    const tags = cell.metadata.tags ?? [];
    const lessonOnly = tags.includes('lesson-only');
    if (cell.cell_type === 'code' && tags.includes('core')) {
      const open = talk.at(-1);
      if (lessonOnly) rules.add('`core` and `lesson-only` exclude one another', place);
      else if (!open) rules.add('`core` before the first <!-- slide: … -->', place);
      else show(open, index, coreOfCode(cell, tags, language, context, rules));
    }
    if (cell.cell_type !== 'markdown') continue;
    const source = joined(cell.source);
    const { marks, headings } = marksIn(source);
    if (lessonOnly && marks.length > 0) {
      rules.add('a cell for the lesson only has no part in the talk', place);
    }
    const skipped = lessonOnly || cell.metadata.slideshow?.slide_type === 'skip';
    if (skipped && marks.length === 0) continue;

    let core: number | undefined; // the line where it began
    /** The lines of the slide that is open, the others empty, so that problems tell their line. */
    const lines = source.split('\n');
    const [shown, said] = [lines.map(() => ''), lines.map(() => '')];
    const close = () => {
      const open = talk.at(-1);
      if (open) {
        const notes = [...headingsBefore, ...markdownBlocks(said.join('\n'), context)];
        const text = notes.map(({ kind }) => kind !== 'heading').lastIndexOf(true) + 1;
        headingsBefore = notes.splice(text);
        open.slide.notes += notes.map(noteHtml).join('\n');
      }
      said.fill('');
    };
    const closeCore = () => {
      const open = talk.at(-1);
      if (open) show(open, index, markdownBlocks(shown.join('\n'), context));
      shown.fill('');
      core = undefined;
    };
    for (const [at, text] of lines.entries()) {
      const here = { ...place, line: at + 1 };
      const mark = marks.find(({ line }) => line === at);
      const title = headings.find(({ line }) => line === at);
      if (title) {
        while (trail.length > 0 && trail[trail.length - 1].level >= title.level) trail.pop();
        if (title.level > 1) trail.push(title);
        if (title.level > 1) waiting.push(title.text);
        if (core !== undefined) {
          rules.add('a heading inside of core: the title of a slide is its mark', here);
        }
      }
      if (!mark) {
        if (core !== undefined) shown[at] = text;
        else said[at] = text;
        continue;
      }
      if (mark.kind === 'misplaced') {
        problems.add(
          'a mark of the talk is written `<!-- slide: Title -->`, `<!-- core -->` or `<!-- /core -->`, ' +
            'on a line of its own, outside of lists, quotations and folded answers',
          here,
        );
      } else if (mark.kind === 'slide') {
        if (core !== undefined) {
          rules.add('a slide begins inside of core: <!-- /core --> first', here);
          closeCore();
        }
        close();
        const under = titleOf(mark.title, at, context, rules);
        const where = { cell: index, line: at + 1, from: { cell: index, trail: [] }, sections: [] };
        talk.push({ slide: { blocks: [], notes: '', under, mark: where }, place: here });
      } else if (mark.kind === 'core') {
        if (talk.length === 0) rules.add('<!-- core --> before the first <!-- slide: … -->', here);
        if (core !== undefined) rules.add('<!-- core --> inside of core', here);
        core = at;
      } else if (core === undefined) {
        rules.add('<!-- /core --> without <!-- core -->', here);
      } else {
        closeCore();
      }
    }
    if (core !== undefined) {
      rules.add('<!-- core --> without <!-- /core --> in its cell', { ...place, line: core + 1 });
      closeCore();
    }
    close();
  }
  for (const open of talk) judge(open, rules);
  if (talk.length > 0 && (talk.length < least.slides || talk.length > most.slides)) {
    rules.add(
      `a talk has ${least.slides} to ${most.slides} slides, and ${talk.length} are marked; the last is ` +
        `"${talk[talk.length - 1].slide.under?.text}"`,
      talk[talk.length - 1].place,
    );
  }
  return talk.map(({ slide }) => slide).filter(({ blocks }) => blocks.length > 0);
}

function coreOfCode(
  cell: Cell,
  tags: string[],
  language: string,
  context: Context,
  rules: Problems,
): Block[] {
  const blocks = codeBlocks(cell, tags, language, context);
  for (const block of blocks) {
    // The words of a table that was computed are its data.
    if (block.kind === 'table') block.words = 0;
  }
  if (blocks.length === 0)
    rules.add('tagged `core`, and nothing of it is to be seen', context.place);
  return blocks;
}

/** The title of a mark as a heading; it may hold mathematics and code. */
function titleOf(title: string, at: number, context: Context, rules: Problems): Heading {
  const place = { ...context.place, line: at + 1 };
  const [found] = markdownBlocks(`${'\n'.repeat(at)}# ${title}`, context);
  const heading = { ...(found as Heading), level: 2 };
  const { length } = heading.text;
  if (length === 0) rules.add('a slide without a title', place);
  if (length > most.title) {
    rules.add(
      `the title has ${length} characters, and ${most.title} are the most: ${title}`,
      place,
    );
  }
  if (/^(§|[Ss]ection\b|\d+(\.\d+)*\s*[·:)]|\d+(\.\d+)+\s+\p{Lu}|\d+\.\s)/u.test(heading.text)) {
    rules.add(`the title "${title}" is a section's number, and should be a claim`, place);
  }
  return heading;
}

/** Words, lines and pictures of a slide. */
function judge({ slide: { blocks, under }, place }: Open, rules: Problems): void {
  const refuse = (what: string) => rules.add(`the slide "${under?.text}" ${what}`, place);
  if (blocks.length === 0) {
    refuse('shows nothing: put what it shows between core marks');
    return;
  }
  const beside = blocks.some((block) => isGraphic(block) || block.kind === 'formula');
  const words = blocks.reduce((sum, block) => sum + (block.words ?? 0), 0);
  const limit = beside ? most.wordsBeside : most.words;
  if (words > limit) {
    refuse(
      `has ${words} words, and ${limit} are the most ${beside ? 'beside a figure or formula' : 'on a slide'}`,
    );
  }
  for (const block of blocks) {
    if (block.kind === 'code' && block.lines.length > most.codeLines) {
      refuse(
        `shows ${block.lines.length} lines of code (cell ${block.cell + 1}), and ${most.codeLines} are the most`,
      );
    }
  }
  const printed = blocks.map((block) => (block.kind === 'printed' ? block.lines.length : Infinity));
  const lines = printed.reduce((sum, count) => sum + count, 0);
  if (lines < least.printedLines) {
    refuse(`is nothing but ${lines === 1 ? 'a printed line' : `${lines} printed lines`}`);
  }
  const pictures = blocks.filter(isGraphic).length;
  if (pictures > 2) refuse(`has ${pictures} figures, and two are the most`);
}

/** The slide that opens a talk: the lesson's title, and the paragraph under it; the rest is said. */
export function cover([{ blocks }]: Slide[]): Slide {
  const at = blocks.findIndex((block) => block.kind === 'heading' && block.level === 1);
  const title = blocks[Math.max(0, at)];
  const [next] = blocks.slice(at + 1);
  const opening = [title, ...(next?.kind === 'prose' ? [next] : [])];
  const sections = title.kind === 'heading' ? [title.text] : [];
  const { cell } = title;
  const more = blocks.filter((block) => block.cell === cell && !opening.includes(block));
  return {
    blocks: opening,
    notes: more.map(noteHtml).join('\n'),
    mark: { cell, line: 1, from: { cell, trail: [] }, sections },
  };
}
