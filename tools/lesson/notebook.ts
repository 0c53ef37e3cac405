/** A lesson's notebook as its rules read it: cells, sections, blocks of prose. */
import { readFileSync, statSync } from 'node:fs';
import { type Notebook as Json, joined, type MimeBundle } from '../notebooks/nbformat.ts';

export interface Cell {
  /** From 0. */
  index: number;
  id: string;
  /** 'code', 'markdown' or 'raw'. */
  type: string;
  source: string;
  tags: string[];
  /** For the lecturer. */
  notes: boolean;
  /** Whether the Lab hides its source. */
  folded: boolean;
  outputs: Output[];
  /** Of a code cell: the part of the lesson it stands in, 0 before the first. */
  section: number;
}

export interface Output {
  /** Of nbformat. */
  type: string;
  /** 'stdout' or 'stderr'. */
  stream?: string;
  data: MimeBundle;
  /** All that can be read. */
  text: string;
}

/** A paragraph, a heading, an item of a list, a row of a table. */
export interface Block {
  cell: Cell;
  /** Without formulas, code, addresses and marks. */
  text: string;
  /** `slide`: the title of a slide of the talk. */
  kind: 'heading' | 'text' | 'row' | 'slide';
  /** The part of the lesson. */
  section: number;
  /** Of a heading, 0 of all others. */
  level: number;
  /** The summary under which it is folded, '' if it is not. */
  folded: string;
}

export type Notebook = { cells: Cell[]; blocks: Block[]; bytes: number };

export function readNotebook(file: string): Notebook {
  return notebookOf(JSON.parse(readFileSync(file, 'utf8')), statSync(file).size);
}

export function notebookOf(json: Json, bytes = JSON.stringify(json).length): Notebook {
  let section = 0;
  const blocks: Block[] = [];
  const cells = json.cells.map((raw, index) => {
    const metadata = raw.metadata ?? {};
    const cell: Cell = {
      index,
      id: raw.id,
      type: raw.cell_type,
      source: joined(raw.source),
      tags: metadata.tags ?? [],
      notes: metadata.slideshow?.slide_type === 'notes',
      folded: metadata.jupyter?.source_hidden === true,
      outputs: (raw.outputs ?? []).map((output) => ({
        type: output.output_type,
        stream: output.name,
        data: output.data ?? {},
        text: [output.text, ...readable.map((type) => output.data?.[type])].map(joined).join('\n'),
      })),
      section,
    };
    if (cell.type === 'markdown') {
      const found = blocksOf(cell, section);
      blocks.push(...found);
      section = found.at(-1)?.section ?? section;
    }
    return cell;
  });
  return { cells, blocks, bytes };
}

const readable = ['text/plain', 'text/markdown', 'text/html'];

/** @param section where it begins */
function blocksOf(cell: Cell, section: number): Block[] {
  let folded = '';
  const blocks: Block[] = [];
  let open = false;
  for (const line of bare(cell.source).split('\n')) {
    const [, slide] = /^\s*<!-- slide: (.*?) -->/.exec(line) ?? [];
    const [, summary] = /<summary>(.*?)<\/summary>/.exec(line) ?? [];
    if (summary !== undefined) folded = plain(summary);
    const [, marks = '', part] = /^(#+) (?:(\d+) · )?/.exec(line) ?? [];
    if (marks.length === 2 && part) section = Number(part);
    const kind = slide ? 'slide' : marks ? 'heading' : /^\s*\|/.test(line) ? 'row' : 'text';
    const text = plain(slide ?? line.replace(/^#+ ([\d.]+ · )?/, ''));
    const level = marks.length;
    const continues = open && kind === 'text' && !/^\s*([-*+]|\d+\.)\s/.test(line);
    const last = blocks.at(-1);
    if (text && continues && last) last.text += ` ${text}`;
    else if (text) blocks.push({ cell, text, kind, section, level, folded });
    open = text !== '' && kind === 'text';
    if (line.includes('</details>')) folded = '';
  }
  return blocks;
}

/** Markdown without what is no prose: code, formulas. Lines stay lines. */
const bare = (source: string) =>
  source
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, ' `` ')
    .replace(/\$\$[\s\S]*?\$\$/g, '')
    .replace(/(?<!\\)\$[^$]*?(?<!\\)\$/g, ' $ ');

/** A line without its marks: tags, addresses, emphasis. */
const plain = (text: string) =>
  text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<!--.*?-->/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\*\*|__|^\s*>\s?/g, '')
    .replace(/[\s\u00a0]+/g, ' ')
    .trim();

/** The formulas and pieces of code that `bare` left out. */
const holes = /``|\$/g;

/** How many words a text has; a formula or a piece of code within it is one. */
export const words = (text: string) =>
  text.replace(holes, 'x').match(/[\p{L}\p{N}][^\s|]*/gu)?.length ?? 0;

/** The sentence of a text that stands at a place. */
export function sentenceAt(text: string, at: number) {
  const ends = [...text.matchAll(/[.!?:]["”*)]* (?=[\p{Lu}"“*(])/gu)].map(
    ({ index, 0: end }) => index + end.length,
  );
  const from = ends.filter((end) => end <= at).at(-1) ?? 0;
  const to = ends.find((end) => end > at) ?? text.length;
  return text.slice(from, to).replace(holes, '…').trim();
}
