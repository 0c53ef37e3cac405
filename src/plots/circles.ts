import { type Figure, figure, type Heading, ink, palette, plain } from './figure';
import { grid } from './grid';
import { caption, inRow, widestName } from './heads';
import { sentences } from './words';

/** One circle: coloured points all around it, and some that have a name. */
export interface Circle {
  /** Written below it. */
  name: string;
  /** Angles in degrees, counted from the right against the clock. */
  angles: ArrayLike<number>;
  /** The group of each angle, a whole number from 0: points of one group have one colour. */
  groups: ArrayLike<number>;
  /** Points to compare, each drawn with a line from the centre. */
  named?: { label: string; angle: number }[];
}

export interface CirclesOptions extends Heading {
  /** How many circles in a row. Default: up to 4. */
  columns?: number;
}

/**
 * Points on circles, coloured by the group that something puts them into: hash buckets in the
 * plane, one circle for each hash function.
 *
 * @throws if there is no circle, `angles` and `groups` differ in length, or a group is not a whole
 * number from 0; the message names the circle.
 *
 * @example
 * circles([{ name: 'round 1', angles: [0, 90, 180], groups: [0, 1, 0] }], { title: 'Buckets' })
 */
export function circles(given: Circle[], options: CirclesOptions): Figure {
  if (given.length === 0) throw new Error('circles() was given no circle to draw');
  for (const { name, angles, groups } of given) {
    if (angles.length !== groups.length) {
      throw new Error(`"${name}" has ${angles.length} angles, but ${groups.length} groups`);
    }
    const wrong = Array.from(groups).find((group) => !(Number.isInteger(group) && group >= 0));
    if (wrong !== undefined) {
      throw new Error(`"${name}" has the group ${wrong}, not a whole number from 0`);
    }
  }
  const side = 176;
  const columns = options.columns ?? inRow(given.length);
  const gap = { x: Math.max(14, widestName(given.map(({ name }) => name)) - side), y: 34 };
  const margin = { top: 10, left: 24, bottom: 34, right: 24 };
  const { size, panels } = grid(given.length, columns, { width: side, height: side }, gap, margin);
  const hidden = { visible: false, range: [-1.32, 1.32], fixedrange: true };
  return figure(
    given.flatMap((circle, i) => traces(circle, panels[i])),
    {
      ...Object.fromEntries(
        panels.flatMap(({ xaxis, yaxis, x, y, xdomain, ydomain }) => [
          [xaxis, { ...hidden, domain: xdomain, anchor: y }],
          [yaxis, { ...hidden, domain: ydomain, anchor: x, scaleanchor: x }], // circles, at any size
        ]),
      ),
      showlegend: false,
      hovermode: 'closest',
      annotations: panels.map((p, i) => caption(given[i].name, p.xdomain, p.ydomain)),
    },
    options,
    size,
    sentences(
      `${given.length} circles: ${options.title}`,
      options.subtitle,
      given
        .map(({ name, groups }) => `${name} has ${new Set(Array.from(groups)).size} groups`)
        .join('; '),
    ),
  );
}

function traces(
  { name, angles, groups, named = [] }: Circle,
  { x, y }: { x: string; y: string },
): Record<string, any>[] {
  const at = (angle: number, radius = 1) => {
    const radians = (angle * Math.PI) / 180;
    return [radius * Math.cos(radians), radius * Math.sin(radians)].map((c) => +c.toFixed(4));
  };
  const points = Array.from(angles, (angle) => at(angle));
  const ring = {
    type: 'scatter',
    mode: 'markers',
    x: points.map((point) => point[0]),
    y: points.map((point) => point[1]),
    customdata: Array.from(groups),
    marker: {
      color: Array.from(groups, (group) => palette[group % palette.length]),
      size: 7,
    },
    hovertemplate: `${plain(name)}: bucket %{customdata}<extra></extra>`,
  };
  const rays = named.map(({ label, angle }) => {
    const [end, beyond] = [at(angle), at(angle, 1.19)];
    return {
      type: 'scatter',
      mode: 'lines+markers+text',
      x: [0, end[0], null, beyond[0]],
      y: [0, end[1], null, beyond[1]],
      text: ['', '', '', plain(label)],
      textfont: { size: 14, color: ink },
      line: { color: ink, width: 1.5 },
      marker: { color: ink, size: [0, 10, 0, 0] },
      hoverinfo: 'skip',
    };
  });
  const axes = { xaxis: x, yaxis: y };
  return [ring, ...rays].map((trace) => ({ ...trace, ...axes }));
}
