// @ts-check
/** A lesson's notebook as its rules read it: cells, sections, blocks of prose. */
import { readFileSync, statSync } from 'node:fs';

/**
 * @typedef {object} Cell
 * @property {number} index from 0
 * @property {string} id
 * @property {'code' | 'markdown' | 'raw'} type
 * @property {string} source
 * @property {string[]} tags
 * @property {boolean} notes for the lecturer
 * @property {boolean} folded whether the Lab hides its source
 * @property {Output[]} outputs
 * @property {number} section of a code cell: the part of the lesson it stands in, 0 before the first
 *
 * @typedef {object} Output
 * @property {string} type of nbformat
 * @property {string} [stream] 'stdout' or 'stderr'
 * @property {Record<string, any>} data
 * @property {string} text all that can be read
 *
 * @typedef {object} Block a paragraph, a heading, an item of a list, a row of a table
 * @property {Cell} cell
 * @property {string} text without formulas, code, addresses and marks
 * @property {'heading' | 'text' | 'row' | 'slide'} kind `slide`: the title of a slide of the talk
 * @property {number} section the part of the lesson
 * @property {number} level of a heading, 0 of all others
 * @property {string} folded the summary under which it is folded, '' if it is not
 *
 * @typedef {{ cells: Cell[], blocks: Block[], bytes: number }} Notebook
 */

/** @param {string} file @returns {Notebook} */
export function readNotebook(file) {
  return notebookOf(JSON.parse(readFileSync(file, 'utf8')), statSync(file).size);
}

/** @param {any} json @param {number} bytes @returns {Notebook} */
export function notebookOf(json, bytes = JSON.stringify(json).length) {
  let section = 0;
  /** @type {Block[]} */
  const blocks = [];
  const cells = json.cells.map((/** @type {any} */ raw, /** @type {number} */ index) => {
    const metadata = raw.metadata ?? {};
    /** @type {Cell} */
    const cell = {
      index,
      id: raw.id,
      type: raw.cell_type,
      source: joined(raw.source),
      tags: metadata.tags ?? [],
      notes: metadata.slideshow?.slide_type === 'notes',
      folded: metadata.jupyter?.source_hidden === true,
      outputs: (raw.outputs ?? []).map((/** @type {any} */ output) => ({
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

/** @param {unknown} text */
const joined = (text) => [text ?? ''].flat().join('');

/**
 * @param {Cell} cell
 * @param {number} section where it begins
 * @returns {Block[]}
 */
function blocksOf(cell, section) {
  let folded = '';
  /** @type {Block[]} */
  const blocks = [];
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

/** Markdown without what is no prose: code, formulas. Lines stay lines. @param {string} source */
const bare = (source) =>
  source
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, ' `` ')
    .replace(/\$\$[\s\S]*?\$\$/g, '')
    .replace(/(?<!\\)\$[^$]*?(?<!\\)\$/g, ' $ ');

/** A line without its marks: tags, addresses, emphasis. @param {string} text */
const plain = (text) =>
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

/** How many words a text has; a formula or a piece of code within it is one. @param {string} text */
export const words = (text) => text.replace(holes, 'x').match(/[\p{L}\p{N}][^\s|]*/gu)?.length ?? 0;

/** The sentence of a text that stands at a place. @param {string} text @param {number} at */
export function sentenceAt(text, at) {
  const ends = [...text.matchAll(/[.!?:]["”*)]* (?=[\p{Lu}"“*(])/gu)].map(
    ({ index, 0: end }) => index + end.length,
  );
  const from = ends.filter((end) => end <= at).at(-1) ?? 0;
  const to = ends.find((end) => end > at) ?? text.length;
  return text.slice(from, to).replace(holes, '…').trim();
}
