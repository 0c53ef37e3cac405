/** What a slide is made of. A block is what stays together, or knows how it may be taken apart. */

import type { Figure } from './figure.ts';

interface Common {
  /** The cell it comes from, from 0. */
  cell: number;
  /** Appears when the lecturer goes on. */
  fragment?: boolean;
  /** Shown at this share of its size, since it fits on no page. */
  shrink?: number;
  /** The lecturer wants it beside the text. */
  beside?: boolean;
  /** How many words a reader sees, those in formulas, code and pictures not among them. */
  words?: number;
}

export interface Heading extends Common {
  kind: 'heading';
  level: number;
  html: string;
  text: string;
}
/** A paragraph, a quotation, anything that is not taken apart. */
export interface Prose extends Common {
  kind: 'prose';
  html: string;
  text: string;
}
export interface Formula extends Common {
  kind: 'formula';
  html: string;
}
export interface List extends Common {
  kind: 'list';
  ordered: boolean;
  start: number;
  items: string[];
}
export interface Table extends Common {
  kind: 'table';
  head: string;
  rows: string[];
}
export interface Code extends Common {
  kind: 'code';
  /** HTML of each line. */
  lines: string[];
  /** The plain text of each line. */
  text: string[];
  /** Lines to light one after another, from and to, from 0. */
  steps?: [number, number][];
}
/** What code printed. */
export interface Printed extends Common {
  kind: 'printed';
  lines: string[];
  error: boolean;
}
/** A question and its folded answer: the answer appears when the lecturer goes on. */
export interface Fold extends Common {
  kind: 'fold';
  summary: string;
  html: string;
}
export interface Drawing extends Common {
  kind: 'figure';
  figure: Figure;
}
export interface Picture extends Common {
  kind: 'picture';
  src: string;
  alt: string;
  caption: string;
  width: number;
  height: number;
  /** Of a drawing: its smallest letters, in its own pixels. */
  letters?: number;
}

export type Block =
  | Heading
  | Prose
  | Formula
  | List
  | Table
  | Code
  | Printed
  | Fold
  | Drawing
  | Picture;

/** A slide as the notebook marks it; of the backup it may take several pages, of the talk it is one. */
export interface Slide {
  blocks: Block[];
  /** Speaker notes, HTML. */
  notes: string;
  /** The heading it stands under, if it has none of its own; of the talk, its title. */
  under?: Heading;
  /** The section of the lesson. */
  section?: Heading;
  /** Set on slides of the talk. */
  mark?: Mark;
}

/** Where in the notebook a slide of the talk stands. */
export interface Mark {
  /** Its mark: the cell, from 0, and the line in it, from 1. */
  cell: number;
  line: number;
  /** What it shows first: the cell, and the headings above, outermost first. */
  from: { cell: number; trail: string[] };
  /** Headings of the notebook for which this is the slide: the first one at or after them. */
  sections: string[];
}

export const isGraphic = (block: Block): block is Drawing | Picture =>
  block.kind === 'figure' || block.kind === 'picture';
