import { type Figure, figure, type Heading, ink, plain, quiet, textWidth } from './figure';
import { gapOf } from './heatmap';
import { type PlainStages, plainStages, type Read, readStages, type Stage } from './stages';
import {
  context,
  edge,
  leftText,
  line,
  measure,
  type Part,
  type Place,
  row,
  small,
  text,
} from './stepper-parts';
import { checkTokens, visible } from './tokens';
import { type Matrix, readExactly } from './weights';
import { name, number, sentences } from './words';

export type StepperOptions = Heading & {
  queries: string[];
  keys: string[];
  /** What the weights sum up to the context: `[keys, depth]`. Left out: the steps end before. */
  values?: Matrix;
  /** The query that is shown first, and in a still picture. Default 0. */
  query?: number;
} & (PlainStages | { stages: Stage[] });

/**
 * Attention step by step, for one query at a time: its scores of all keys, scaled, masked, made
 * weights by a softmax, and the values summed up to the context. One slider goes through the
 * stages, the other through the queries. It begins with all stages, so that a still picture shows
 * them all.
 *
 * Hidden keys are hatched. Below the weights stand the values, a column for each key, which fades
 * with its weight. A mechanism with other stages names them: `stages`. Best up to 13 keys, whose
 * numbers fit into the cells; above 40, keys are numbered.
 *
 * All numbers are stored once: the sliders change what is seen of them (no animation frames).
 *
 * @throws if shapes differ, or the weights are not the softmax of the masked, scaled scores (to
 * 1e-4): the message names the query and the key. A query that may see no key has weights 0.
 *
 * @example
 * stepper({
 *   title: 'Scaled dot-product attention', queries: words, keys: words, scores: q.matMul(k, false, true),
 *   scoreName: 'q · k', scale: 1 / Math.sqrt(64), mask: causalMask(9), weights, values,
 * })
 * stepper({
 *   title: 'LSH attention', queries: words, keys: words, values,
 *   stages: [
 *     { name: 'scores', matrix: scores, note: 'q · k' },
 *     { name: 'same bucket', matrix: inBucket }, // −Infinity elsewhere
 *     { name: 'softmax', matrix: weights, kind: 'softmax' },
 *   ],
 * })
 */
export function stepper(options: StepperOptions): Figure {
  const { queries, keys, query = 0 } = options;
  const stages = readStages(
    'stages' in options ? options.stages : plainStages(options),
    queries,
    keys,
  );
  const values = options.values && readExactly(options.values, 'values', { signed: true });
  if (values) checkTokens(keys, values.length, 'values', 'key');
  if (queries[query] === undefined) {
    throw new Error(`stepper(): there is no query ${query}, only 0 to ${queries.length - 1}`);
  }
  const place = measure(stages, values?.[0].length ?? 0, keys);
  const parts = stages.map((stage, i) => row(stage, i, stages, place));
  if (values) parts.push(context(values as number[][], stages, place));
  return assemble(parts, place, options, query, describe(parts, stages, options, query));
}

const accent = '#d55e00';

function assemble(
  parts: Part[],
  place: Place,
  options: StepperOptions,
  query: number,
  alt: string,
): Figure {
  const { queries, keys } = options;
  const { left, right, cell, panel, across, down, x, y } = place;
  const last = parts.length - 1;
  const names = parts.flatMap((part) => part.names);
  const owner = parts.flatMap((part, i) => part.names.map(() => i));
  const remarks = (q: number) => parts.map((part) => part.remark(q));
  const [remarksAt, pillAt] = [names.length, names.length + parts.length];
  const pill = (q: number) => `<b>${plain(cut(visible(queries[q]), left - edge - 10))}</b>`;

  // In self-attention the query's own column is marked.
  const self = queries.length === keys.length && queries.every((token, i) => token === keys[i]);
  const column = (q: number) => ({ x0: q - 0.5, x1: q + 0.5 });
  const frame = ({ across, down }: Part['frame']) => ({
    x0: x(across[0]),
    x1: x(across[1]),
    y0: y(down[1]),
    y1: y(down[0]),
  });
  const stageSteps = parts.map((part, stage) => ({
    label: '',
    method: 'update',
    args: [
      { visible: parts.flatMap(({ traces }, i) => traces.map(() => i <= stage)) },
      {
        ...each(
          'annotations',
          0,
          names.map((_, i) => ({ opacity: owner[i] <= stage ? 1 : 0.35 })),
        ),
        ...each(
          'annotations',
          remarksAt,
          parts.map((_, i) => ({ visible: i <= stage })),
        ),
        ...each('shapes', 0, [frame(part.frame)]),
        [`annotations[${pillAt + 1}].text`]: `stage ${stage + 1}`,
      },
    ],
  }));
  const querySteps = queries.map((token, q) => ({
    label: plain(visible(token)),
    method: 'relayout',
    args: [
      {
        ...Object.assign({}, ...parts.map((part) => part.look(q))),
        ...each(
          'annotations',
          remarksAt,
          remarks(q).map((text) => ({ text })),
        ),
        [`annotations[${pillAt}].text`]: pill(q),
        ...(self ? each('shapes', 1, [column(q)]) : {}),
      },
    ],
  }));

  const top = Math.max(place.keys.depth + 8, 54);
  const legends = [...new Set(parts.map((part) => part.legend))].filter(Boolean).join(', ');
  const several = queries.length > 1;
  const bottom = 46 + (several ? 56 : 0) + (legends ? 24 : 0);
  const layout: Record<string, any> = {
    xaxis: {
      ...place.keys.axis,
      ...line,
      automargin: 'top', // to the right, the labels slant over the context
      anchor: 'y',
      domain: [0, x(panel)],
      // Up to the last cell, not to the line after it.
      range: [-0.5, keys.length - 0.5 - gapOf(cell) / cell],
    },
    ...Object.assign({}, ...parts.map(({ axes }) => axes)),
    annotations: [
      ...names,
      ...parts.map(({ frame, remark }) => ({
        ...text(remark(query)),
        x: x(panel),
        xshift: 10,
        y: y((frame.down[0] + frame.down[1]) / 2),
        font: small,
      })),
      {
        ...leftText(pill(query), place, 1),
        yanchor: 'bottom',
        yshift: 6,
        bgcolor: '#fff3ea',
        bordercolor: accent,
        borderpad: 2,
      },
      { ...leftText(`stage ${last + 1}`, place, 0), yshift: -24 },
      ...(several ? [{ ...leftText('query', place, 0), yshift: -56 }] : []),
      {
        ...leftText('query', place, 1),
        yanchor: 'bottom',
        yshift: 28,
        font: small,
      },
      ...(legends
        ? [
            {
              ...leftText(`Colours: ${legends}`, place, 0),
              yanchor: 'bottom',
              yshift: 10 - bottom,
              font: small,
            },
          ]
        : []),
      {
        ...text('keys'),
        x: x(panel),
        xshift: 10,
        y: 1,
        yanchor: 'bottom',
        yshift: 4,
        font: small,
      },
    ],
    shapes: [
      {
        type: 'rect',
        xref: 'paper',
        yref: 'paper',
        ...frame(parts[last].frame),
        line: { color: accent, width: 2.5 },
      },
      ...(self
        ? [
            {
              type: 'line',
              xref: 'x',
              yref: 'paper',
              ...column(query),
              y0: 1,
              y1: 1,
              line: { color: accent, width: 4 },
            },
          ]
        : []),
    ],
    sliders: [
      slider(stageSteps, last, 14, [0, panel], x),
      // Each token under its column, where the queries are the keys.
      ...(several
        ? [slider(querySteps, query, 46, [cell / 2 - 10, panel - cell / 2 + 10], x)]
        : []),
    ],
    showlegend: false,
  };
  for (const [path, range] of Object.entries(
    Object.assign({}, ...parts.map((p) => p.look(query))),
  )) {
    layout[path.replace('.range', '')].range = range;
  }
  const drawn = figure(
    parts.flatMap(({ traces }) => traces),
    layout,
    // Its rows are compared with the softmax where they come in; the others are no weights.
    { title: options.title, subtitle: options.subtitle, weights: false },
    {
      width: left + across + right,
      height: top + down + bottom,
      margin: { left, right, top, bottom },
    },
    alt,
  );
  // On slides: cells need not be square, and each row needs a line of text.
  Object.assign(drawn.layout.meta, { elastic: true, least: 0.55 });
  return { ...drawn, config: { ...drawn.config, modeBarButtons: [['toImage']] } };
}

function slider(
  steps: { label: string }[],
  active: number,
  top: number,
  [from, to]: number[],
  x: (pixels: number) => number,
): Record<string, any> {
  return {
    active,
    steps,
    x: x(from),
    y: 0,
    xanchor: 'left',
    yanchor: 'top',
    pad: { t: top, b: 0, l: 0, r: 0 },
    lenmode: 'fraction',
    len: x(to - from),
    currentvalue: { visible: false },
    font: { size: 12, color: ink },
    tickcolor: quiet,
    ticklen: 5,
  };
}

/** Changes of the parts of a list in the layout: { 'shapes[0].x0': 1 }. */
function each(list: string, from: number, changes: Record<string, any>[]): Record<string, any> {
  return Object.fromEntries(
    changes.flatMap((change, i) =>
      Object.entries(change).map(([key, value]) => [`${list}[${from + i}].${key}`, value]),
    ),
  );
}

/** As many letters of a bold token as fit. */
function cut(token: string, width: number): string {
  const letters = [...token];
  while (textWidth(letters.join(''), 14) > width) letters.splice(-2, 2, '…');
  return letters.join('');
}

function describe(parts: Part[], stages: Read[], options: StepperOptions, query: number): string {
  const { queries, keys } = options;
  const listed = stages.map((stage) => {
    const said = stage.rows[query]
      .slice(0, 12)
      .map((z, k) => `${name(keys, k)} ${z === null ? 'hidden' : number(z)}`);
    return `${stage.name}: ${said.join(', ')}${keys.length > 12 ? ', …' : ''}`;
  });
  return sentences(
    `Attention step by step: ${options.title}`,
    options.subtitle,
    `Query ${name(queries, query)}, ${keys.length} keys`,
    ...listed,
    `One slider goes through the stages (${parts.map((part) => part.name).join(', ')})` +
      (queries.length > 1 ? `, another through the ${queries.length} queries` : ''),
  );
}
