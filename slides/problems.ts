/** What is wrong with a notebook or a slide, said with the place where it can be mended. */
export interface Place {
  /** Position in the notebook, from 1. */
  cell?: number;
  /** The cell's own id, which stays when cells move. */
  id?: string;
  /** Line within the cell, from 1. */
  line?: number;
}

/** One or more problems of one notebook: one line for each. */
export class DeckError extends Error {
  override name = 'DeckError';
}

/** Collects problems, so that a lecturer mends them all at once. */
export class Problems {
  readonly lines: string[] = [];

  /** @param lenient whether they are warnings: what is wrong is shown as well as it can be */
  constructor(
    readonly notebook: string,
    private readonly lenient = false,
  ) {}

  add(message: string, { cell, id, line }: Place = {}): void {
    const place = [
      this.notebook,
      cell === undefined ? [] : id ? `cell ${cell} (${id})` : `cell ${cell}`,
      line === undefined ? [] : `line ${line}`,
    ].flat();
    const said = `${place.join(', ')}: ${message}`;
    // A cell is read for the talk and for the backup, and its problem is one.
    if (!this.lines.includes(said)) this.lines.push(said);
  }

  /** @throws {DeckError} if there is a problem that is no mere warning */
  check(): void {
    if (this.lines.length > 0 && !this.lenient) throw new DeckError(this.lines.join('\n'));
  }
}
