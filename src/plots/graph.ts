import {
  type Figure,
  figure,
  type Heading,
  ink,
  inPixels,
  legendBelow,
  pageWidth,
  plain,
  quiet,
  sequentialColor,
  wrap,
} from './figure';
import { visible } from './tokens';
import { plainArrays } from './weights';
import { name, number, sentences } from './words';

export interface GraphPlotOptions extends Heading {
  /** A name for each node. */
  names: string[];
  /** [2, edges]: who is looked at (row 0) and who looks (row 1), as `graphAttention` returns them. */
  edges: unknown;
  /** The group of each node, a whole number from 0: it colours the node. */
  groups?: ArrayLike<number>;
  /** What the groups are called, in the legend. */
  groupNames?: string[];
  /** Nodes that are drawn square: those whose group was known, say. */
  squares?: number[];
  /** What the squares are, in the legend. Default 'squares'. */
  squareName?: string;
  /** Where the nodes are. Default: `graphLayout`, from the edges. */
  places?: [number, number][];
}

/**
 * Attention on a graph, drawn on its edges. Each half of a line belongs to the node at its end: the
 * thicker and darker, the more weight this node gives to the one at the other end. The ring round a
 * node is the weight that it gives to itself. Hovering over a node lists its weights.
 *
 * @param weights [edges], of one head; undefined draws the graph alone
 * @throws if there are not as many weights as edges, a weight is negative or not finite, an edge
 * names a node that has no name, or names, groups and places differ in number
 *
 * @example
 * graphPlot(weights, { title: 'Layer 1, head 1', names, edges, groups: sides })
 */
export function graphPlot(weights: unknown, options: GraphPlotOptions): Figure {
  const { names, groups, groupNames = [], squares = [], squareName = 'squares' } = options;
  const [sources, targets] = plainArrays(options.edges) as number[][];
  const bare = weights === undefined;
  const given = bare
    ? sources.map(() => 0)
    : (plainArrays(weights) as (number | number[])[]).flat();
  if (given.length !== sources.length) {
    throw new Error(`there are ${sources.length} edges, but ${given.length} weights were given`);
  }
  given.forEach((weight, e) => {
    if (!(weight >= 0 && Number.isFinite(weight)))
      throw new Error(`weights[${e}] is ${weight}: a weight is finite and not negative`);
    const wrong = [sources[e], targets[e]].find((node) => !(node >= 0 && node < names.length));
    if (wrong !== undefined) throw new Error(`an edge names node ${wrong}, which has no name`);
  });
  if (groups && groups.length !== names.length)
    throw new Error(`there are ${names.length} nodes, but ${groups.length} groups were given`);
  const pairs = sources.map((source, e): [number, number] => [source, targets[e]]);
  const places = options.places ?? graphLayout(pairs, names.length);
  if (places.length !== names.length)
    throw new Error(`there are ${names.length} nodes, but ${places.length} places were given`);

  const margin = { top: 12, left: 24, right: 24, bottom: 0 };
  const [width, height] = [pageWidth - 48, 420];
  const points = fitted(places, width, height, 20);
  const most = Math.max(...given) || 1;
  const share = (weight: number) => weight / most;
  const thickness = (weight: number) => (bare ? 1.2 : Number((0.6 + 6 * share(weight)).toFixed(2)));
  const color = (weight: number) => (bare ? quiet : sequentialColor(0.25 + 0.7 * share(weight)));
  const order = given.map((_, e) => e).sort((a, b) => given[a] - given[b]);
  const loops = new Map(
    order.filter((e) => sources[e] === targets[e]).map((e) => [targets[e], given[e]]),
  );

  const named = groupNames.map(
    (group, g) => `${groupColors[g % groupColors.length].name}: ${group}`,
  );
  const legend = wrap(
    [
      bare ? '' : 'Half a line: given by the node at its end',
      bare ? '' : loops.size ? '; rings: to itself. ' : '. ',
      bare ? '' : `Weights up to ${number(Math.max(...given))}. `,
      named.length ? `${named.join(', ')}. ` : '',
      squares.length ? `Squares: ${squareName}.` : '',
    ].join(''),
    0.75 * width, // room for the larger letters of slides
    12,
  );
  const below = { ...margin, bottom: 28 + 17 * legend.length };
  return figure(
    [
      {
        type: 'scatter',
        mode: 'markers+text',
        x: points.map(([x]) => x),
        y: points.map(([, y]) => y),
        text: names.map((one) => plain(visible(one))),
        textfont: { size: 11, color: ink },
        marker: {
          size: 23,
          opacity: 1,
          symbol: names.map((_, node) => (squares.includes(node) ? 'square' : 'circle')),
          color: names.map(
            (_, node) => groupColors[(groups?.[node] ?? 2) % groupColors.length].fill,
          ),
          line: {
            color: names.map((_, node) => color(loops.get(node) ?? 0)),
            width: names.map((_, node) => thickness(loops.get(node) ?? 0)),
          },
        },
        hovertext: names.map((_, node) => about(node, names, sources, targets, given)),
        hoverinfo: 'text',
        cliponaxis: false,
      },
    ],
    {
      ...inPixels(width, height),
      hoverlabel: { align: 'left' },
      shapes: order
        .filter((e) => sources[e] !== targets[e])
        .map((e) => {
          const [[x0, y0], [x1, y1]] = [points[targets[e]], points[sources[e]]];
          return {
            type: 'line',
            layer: 'below',
            ...{ x0: cut(x0), y0: cut(y0), x1: cut((x0 + x1) / 2), y1: cut((y0 + y1) / 2) },
            line: { color: color(given[e]), width: thickness(given[e]) },
          };
        }),
      annotations: [legendBelow(legend, height, below)],
    },
    options,
    { width: pageWidth, height: height + below.top + below.bottom, margin: below },
    sentences(
      `Graph: ${options.title}`,
      options.subtitle,
      `${names.length} nodes, ${pairs.length} edges`,
      bare
        ? undefined
        : `Most weight: ${order
            .slice(-5)
            .reverse()
            .map(
              (e) => `${name(names, targets[e])} → ${name(names, sources[e])} ${number(given[e])}`,
            )
            .join('; ')}`,
    ),
  );
}

/** Light enough for the name on it. */
const groupColors = [
  { name: 'Orange', fill: '#fbe1c8' },
  { name: 'green', fill: '#bfe8d6' },
  { name: 'grey', fill: '#e6e8eb' },
  { name: 'pink', fill: '#f3dae8' },
];

const cut = (pixels: number) => Number(pixels.toFixed(1));

/** 'node "9" → "1" 0.3, "9" 0.2': the largest six. */
function about(
  node: number,
  names: string[],
  sources: number[],
  targets: number[],
  weights: number[],
): string {
  const largest = weights
    .map((weight, e) => ({ weight, e }))
    .filter(({ e }) => targets[e] === node)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 6)
    .map(({ weight, e }) => name(names, sources[e]) + (weight ? ` ${number(weight)}` : ''));
  return plain(`node ${name(names, node)} → ${largest.join(', ') || 'nobody'}`);
}

/** The places turned so that their longer axis lies across, and fitted into the drawing. */
function fitted(
  places: [number, number][],
  width: number,
  height: number,
  rim: number,
): [number, number][] {
  const middle = [0, 1].map((c) => places.reduce((sum, p) => sum + p[c], 0) / places.length);
  const centred = places.map(([x, y]) => [x - middle[0], y - middle[1]]);
  const moment = (a: number, b: number) => centred.reduce((sum, p) => sum + p[a] * p[b], 0);
  const angle = Math.atan2(2 * moment(0, 1), moment(0, 0) - moment(1, 1)) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const turned = centred.map(([x, y]) => [cos * x + sin * y, cos * y - sin * x]);
  const ends = [0, 1].map((c) => {
    const along = turned.map((p) => p[c]);
    return [Math.min(...along), Math.max(...along)];
  });
  const room = [width - 2 * rim, height - 2 * rim];
  return turned.map((p) => {
    const [x, y] = [0, 1].map((c) => {
      const [low, high] = ends[c];
      return rim + (high > low ? ((p[c] - low) / (high - low)) * room[c] : room[c] / 2);
    });
    return [cut(x), cut(y)];
  });
}

/**
 * Places for the nodes of a graph, the same every time: as far apart as the shortest path between
 * them has edges, as well as the plane allows (stress majorisation, from a start on a circle).
 *
 *     stress = Σ_{i<j} (‖p_i − p_j‖ − d_ij)² / d_ij²
 *
 * Source: Gansner, Koren, North (2004), "Graph drawing by stress majorization", one node at a time.
 *
 * @param pairs edges in either direction; loops do not matter
 * @returns [nodes][2]; parts of a graph that are not connected come to lie apart
 */
export function graphLayout(pairs: [number, number][], nodes: number): [number, number][] {
  const distance = pathLengths(pairs, nodes);
  const places = Array.from({ length: nodes }, (_, i): [number, number] => {
    const angle = (2 * Math.PI * i) / nodes;
    return [(nodes / 6) * Math.cos(angle), (nodes / 6) * Math.sin(angle)];
  });
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < nodes; i++) {
      let [x, y, total] = [0, 0, 0];
      for (let j = 0; j < nodes; j++) {
        if (j === i) continue;
        const [dx, dy] = [places[i][0] - places[j][0], places[i][1] - places[j][1]];
        const [d, now] = [distance[i][j], Math.hypot(dx, dy) || 1e-9];
        const weight = 1 / (d * d);
        x += weight * (places[j][0] + (d * dx) / now);
        y += weight * (places[j][1] + (d * dy) / now);
        total += weight;
      }
      if (total > 0) places[i] = [x / total, y / total];
    }
  }
  return places;
}

/** How many edges the shortest path between two nodes has; one more than the longest if none. */
function pathLengths(pairs: [number, number][], nodes: number): number[][] {
  const neighbours: number[][] = Array.from({ length: nodes }, () => []);
  for (const [a, b] of pairs) {
    neighbours[a].push(b);
    neighbours[b].push(a);
  }
  const lengths = neighbours.map((_, start) => {
    const found = new Array<number>(nodes).fill(Number.POSITIVE_INFINITY);
    found[start] = 0;
    for (const queue = [start]; queue.length > 0; ) {
      const node = queue.shift() as number;
      for (const next of neighbours[node]) {
        if (found[next] !== Number.POSITIVE_INFINITY) continue;
        found[next] = found[node] + 1;
        queue.push(next);
      }
    }
    return found;
  });
  const longest = Math.max(1, ...lengths.flat().filter(Number.isFinite));
  return lengths.map((row) => row.map((d) => (Number.isFinite(d) ? d : longest + 1)));
}
