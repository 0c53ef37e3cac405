/** Numbers for tokens and back. Ids 0, 1, 2 are the same in every vocabulary. */
export class Vocabulary {
  /** Fills up short sequences of a batch; masks hide it. */
  static readonly PAD = 0;
  /** Stands before the first token of an output. */
  static readonly START = 1;
  /** Stands after the last token of an output. */
  static readonly END = 2;

  readonly tokens: readonly string[];
  private readonly ids: Map<string, number>;

  /** @param tokens all tokens, each once, without the three special ones */
  constructor(tokens: readonly string[]) {
    this.tokens = ['<pad>', '<start>', '<end>', ...tokens];
    this.ids = new Map(this.tokens.map((token, id) => [token, id]));
    if (this.ids.size !== this.tokens.length) throw new Error('vocabulary: a token occurs twice');
  }

  /** How many ids there are, the three special ones included. */
  get size(): number {
    return this.tokens.length;
  }

  /** @throws if a token is unknown: `"é" (position 3 of 4) is not in the vocabulary: A B C …` */
  encode(tokens: readonly string[]): number[] {
    return tokens.map((token, position) => {
      const id = this.ids.get(token);
      if (id === undefined || id <= Vocabulary.END) {
        const known = this.tokens.slice(3, 33).join(' ');
        throw new Error(
          `"${token}" (position ${position + 1} of ${tokens.length}) is not in the vocabulary: ${known}${this.size > 33 ? ' …' : ''}`,
        );
      }
      return id;
    });
  }

  /** Tokens up to the end mark, without special ones. */
  decode(ids: Iterable<number>): string[] {
    const tokens: string[] = [];
    for (const id of ids) {
      if (id === Vocabulary.END) break;
      if (id > Vocabulary.END) tokens.push(this.tokens[id]);
    }
    return tokens;
  }
}
