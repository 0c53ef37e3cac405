import { type Family, methods } from '../../data/methods';
import { type Figure, figure, ink, inPixels, pageWidth, plain, quiet } from '../../plots/figure';
import { sentences } from '../../plots/words';
import { familyPlaces, shortName } from './family';

/** A colour for each kind of method, dark enough for letters, and what the kind is about. */
export const atlasKinds: Record<Family, { color: string; about: string }> = {
  scores: { color: '#0065a0', about: 'How a pair is scored' },
  images: { color: '#b34700', about: 'Pictures' },
  heads: { color: '#8f3d73', about: 'Heads, and weights without comparing' },
  length: { color: '#00734f', about: 'Great length' },
  graphs: { color: '#5c4a00', about: 'Graphs' },
};

/** The kind of a method. */
export const atlasKindOf = (name: string): Family =>
  methods.find((method) => method.name === name)?.family ?? 'scores';

/**
 * The family of all 36 methods: years across, a line from each method down to those that change it.
 * Hovering over one says what it changes.
 */
export function familyTree(): Figure {
  const places = familyPlaces();
  const margin = { top: 30, left: 20, right: 20, bottom: 34 };
  const [rowHeight, perYear, left] = [19, 58, 6];
  const [width, height] = [pageWidth - margin.left - margin.right, rowHeight * places.length];
  const across = (x: number) => left + perYear * (x - 2014);
  const down = (row: number) => rowHeight * (row + 0.5);
  const years = [2014, 2015, 2016, 2017, 2018, 2019, 2020];
  const line = (x0: number, y0: number, x1: number, y1: number, color: string, thick: number) => ({
    type: 'line',
    layer: 'below',
    ...{ x0, y0, x1, y1 },
    line: { color, width: thick },
  });
  return figure(
    [
      {
        type: 'scatter',
        mode: 'markers+text',
        x: places.map(({ x }) => across(x)),
        y: places.map(({ row }) => down(row)),
        text: places.map(({ name }) => plain(` ${shortName(name)}`)),
        textposition: 'middle right',
        textfont: { size: 12, color: ink },
        marker: { size: 9, color: places.map(({ name }) => atlasKinds[atlasKindOf(name)].color) },
        hovertext: places.map(({ name, year, parents, change }) =>
          plain(
            `${name}, ${year}${parents.length ? `, from ${parents.join(' and ')}` : ''}: ${change}`,
          ),
        ),
        hoverinfo: 'text',
        cliponaxis: false,
      },
    ],
    {
      ...inPixels(width, height),
      hoverlabel: { align: 'left' },
      shapes: [
        ...years.map((year) => line(across(year), 0, across(year), height, '#eef0f3', 1)),
        ...places.flatMap(({ x, row, parents }) => {
          const its = places.find(({ name }) => name === parents[0]);
          if (!its) return [];
          return [
            line(across(its.x), down(its.row), across(its.x), down(row), '#8c959f', 1.2),
            line(across(its.x), down(row), across(x), down(row), '#8c959f', 1.2),
          ];
        }),
      ],
      annotations: [
        ...years.map((year) => ({
          text: String(year),
          showarrow: false,
          ...{ x: across(year), y: 0, yanchor: 'bottom', yshift: 2 },
          font: { size: 12, color: quiet },
        })),
        {
          text: Object.entries(atlasKinds)
            .map(([kind, { color }]) => `<span style="color:${color}">●</span> ${kind}`)
            .join('   '),
          showarrow: false,
          ...{ x: 0, y: height, xanchor: 'left', yanchor: 'top', yshift: -8 },
          font: { size: 12, color: quiet },
        },
      ],
    },
    {
      title: 'The family of the 36 methods',
      subtitle: 'A line leads from a method to those that change its formula; years across',
    },
    { width: pageWidth, height: height + margin.top + margin.bottom, margin },
    sentences(
      'Tree: the family of the 36 methods',
      places
        .map(
          ({ name, year, parents, change }) =>
            `${name} (${year}${parents.length ? `, from ${parents[0]}` : ''}): ${change}`,
        )
        .join('; '),
    ),
  );
}
