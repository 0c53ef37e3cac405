import { bars } from '../../plots/bars';
import { type Figure, pageWidth } from '../../plots/figure';
import { heads } from '../../plots/heads';
import { heatmap } from '../../plots/heatmap';
import { sentences } from '../../plots/words';
import { family, shortName } from './family';
import { atlasMap } from './maps';
import { multiples } from './multiples';

/** The map of one method, with its words: a heatmap, several heads, or pictures and bars. */
export function atlasFigure(name: string): Figure {
  const { panels, input, look } = atlasMap(name);
  const [{ rows, columns, rowTitle, columnTitle, values }] = panels;
  const axes = { queries: rows, keys: columns, queryTitle: rowTitle, keyTitle: columnTitle };
  const heading = { title: name, subtitle: input };
  if (panels.every(({ shows }) => shows === 'weights')) {
    if (panels.length === 1) return heatmap(values, { ...heading, ...axes, numbers: false });
    const names = panels.map(({ caption }, i) => caption ?? `head ${i + 1}`);
    return heads(
      panels.map((panel) => panel.values),
      { ...heading, ...axes, names, columns: 2 },
    );
  }
  if (panels.length === 1 && panels[0].shows === 'channels') {
    const each = (columns ?? []).map((channel, i) => ({ name: channel, value: values[0][i] }));
    return bars(each, { ...heading, xTitle: panels[0].sums === 'gate' ? 'gate' : 'weight' });
  }
  const height = panels.length > 1 ? 230 : 280;
  return multiples(
    panels.map((panel) => ({
      title: panel.caption ?? (panel.sums === 'gate' ? 'gate' : 'weights'),
      panels: [panel],
    })),
    {
      ...heading,
      columns: panels.length,
      size: { width: height, height },
      letters: 12,
      alt: sentences(name, input, look),
    },
  );
}

/** All 36 maps, small, in the order of the family; each on its own scale. */
export function posterFigure(): Figure {
  const maps = family.map(({ name }) => ({
    title: shortName(name),
    panels: atlasMap(name).panels,
  }));
  const room = (pageWidth - 32 - 5 * 14) / 6;
  return multiples(maps, {
    columns: 6,
    size: { width: room, height: 78 },
    title: 'All 36 methods on one example',
    subtitle:
      'Blue: weights, queries down, keys across. Orange: pictures and bars. Each is darkest at its own largest.',
    alt: sentences('36 small maps', maps.map(({ title }) => title).join('; ')),
  });
}
