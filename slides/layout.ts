/**
 * Lays slides out on pages. A slide of the notebook that fits is one page, in the largest letters in
 * which it fits; one that does not is continued on further pages, cut where it hurts least. Figures
 * take the room that the text leaves, below it or beside it.
 */
import { type Block, type Heading, isGraphic, type Slide } from './blocks.ts';
import { fit, letters, readable, type Sized, smallestLetter } from './figure.ts';

export const page = { width: 1280, height: 720 };
/** The room between the margins; half of it for each of two figures; text and a figure beside it. */
export const room = { width: 1136, half: 548, text: 470, figure: 626, bottom: 668 };
/** Where a slide of the talk ends if it can: some air above the foot. */
const airy = 652;
/** Sizes of letters, in pixels of a page. The last is only for what fits in no other way. */
export const sizes = [26, 24, 22, 20];
const usual = 24;
/** Of the talk: fewer words, larger letters. Beside a figure, which wants the room, not the largest. */
export const talkSizes = [36, 32, 28, 26, 24];
const largestBeside = 28;
/** Widths come rounded. */
export const tolerance = 1.005;

export interface Extent {
  /** Of the whole block. */
  height: number;
  /** Of the parts at which it may be cut: lines, rows, items. Empty if it may not. */
  parts: number[];
  /** By which factor it is too wide; 1 if it fits. */
  excess: number;
}

export interface Measured {
  /** By size, then by block of the slide. */
  full: Record<number, Extent[]>;
  narrow: Record<number, Extent[]>;
  /** Height of the page's head with this heading, from the top of the page. */
  head: (heading: Heading | undefined) => number;
}

export interface Piece {
  block: Block;
  /** Which parts, from and to (exclusive); undefined for a whole block. */
  parts?: [number, number];
  sized?: Sized;
}

export interface Page {
  slide: Slide;
  title?: Heading;
  /** Which page of the slide under this title, from 1; `of` is how many there are. */
  part: number;
  of: number;
  size: number;
  pieces: Piece[];
  beside: boolean;
}

interface Atom {
  block: number;
  part: number;
  of: number;
}

interface Arranged {
  cost: number;
  pieces: Piece[];
  beside: boolean;
  title?: Heading;
}

/** Space between blocks, in the size of the letters. */
export const gap = 0.7;
const captionGap = 8;

/**
 * @returns the pages of a slide
 * @throws {RangeError} that names what does not fit, if nothing helps
 */
export function layOut(slide: Slide, measured: Measured): Page[] {
  for (const size of sizes.slice(0, 3)) {
    const atoms = atomsOf(slide, measured.full[size]);
    const whole = arrange(slide, measured, size, atoms, 0, atoms.length);
    if (whole && whole.cost < 160) return number(slide, [whole], size);
  }
  for (const size of [usual, 22, 20]) {
    const found = best(slide, measured, size);
    if (found) return number(slide, found, size);
  }
  throw new RangeError(whatIsTooLarge(slide, measured));
}

/**
 * @returns the one page of a slide of the talk
 * @throws {RangeError} that says what takes the room, if it does not fit
 */
export function layOutTalk(slide: Slide, measured: Measured): Page {
  const graphic = slide.blocks.some(isGraphic);
  const found = talkSizes
    .filter((size) => !graphic || size <= largestBeside)
    .flatMap((size) => {
      const atoms = atomsOf(slide, measured.full[size]);
      return [airy, room.bottom].flatMap((bottom) => {
        const whole = arrange(slide, measured, size, atoms, 0, atoms.length, bottom);
        if (!whole) return [];
        const wrapped = slide.blocks.some(
          ({ kind }, i) => kind === 'code' && wraps(measured.full[size][i]),
        );
        const cost =
          (graphic ? whole.cost : 0) - 2 * size + (bottom === airy ? 0 : 12) + (wrapped ? 25 : 0);
        return [{ whole, size, cost }];
      });
    })
    .sort((a, b) => a.cost - b.cost)[0];
  if (!found) throw new RangeError(whatTakesTheRoom(slide, measured));
  return number(slide, [found.whole], found.size)[0];
}

/** Whether a line of code is broken. */
const wraps = ({ parts }: Extent) => Math.max(...parts) > 1.5 * Math.min(...parts);

function number(slide: Slide, found: Arranged[], size: number): Page[] {
  const pages = found.map(({ pieces, beside, title }) => {
    return { slide, title, part: 1, of: 1, size, pieces, beside };
  });
  for (const [i, one] of pages.entries()) {
    if (i > 0 && pages[i - 1].title === one.title) one.part = pages[i - 1].part + 1;
  }
  for (const one of pages) one.of = pages.filter(({ title }) => title === one.title).length;
  return pages;
}

function atomsOf({ blocks }: Slide, extents: Extent[]): Atom[] {
  return blocks.flatMap((_, block) => {
    const of = Math.max(1, extents[block].parts.length);
    return Array.from({ length: of }, (_, part) => ({ block, part, of }));
  });
}

/** The cheapest way to cut the slide into pages: dynamic programming over the places to cut. */
function best(slide: Slide, measured: Measured, size: number): Arranged[] | undefined {
  const atoms = atomsOf(slide, measured.full[size]);
  const ways: ({ cost: number; from: number; last?: Arranged } | undefined)[] = [
    { cost: 0, from: 0 },
  ];
  for (let to = 1; to <= atoms.length; to++) {
    for (let from = to - 1; from >= 0; from--) {
      const before = ways[from];
      if (!before) continue;
      const last = arrange(slide, measured, size, atoms, from, to);
      if (!last) {
        // More atoms do not make it fit again, except that a heading moves into the head.
        if (to - from > 60) break;
        continue;
      }
      const cost = before.cost + last.cost + (from > 0 ? cutCost(slide, atoms, from) : 0);
      if (cost < (ways[to]?.cost ?? Infinity)) ways[to] = { cost, from, last };
    }
  }
  const pages: Arranged[] = [];
  for (let at = atoms.length; at > 0; ) {
    const way = ways[at];
    if (!way?.last || way.cost === Infinity) return undefined;
    pages.unshift(way.last);
    at = way.from;
  }
  return pages;
}

/** How much it hurts to turn the page before this atom. */
function cutCost({ blocks }: Slide, atoms: Atom[], at: number): number {
  const { block, part, of } = atoms[at];
  const here = blocks[block];
  if (part > 0) {
    if (here.kind === 'code') {
      const line = here.text[part];
      if (!here.text[part - 1].trim())
        return /^(export|async|function|class|\/\*\*)/.test(line) ? 15 : 35;
      const orphan = part < 3 || of - part < 3 ? 60 : 0;
      return orphan + (/^[\s)\]}]/.test(line) ? 90 : 50);
    }
    const orphan = part < 2 || of - part < 2 ? 30 : 0;
    return orphan + (here.kind === 'list' ? 25 : 50);
  }
  const before = blocks[block - 1];
  if (before.kind === 'heading') {
    return here.kind === 'heading' && here.level <= before.level ? 0 : Infinity;
  }
  if (here.kind === 'heading') return -40;
  if (here.kind === 'formula') return 50;
  if (before.kind === 'formula') return 15;
  if (here.kind === 'printed') return 40;
  if (before.kind === 'prose' && /:\s*$/.test(before.text)) return 60;
  if (isGraphic(here) && before.kind === 'prose') return 25;
  if (before.kind === 'prose' && /^(code|list|table)$/.test(here.kind)) {
    return before.text.length < 60 ? 70 : 20; // the name of a file, "two things to notice"
  }
  return here.cell === before.cell ? 0 : -10;
}

/** Puts some atoms on one page; undefined if they do not fit. */
function arrange(
  slide: Slide,
  measured: Measured,
  size: number,
  atoms: Atom[],
  from: number,
  to: number,
  bottom = room.bottom,
): Arranged | undefined {
  const { blocks } = slide;
  let first = from;
  const opening = blocks[atoms[from].block];
  let title = slide.under;
  if (opening.kind === 'heading') {
    title = opening;
    first++;
  } else {
    for (const { block } of atoms.slice(0, from)) {
      const heading = blocks[block];
      if (heading.kind === 'heading') title = heading;
    }
  }
  const pieces = piecesOf(blocks, atoms.slice(first, to));
  if (pieces.length === 0) return { cost: 140, pieces, beside: false, title };
  // A heading of the same rank begins a page of its own.
  if (pieces.some(({ block }) => block.kind === 'heading' && block.level <= (title?.level ?? 2))) {
    return undefined;
  }
  const height = bottom - measured.head(title);
  const space = gap * size;
  const graphics = pieces.filter(({ block }) => isGraphic(block));
  const texts = pieces.filter(({ block }) => !isGraphic(block));
  if (graphics.length > 2) return undefined;
  const extent = (piece: Piece, width: 'full' | 'narrow') => {
    const { parts, height: whole, excess } = measured[width][size][blocks.indexOf(piece.block)];
    if (excess > tolerance && (piece.block.kind !== 'formula' || (size * 1.1) / excess < 17))
      return Infinity;
    if (!piece.parts) return whole;
    const [a, b] = piece.parts;
    const total = parts.reduce((sum, part) => sum + part, 0);
    return whole - total + parts.slice(a, b).reduce((sum, part) => sum + part, 0);
  };
  const stacked = (some: Piece[], width: 'full' | 'narrow') =>
    some.reduce((sum, piece) => sum + extent(piece, width), 0) +
    space * Math.max(0, some.length - 1);
  const text = stacked(texts, 'full');
  const emptiness = (used: number) => 30 * ((height - used) / height) ** 2;
  if (graphics.length === 0) {
    return text <= height
      ? { cost: 100 + emptiness(text), pieces, beside: false, title }
      : undefined;
  }
  const [one] = graphics;
  const options: Arranged[] = [];
  const offer = (width: number, left: number, beside: boolean, bias: number) => {
    if (left < 180) return;
    const captions = measured[width === room.width ? 'full' : 'narrow'][size];
    const sizes = graphics.map(({ block }) => {
      const caption = captions[blocks.indexOf(block)].height;
      return sizeOf(block, width, left - (caption > 0 ? caption + captionGap : 0));
    });
    const small = Math.max(
      0,
      1 - (Math.min(...sizes.map(({ zoom }) => zoom)) / readable) * smallestLetter,
    );
    const refused = sizes.some((sized) => letters(sized) < readable);
    const worst = Math.min(
      ...sizes.map(({ width, height, zoom }) => zoom * Math.min(1, (width * height) / 240_000)),
    );
    const placed = pieces.map((piece) => {
      const i = graphics.indexOf(piece);
      return i < 0 ? piece : { ...piece, sized: sizes[i] };
    });
    options.push({
      // Small letters are refused in the end: only if there is no other way, so that it is said.
      cost: 100 + bias + 120 * Math.max(0, 1.3 - worst) + (refused ? 300 : 0) + 700 * small,
      pieces: placed,
      beside,
      title,
    });
  };
  const forced = graphics.some(({ block }) => block.beside);
  const across = graphics.length === 1 ? room.width : room.half;
  const below = height - text - (texts.length > 0 ? space : 0);
  if (text <= height) offer(across, below, false, forced ? 300 : 0);
  if (graphics.length === 1 && texts.length > 0) {
    const column = stacked(texts, 'narrow');
    const squeezed = texts.some(
      (piece) =>
        piece.block.kind === 'table' && extent(piece, 'narrow') > 1.3 * extent(piece, 'full'),
    );
    // Beside one another, text comes before the figure however the cells are ordered.
    const last = pieces.indexOf(one) === pieces.length - 1;
    if (column <= height && !squeezed) offer(room.figure, height, true, last || forced ? 0 : 15);
  }
  return options.sort((a, b) => a.cost - b.cost)[0];
}

function piecesOf(blocks: Block[], atoms: Atom[]): Piece[] {
  const pieces: Piece[] = [];
  for (const { block, part, of } of atoms) {
    const last = pieces[pieces.length - 1];
    if (last?.block === blocks[block] && last.parts) last.parts[1] = part + 1;
    else pieces.push({ block: blocks[block], parts: of > 1 ? [part, part + 1] : undefined });
  }
  for (const piece of pieces) {
    if (piece.parts && piece.block.kind === 'code') {
      // Where the page is turned, an empty line is no longer needed.
      const { text } = piece.block;
      while (piece.parts[0] < piece.parts[1] && !text[piece.parts[0]].trim()) piece.parts[0]++;
      while (piece.parts[0] < piece.parts[1] && !text[piece.parts[1] - 1].trim()) piece.parts[1]--;
    }
    const [atom] = atoms.filter(({ block }) => blocks[block] === piece.block);
    if (piece.parts && piece.parts[1] - piece.parts[0] === atom.of) piece.parts = undefined;
  }
  return pieces.filter(({ parts }) => !parts || parts[0] < parts[1]);
}

function sizeOf(block: Block, width: number, height: number): Sized {
  if (block.kind === 'figure') return fit(block.figure, width, height);
  if (block.kind !== 'picture') throw new TypeError('only pictures have a size');
  const { letters } = block;
  const zoom = Math.min(width / block.width, height / block.height, 2);
  return {
    width: block.width * zoom,
    height: block.height * zoom,
    zoom: letters === undefined ? 1.4 : (zoom * letters) / smallestLetter,
    share: zoom,
  };
}

function whatTakesTheRoom(slide: Slide, measured: Measured): string {
  const smallest = talkSizes[talkSizes.length - 1];
  const extents = measured.full[smallest];
  const wide = slide.blocks.findIndex((block, i) => extents[i].excess > 1.15 && !isGraphic(block));
  if (wide >= 0)
    return `${described(slide.blocks[wide])} is ${extents[wide].excess.toFixed(1)} times as wide as the page`;
  const [opening] = slide.blocks;
  const title = opening?.kind === 'heading' ? opening : slide.under;
  const height = Math.floor(room.bottom - measured.head(title));
  const taken = slide.blocks
    .map((block, i) => ({ block, height: Math.ceil(extents[i].height) }))
    .filter(({ block }) => !isGraphic(block) && block !== title)
    .sort((a, b) => b.height - a.height)
    .map(({ block, height }) => `${described(block)} takes ${height}`);
  const figure = slide.blocks.some(isGraphic) ? ', and the figure needs 180 at least' : '';
  return `there are ${height} pixels under the title: ${taken.slice(0, 3).join(', ')}${figure}`;
}

function whatIsTooLarge({ blocks }: Slide, measured: Measured): string {
  const smallest = sizes[sizes.length - 1];
  const extents = measured.full[smallest];
  const wide = blocks.findIndex((block, i) => extents[i].excess > 1.15 && !isGraphic(block));
  if (wide >= 0)
    return `${described(blocks[wide])} is ${extents[wide].excess.toFixed(1)} times as wide as the page`;
  const tall = blocks
    .map((block, i) => ({ block, height: uncut(extents[i]) }))
    .sort((a, b) => b.height - a.height)[0];
  return `${described(tall.block)} does not fit on a page`;
}

/** The height of what may not be cut: a block, or its largest part. */
const uncut = ({ height, parts }: Extent) => Math.max(...(parts.length > 0 ? parts : [height]));

/**
 * For a foreign notebook: what is too wide or too tall for a page gets smaller letters.
 *
 * @returns the blocks as they will be measured, and what was done, in words
 */
export function shrunk(slide: Slide, measured: Measured): { measured: Measured; said: string[] } {
  const said: string[] = [];
  const smallest = sizes[sizes.length - 1];
  const space = room.bottom - Math.max(...slide.blocks.map(headOf), headOf(slide.under)) - 20;
  function headOf(block: Block | undefined) {
    return block === undefined || block.kind === 'heading' ? measured.head(block) : 0;
  }
  for (const [i, block] of slide.blocks.entries()) {
    const extent = measured.full[smallest][i];
    const [across, down] = [1 / extent.excess, space / uncut(extent)];
    if (isGraphic(block) || (across > 0.99 && down > 1)) continue;
    // Smaller letters make shorter lines, too: half the size takes a quarter of the height.
    block.shrink = 0.97 * Math.min(across, down > 1 ? 1 : across < 0.99 ? down : Math.sqrt(down));
    said.push(`${described(block)} is shown at ${Math.round(100 * block.shrink)} % of its size`);
  }
  const smaller = (extents: Record<number, Extent[]>) =>
    Object.fromEntries(
      Object.entries(extents).map(([size, all]) => [
        size,
        all.map((extent, i) => {
          const { shrink } = slide.blocks[i];
          if (shrink === undefined) return extent;
          if (Number(size) !== smallest) return { ...extent, height: Infinity };
          const height = Math.min(space, extent.height * shrink);
          return { height, parts: extent.parts.map((part) => part * shrink), excess: 1 };
        }),
      ]),
    );
  const { full, narrow, head } = measured;
  return { measured: { full: smaller(full), narrow: smaller(narrow), head }, said };
}

export function described(block: Block): string {
  const names: Record<Block['kind'], string> = {
    heading: 'a heading',
    prose: 'a paragraph',
    formula: 'a formula',
    list: 'a list',
    table: 'a table',
    code: 'the code',
    printed: 'the printed output',
    fold: 'a question with its answer',
    figure: 'a figure',
    picture: 'a picture',
  };
  const text =
    block.kind === 'prose' || block.kind === 'heading' ? ` "${block.text.slice(0, 50)}…"` : '';
  return `${names[block.kind]}${text} (cell ${block.cell + 1})`;
}
