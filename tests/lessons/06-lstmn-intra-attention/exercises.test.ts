import {
  critic,
  type Exercise,
  echo,
  echoed,
  judge,
  judgedRight,
  type LstmnParameters,
  lesson06,
  lstmn,
  machineReader,
  perplexity,
  type Spoiled,
  sentenceCoder,
  speller,
  spoiledLstmn,
  tf,
  trainMachineReader,
} from 'attention';
import { describe, expect, test } from 'vitest';

const marks = <T>(exercise: Exercise<T>, answer?: T) =>
  judge(exercise, answer)
    .lines.slice(1)
    .map((line) => line.trim()[0])
    .join('');
const stub = () => {
  throw new Error('not implemented');
};
const softmax = (a: number[]) => {
  const powers = a.map((x) => Math.exp(x - Math.max(...a)));
  return powers.map((p) => p / powers.reduce((x, y) => x + y, 0));
};

describe('the exercises of lesson 06', () => {
  test('6.1 accepts the right numbers, and tells what was mistaken', () => {
    const right = { cTilde: 6, c: 2, scores: 190, slope: 0.16 };
    expect(marks(lesson06.pencil, right)).toBe('✓✓✓✓');
    expect(marks(lesson06.pencil, { ...right, cTilde: 7.62 })).toBe('✗✗✓✓');
    expect(judge(lesson06.pencil, { ...right, scores: 210 }).lines.join()).toContain('ask itself');
    expect(judge(lesson06.pencil, { ...right, slope: 0.32768 }).lines.join()).toContain('LSTM');
    expect(marks(lesson06.pencil, { ...right, c: 5 })).toBe('✓✗✓✓');
    expect(marks(lesson06.pencil)).toBe('○○○○');
  });

  type Tape = number[][];
  const read = (s: number[], tape: Tape, units: number) =>
    Array.from({ length: units }, (_, k) => s.reduce((sum, w, i) => sum + w * tape[i][k], 0));

  test('6.2 accepts both summaries, and tells the classic mistakes apart', () => {
    const right = (a: number[], H: Tape, C: Tape, units: number) => {
      const s = softmax(a);
      return { h: read(s, H, units), c: read(s, C, units) };
    };
    const swapped = (a: number[], H: Tape, C: Tape, units: number) => right(a, C, H, units);
    const overflows = (a: number[], H: Tape, C: Tape, units: number) => {
      const powers = a.map(Math.exp);
      const s = powers.map((p) => p / powers.reduce((x, y) => x + y, 0));
      return { h: read(s, H, units), c: read(s, C, units) };
    };
    const noEdge = (a: number[], H: Tape, C: Tape) => right(a, H, C, H[0]?.length ?? 0);
    const last = (_: number[], H: Tape, C: Tape, units: number) => ({
      h: H.at(-1) ?? new Array(units).fill(0),
      c: C.at(-1) ?? new Array(units).fill(0),
    });
    expect(marks(lesson06.summaries, right)).toBe('✓✓✓✓');
    expect(marks(lesson06.summaries, swapped)).toBe('✗✗✓✗');
    expect(marks(lesson06.summaries, overflows)).toBe('✓✓✓✗');
    expect(marks(lesson06.summaries, noEdge)).toBe('✓✓✗✓');
    expect(marks(lesson06.summaries, last)).toBe('✓✗✓✗');
    expect(marks(lesson06.summaries, stub)).toBe('○○○○');
  });

  test('6.3 accepts the gradient, and tells its parts apart', () => {
    const right = (a: number[], c: number[], f: number) => {
      const s = softmax(a);
      const mean = s.reduce((sum, w, i) => sum + w * c[i], 0);
      return s.map((w, i) => f * w * (c[i] - mean));
    };
    const noGate = (a: number[], c: number[]) => right(a, c, 1);
    const noMean = (a: number[], c: number[], f: number) => softmax(a).map((w, i) => f * w * c[i]);
    const descends = (a: number[], c: number[], f: number) => right(a, c, f).map((x) => -x);
    const noWeight = (a: number[], c: number[], f: number) => {
      const s = softmax(a);
      const mean = s.reduce((sum, w, i) => sum + w * c[i], 0);
      return c.map((x) => f * (x - mean));
    };
    expect(marks(lesson06.scoreGradient, right)).toBe('✓✓✓✓');
    expect(marks(lesson06.scoreGradient, noGate)).toBe('✓✗✓✗');
    expect(marks(lesson06.scoreGradient, noMean)).toBe('✗✗✗✗');
    expect(marks(lesson06.scoreGradient, descends)).toBe('✓✓✗✗');
    expect(marks(lesson06.scoreGradient, noWeight)).toBe('✗✓✓✗');
    expect(marks(lesson06.scoreGradient, (a) => a.map(() => 0))).toBe('✗✓✗✗');
    expect(marks(lesson06.scoreGradient, stub)).toBe('○○○○');
  });

  test('6.4 places an entry between LSTM and LSTMN', () => {
    const entry = { shape: [2, 18, 64], lstm: 37, lstmn: 84 };
    expect(marks(lesson06.contest, { ...entry, right: 85 })).toBe('✓✓✓✓');
    expect(marks(lesson06.contest, { ...entry, right: 80 })).toBe('✓✓✓✗');
    expect(marks(lesson06.contest, { ...entry, right: 60 })).toBe('✓✓✗✗');
    expect(marks(lesson06.contest, { ...entry, right: 20 })).toBe('✓✗✗✗');
    expect(marks(lesson06.contest, { ...entry, shape: [2, 9, 64], right: 85 })).toBe('✗✓✓✓');
    expect(marks(lesson06.contest)).toBe('○○○○');
  });
});

describe('the readers of lesson 06', () => {
  const sentences = ['the sea was calm .', 'the ship was old .', 'call me ishmael .'].map((one) =>
    one.split(' '),
  );
  const coder = sentenceCoder(sentences, { rare: 1 });
  const small = { coder, depth: 8, units: 8, dAttention: 4 };

  test('an LSTM gets as many parameters as an LSTMN, give or take one unit’s', () => {
    const sizes = (['lstm', 'lstmn'] as const).map((cell) => {
      const { parameters } = machineReader({ ...small, depth: 16, units: 32, cell });
      return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
    });
    expect(Math.abs(sizes[0] - sizes[1])).toBeLessThan(4 * (16 + 64 + 2) + 16);
  });

  test('reading a sentence twice asks for its second reading only', () => {
    const rows = echo(coder, [sentences[2]]);
    expect(rows.words[0]).toHaveLength(10);
    expect(rows.next[0].slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(rows.next[0].slice(5, 9)).toEqual(sentences[2].map(coder.id));
  });

  test.each(['lstm', 'lstmn'] as const)(
    '%s learns three sentences by heart, and to say them again',
    async (cell) => {
      const reader = machineReader({ ...small, cell });
      const before = perplexity(reader, sentences);
      const rows = (some: string[][]) => echo(coder, some);
      await trainMachineReader(reader, sentences, {
        steps: 200,
        batch: 3,
        learningRate: 0.03,
        rows,
      });
      expect(echoed(reader, sentences)).toBeGreaterThan(0.9);
      await trainMachineReader(reader, sentences, { steps: 200, batch: 3, learningRate: 0.03 });
      expect(perplexity(reader, sentences)).toBeLessThan(before / 3);
    },
  );

  test('a run of one’s own takes the place of lstmn', () => {
    const reader = machineReader({ ...small, cell: 'lstmn' });
    const rows = coder.rows(sentences);
    const twice = (x: tf.Tensor3D, p: LstmnParameters) => lstmn(tf.mul(x, 2) as tf.Tensor3D, p);
    const [own, other] = [reader.read(rows).states, reader.read(rows, twice).states];
    expect(tf.max(tf.abs(tf.sub(own, other))).dataSync()[0]).toBeGreaterThan(1e-3);
  });

  test('unspoiled, spoiledLstmn is lstmn; with what is wrong, it is not', () => {
    const reader = machineReader({ ...small, cell: 'lstmn' });
    const rows = coder.rows(sentences);
    const states = (how?: Spoiled) =>
      reader.read(rows, (x, p) => (how ? spoiledLstmn(x, p, how) : lstmn(x, p))).states;
    const gap = (how: Spoiled) => tf.max(tf.abs(tf.sub(states(how), states()))).dataSync()[0];
    expect(gap({})).toBeLessThan(1e-6);
    const mistakes: Spoiled[] = [
      { blank: 1 },
      { longest: 2 },
      { write: ({ h }) => tf.concat([h, h], 1) },
    ];
    for (const how of mistakes) expect(gap(how)).toBeGreaterThan(1e-4);
  });

  test('a critic without recurrence does not care for the order of the words', () => {
    const one = critic(machineReader({ ...small, cell: 'lstm' }), { recurrent: false });
    const logits = (tokens: string[]) => one.judge([{ tokens }]).logits.dataSync()[0];
    const [tokens] = sentences;
    // The mark in front is read, too, and the last word takes its place in the mean.
    expect(logits(tokens)).toBeCloseTo(logits([tokens[1], tokens[0], ...tokens.slice(2)]), 5);
    const reviews = [{ text: '', tokens, positive: 1 as const }];
    expect([0, 100]).toContain(judgedRight(one, reviews));
  });

  test('spellers of all kinds have like many parameters, and look at letters only', () => {
    const kinds = ['shallow', 'deep', 'no tapes', 'no tapes, deep query'] as const;
    const models = kinds.map((kind) => speller(kind, { units: 16 }));
    const sizes = models.map(({ parameters }) =>
      Object.values(parameters).reduce((sum, { size }) => sum + size, 0),
    );
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.06);
    const words = {
      source: [
        [3, 4, 5],
        [6, 7, 0],
      ],
      target: [
        [3, 4, 2],
        [5, 2, 0],
      ],
    };
    for (const model of models) {
      const { logits, sourceWeights } = model.run(words);
      expect(logits.shape[0]).toBe(6);
      expect(sourceWeights.slice([1, 0, 2], [1, -1, 1]).abs().max().dataSync()[0]).toBe(0);
      expect(model.decode([[3, 4]], 2)[0].ids.length).toBeLessThanOrEqual(2);
    }
  });
});
