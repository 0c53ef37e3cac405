/** The poster of the course, all 36 methods on a page of A1: one file, one page, no address in it. */

import { readFileSync } from 'node:fs';
import {
  atlasKindOf,
  atlasKinds,
  atlasMap,
  atlasTile,
  costs,
  family,
  familyPlaces,
  formulas,
  shortName,
} from 'attention';
import katex from 'katex';
import { asset } from './assets.ts';
import type { Tab } from './chromium.ts';
import { escapeHtml } from './code.ts';
import { fontStyle } from './html.ts';

/** A1, upright, in millimetres. */
export const paper = { width: 594, height: 841 };

const pixelsOf = (millimetres: number) => (millimetres * 96) / 25.4;

/** The kinds of methods in the order of the page, and how many of their maps stand in a row. */
type Group = { kinds: (keyof typeof atlasKinds)[]; title: string; columns: number };
const groups: Group[] = [
  { kinds: ['scores'], title: atlasKinds.scores.about, columns: 3 },
  { kinds: ['images'], title: atlasKinds.images.about, columns: 3 },
  { kinds: ['heads'], title: atlasKinds.heads.about, columns: 6 },
  { kinds: ['length', 'graphs'], title: `${atlasKinds.length.about}, and a graph`, columns: 6 },
];

const frame = { x: 0.2, y: 0.5, width: 85.6, height: 50 };

function card(name: string): string {
  const { look } = atlasMap(name);
  const { year } = family.find((one) => one.name === name) ?? {};
  const { color } = atlasKinds[atlasKindOf(name)];
  const formula = katex.renderToString(formulas[name], { strict: false, trust: false });
  return `<article style="--kind:${color}">
<svg viewBox="0 0 86 51" role="img" aria-label="${escapeHtml(`${name}: ${look}`)}" shape-rendering="crispEdges">${atlasTile(atlasMap(name), frame, 'left')}</svg>
<h3>${escapeHtml(shortName(name))}</h3>
<div class="formula">${formula}</div>
<p><b>${year} · ${costs[name].work}</b> ${escapeHtml(look)}</p>
</article>`;
}

function group({ kinds, title, columns }: Group): string {
  const names = kinds.flatMap((kind) =>
    family
      .filter(({ name }) => atlasKindOf(name) === kind)
      .sort((a, b) => a.year - b.year)
      .map(({ name }) => name),
  );
  return `<section style="--kind:${atlasKinds[kinds[0]].color};--columns:${columns}">
<h2>${escapeHtml(title)}</h2>
<div class="cards">${names.map(card).join('\n')}</div>
</section>`;
}

/** The family, with what each method changes in its parent; a unit is a millimetre. */
function tree(): string {
  const [row, left, perYear, width] = [5.25, 8, 61, 554];
  const places = familyPlaces();
  const height = row * places.length + 7;
  const across = (x: number) => (left + perYear * (x - 2014)).toFixed(2);
  const down = (line: number) => (7 + row * (line + 0.5)).toFixed(2);
  const years = [2014, 2015, 2016, 2017, 2018, 2019, 2020].map(
    (year) =>
      `<path d="M${across(year)} 6V${height}" stroke="#e3e6ea" stroke-width="0.4"/><text x="${across(year)}" y="4.6" text-anchor="middle" class="year">${year}</text>`,
  );
  const lines = places.map(({ x, row: line, parents: [parent] }) => {
    const its = places.find(({ name }) => name === parent);
    if (!its) return '';
    const way = `M${across(its.x)} ${down(its.row)}V${down(line)}H${across(x)}`;
    return `<path d="${way}" fill="none" stroke="#8c959f" stroke-width="0.5"/>`;
  });
  const names = places.map(({ name, x, row: line, change }) => {
    const { color } = atlasKinds[atlasKindOf(name)];
    const [cx, cy] = [across(x), down(line)];
    const label = `<tspan class="name">${escapeHtml(shortName(name))}</tspan> <tspan class="change">${escapeHtml(change)}</tspan>`;
    return `<circle cx="${cx}" cy="${cy}" r="1.5" fill="${color}"/><text x="${Number(cx) + 2.8}" y="${Number(cy) + 1.6}">${label}</text>`;
  });
  return `<svg class="tree" viewBox="0 0 ${width} ${height.toFixed(2)}" role="img" aria-label="The family of the 36 methods: years across, a line from each method to those that change it">${[...years, ...lines, ...names].join('\n')}</svg>`;
}

/** The page as a file that holds everything. */
export function posterHtml(): string {
  const [scores, images, heads, length] = groups.map(group);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; font-src data:">
<title>Attention: 36 methods</title>
<style>${fontStyle()}
${readFileSync(asset('poster.css'), 'utf8')}</style>
</head>
<body>
<header>
<h1>Attention: 36 methods</h1>
<p>Each map is computed by the method itself, with parameters set by hand or at random; nothing is trained.
<b class="blue">Blue:</b> weights on <i>the old sailor saw the white whale and the whale saw him</i>, queries down, keys across; each row sums to 1.
<b class="warm">Orange:</b> weights, or gates from 0 to 1, on a picture of a whale above the sea, or on its channels; a blue ring is the pixel that asks.
Each map is darkest at its own largest weight. Behind the year: how the work grows with n words or pixels.</p>
</header>
<main>
<div class="pair">${scores}${images}</div>
${heads}
${length}
<section style="--kind:#1f2328"><h2>The family: what each changes in the one before</h2>${tree()}</section>
</main>
</body>
</html>
`;
}

/** The page as a PDF, and a picture of it. */
export async function printPoster(tab: Tab): Promise<{ pdf: Buffer; png: Buffer }> {
  await tab.setContent(posterHtml());
  const pdf = await tab.pdf();
  const [width, height] = [paper.width, paper.height].map((one) => Math.round(pixelsOf(one)));
  const size = { width, height, deviceScaleFactor: 1, mobile: false };
  await tab.send('Emulation.setDeviceMetricsOverride', size);
  const clip = { x: 0, y: 0, width, height, scale: 0.5 };
  const { data } = await tab.send('Page.captureScreenshot', { format: 'png', clip });
  return { pdf, png: Buffer.from(data, 'base64') };
}
