/** A notebook's JSON, nbformat 4, as far as the tools read it. */

export interface Notebook {
  cells: Cell[];
  metadata?: object;
  nbformat?: number;
}

export interface Cell {
  cell_type: string;
  id: string;
  source: string | string[];
  metadata: CellMetadata;
  outputs?: Output[];
  execution_count?: number | null;
}

interface CellMetadata {
  tags?: string[];
  slideshow?: { slide_type?: string };
  collapsed?: boolean;
  jupyter?: { source_hidden?: boolean };
  nbgrader?: Nbgrader;
}

/** What nbgrader keeps on a cell. */
interface Nbgrader {
  grade_id: string;
  grade?: boolean;
  solution?: boolean;
  locked?: boolean;
  points?: number;
}

export interface Output {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: MimeBundle;
  metadata?: Record<string, unknown>;
}

export type MimeBundle = Record<string, unknown>;

/** Plotly's type of a figure among the data of an output. */
export const plotlyMime = 'application/vnd.plotly.v1+json';

/** Text in a notebook is a string or its lines. */
export const joined = (text: unknown): string => [text ?? ''].flat().join('');
