/**
 * Five lessons ask what an idea buys a language model that wants a longer context, and each asks it of
 * the same model: 13 (Transformer-XL), 14 (adaptive span), 15 (all-attention), 16 (sparse patterns) and
 * 18 (reversible layers). Each stores its rows among its own results; here they become one table and
 * one figure, with as many rows as there are so far.
 */
import type { LanguageModel } from '../models/language-model';
import { spread } from '../notebook/claim';
import { table } from '../notebook/show';
import { type Results, storedResults } from '../notebook/stored-results';
import { curves } from '../plots/curves';
import type { Figure } from '../plots/figure';
import { tf } from '../tensors/tf';

/** One idea on the common model: the same text, sizes and number of characters trained on. */
export type LongContextRow = {
  idea: string;
  /** Bits per character on held-out chapters, one number for each seed. */
  bits: number[];
  parameters: number;
  /** How many characters back the prediction of one can reach in the test. */
  context: number;
  /** Seconds of a training step, divided by those of the plain model in the same run; by seed. */
  step: number[];
  /** Megabytes that a training step of 512 characters keeps for the way back. */
  kept: number;
};

const lessonsOfRows = ['13', '14', '15', '16', '18'];
const columns = ['bits', 'parameters', 'context', 'step', 'kept'] as const;
const nameOf = (idea: string, column: string) => `long context, ${idea}: ${column}`;

/** A row as numbers to store among a lesson's results. */
export function longContextNumbers(row: LongContextRow): Results['numbers'] {
  return Object.fromEntries(
    columns.map((column) => [nameOf(row.idea, column), [row[column]].flat()]),
  );
}

/** The rows that the lessons have stored so far, in the order of the lessons. */
export function longContextRows(): (LongContextRow & { lesson: string })[] {
  return lessonsOfRows.flatMap((lesson) => {
    let numbers: Results['numbers'];
    try {
      ({ numbers } = storedResults(lesson));
    } catch {
      return []; // not written yet
    }
    const ideas = Object.keys(numbers)
      .map((name) => /^long context, (.*): bits$/.exec(name)?.[1])
      .filter((idea) => idea !== undefined);
    return ideas.map((idea) => {
      const [bits, [parameters], [context], step, [kept]] = columns.map(
        (column) => numbers[nameOf(idea, column)],
      );
      return { lesson, idea, bits, parameters, context, step, kept };
    });
  });
}

/** Prints all rows there are. */
export function longContextTable(rows = longContextRows()): void {
  table(
    rows.map(({ lesson, idea, bits, parameters, context, step, kept }) => ({
      lesson,
      idea,
      'bits per character': spread(bits, { digits: 3 }),
      parameters: parameters.toLocaleString('en'),
      'context, characters': context,
      'time of a step, plain = 1': middle(step).toFixed(1),
      'MB kept for the way back': kept.toFixed(1),
    })),
  );
}

/** Draws bits per character over the context, all rows there are. */
export function longContextFigure(rows = longContextRows()): Figure {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  return curves(
    rows.map(({ idea, bits, context }) => ({
      name: idea,
      x: [context],
      y: [mean(bits)],
      error: [(Math.max(...bits) - Math.min(...bits)) / 2],
      points: true,
    })),
    {
      title: 'What a longer context buys',
      subtitle: 'one text, one size, one budget; three seeds each (stored), half their range',
      xTitle: 'characters back that a prediction can reach',
      yTitle: 'bits per character, held out',
      logX: true,
    },
  );
}

/** How one training step of a model is taken, on the segment that `step` says. */
export type TimedStep = { model: LanguageModel; loss: () => tf.Tensor };

/** The median time of a step of `one`, divided by that of `other`, taken in turns. */
export function stepRatio(one: TimedStep, other: TimedStep, repeats = 15): number {
  const seconds = ({ model, loss }: TimedStep) => {
    const start = performance.now();
    const list = Object.values(model.parameters);
    const { value, grads } = tf.variableGrads(loss as () => tf.Scalar, list);
    value.dataSync();
    tf.dispose([value, grads]);
    return performance.now() - start;
  };
  for (const warm of [one, other]) seconds(warm);
  return middle(Array.from({ length: repeats }, () => seconds(one) / seconds(other)));
}

/** Megabytes of all tensors that a training step keeps for the way back, each buffer counted once. */
export function keptMegabytes({ model, loss }: TimedStep): number {
  const bytes = new Map<object, number>();
  const { value, grads } = tf.variableGrads(() => {
    const result = loss() as tf.Scalar;
    for (const { saved } of tf.engine().state.activeTape ?? [])
      for (const x of saved ?? []) bytes.set(x.dataId, x.size * (x.dtype === 'bool' ? 1 : 4));
    return result;
  }, Object.values(model.parameters));
  tf.dispose([value, grads]);
  return [...bytes.values()].reduce((sum, one) => sum + one, 0) / 2 ** 20;
}

export function middle(list: number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}
