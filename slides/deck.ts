/** Cells become slides: as the slide types say, with tags for what they cannot. */
import { basename } from 'node:path';
import type { Heading, Slide } from './blocks.ts';
import { codeBlocks, noteHtml } from './cells.ts';
import { Images } from './images.ts';
import { type Context, markdownBlocks } from './markdown.ts';
import { joined, type Notebook } from './notebook.ts';
import { Problems } from './problems.ts';
import { cover, talkSlides } from './talk.ts';

export interface Lesson {
  /** File name without extension: '02-additive-attention'. */
  name: string;
  title: string;
  /** Its cover and the slides that its marks make; empty if it has no marks yet. */
  talk: Slide[];
  /** The whole notebook, as its slide types say. */
  backup: Slide[];
  cells: { id: string }[];
  /** What was let pass: in a draft what breaks a rule of the talk, in a foreign notebook everything. */
  notes: string[];
}

/**
 * @param file path of the notebook: images lie beside it
 * @param options `draft` lets pass what breaks only a rule of the talk, `lenient` everything else, too
 * @throws {DeckError} with all problems of the notebook
 */
export function readLesson(
  notebook: Notebook,
  file: string,
  { draft = false, lenient = false } = {},
): Lesson {
  const problems = new Problems(basename(file), lenient);
  const rules = draft ? new Problems(basename(file)) : problems;
  const name = basename(file, '.ipynb');
  const code = notebook.cells.filter(
    (cell) => cell.cell_type === 'code' && joined(cell.source).trim(),
  );
  if (code.length > 0 && code.every((cell) => cell.execution_count == null)) {
    const [, number] = /^(\d\d)-/.exec(name) ?? [];
    const how = number ? `npm run notebooks -- ${number}` : 'run all its cells and save it';
    problems.add(`no outputs, since it was never executed: ${how}`);
    problems.check();
  }
  const typed = notebook.cells.some(({ metadata }) => metadata.slideshow?.slide_type);
  const slides: Slide[] = [];
  let section: Heading | undefined;
  let heading: Heading | undefined;
  let title: Heading | undefined;
  const language = notebook.metadata.language_info?.name ?? 'typescript';
  for (const [index, cell] of notebook.cells.entries()) {
    // Without slide types a chapter or section begins a slide.
    const begins = !typed && cell.cell_type === 'markdown' && /^##? /.test(joined(cell.source));
    const type = cell.metadata.slideshow?.slide_type ?? (begins ? 'slide' : '-');
    const tags = cell.metadata.tags ?? [];
    if (type === 'skip' || cell.cell_type === 'raw') continue;
    const place = { cell: index + 1, id: cell.id };
    const images = new Images(file, cell.attachments);
    const context: Context = { cell: index, place, problems, images };
    const blocks =
      cell.cell_type === 'markdown'
        ? markdownBlocks(joined(cell.source), context)
        : codeBlocks(cell, tags, language, context);
    if (type === 'notes') {
      const [last] = slides.slice(-1);
      if (last) last.notes += blocks.map(noteHtml).join('\n');
      else problems.add('notes before the first slide', place);
      continue;
    }
    if (type === 'slide' || type === 'subslide' || slides.length === 0) {
      slides.push({ blocks: [], notes: '', under: heading, section });
    }
    // What stands before a section's heading in the same cell ends the slide before.
    const begin = blocks.findIndex((block) => block.kind === 'heading' && block.level <= 2);
    if (type === 'slide' && begin > 0 && slides.length > 1) {
      const [before] = slides.slice(-2);
      before.blocks.push(...blocks.splice(0, begin));
    }
    for (const block of blocks) {
      if (block.kind === 'heading') {
        heading = block;
        if (block.level === 1) title ??= block;
        if (block.level <= 2) section = block.level === 2 ? block : undefined;
      }
      if (type === 'fragment') block.fragment = true;
    }
    const [slide] = slides.slice(-1);
    if (slide.blocks.length === 0 && blocks[0]?.kind === 'heading') slide.section = section;
    slide.blocks.push(...blocks);
  }
  const filled = slides.filter(({ blocks }) => blocks.length > 0);
  if (filled.length === 0) problems.add('no slide: mark cells with a slide type in JupyterLab');
  const marked = talkSlides(notebook, file, language, problems, rules);
  problems.check();
  const cells = notebook.cells.map(({ id }) => ({ id }));
  const talk = marked.length > 0 ? [cover(filled), ...marked] : [];
  return {
    name,
    title: title?.text ?? name,
    talk,
    backup: filled,
    cells,
    notes: [...new Set([...problems.lines, ...rules.lines])],
  };
}
