/** Notebooks are not trusted: a corpus of attacks, and not one script that runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  code,
  drawn,
  heatmapOutput,
  markdown,
  notebook,
  said,
  shown,
  studio,
  visit,
} from './decks';

const { deck, open, folder } = studio();

const run = 'window.attacked=(window.attacked||0)+1';
const html = [
  `<script>${run}</script>`,
  `<SCRIPT SRC="https://evil.example/x.js"></SCRIPT>`,
  `<scr<script>ipt>${run}</scr</script>ipt>`,
  `<img src=x onerror="${run}">`,
  `<img src="data:image/png;base64,AAAA" onerror=${run}>`,
  `<img """><script>${run}</script>">`,
  `<svg onload="${run}"><circle r="5"/></svg>`,
  `<svg><script>${run}</script></svg>`,
  `<svg><animate onbegin="${run}" attributeName="x" dur="1s"/></svg>`,
  `<svg><set attributeName="href" to="javascript:${run}"/></svg>`,
  `<svg><use href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>${run}</script></svg>#x"/></svg>`,
  `<svg><foreignObject><iframe srcdoc="<script>parent.${run}</script>"></iframe></foreignObject></svg>`,
  `<svg><image href="https://evil.example/a.png"/></svg>`,
  `<svg><rect width="9" height="9" fill="url(https://evil.example/f.svg#a)"/></svg>`,
  `<svg><style>@import url(https://evil.example/x.css);</style></svg>`,
  `<svg><a xlink:href="javascript:${run}"><text y="9">click</text></a></svg>`,
  `<svg><title><style><img src=x onerror=${run}></style></title></svg>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${run}></style></mglyph></table></mtext></math>`,
  `<math href="javascript:${run}">click</math>`,
  `<noscript><p title="</noscript><img src=x onerror=${run}>"></noscript>`,
  `<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${run}>`,
  `<iframe src="javascript:parent.${run}"></iframe>`,
  `<iframe srcdoc="<script>parent.${run}</script>"></iframe>`,
  `<object data="data:text/html,<script>${run}</script>"></object>`,
  `<embed src="https://evil.example/x.swf">`,
  `<link rel="stylesheet" href="https://evil.example/x.css">`,
  `<style>body{background:url(https://evil.example/b.png)} .reveal{display:none}</style>`,
  `<base href="https://evil.example/">`,
  `<meta http-equiv="refresh" content="0;url=https://evil.example/">`,
  `<form action="https://evil.example/"><button>send</button><input autofocus onfocus="${run}"></form>`,
  `<video src="https://evil.example/v.mp4" onerror="${run}"></video>`,
  `<audio src=x onerror="${run}"></audio>`,
  `<details open ontoggle="${run}"><summary>open</summary>\n\nx\n</details>`,
  `<div style="background:url(https://evil.example/d.png);position:fixed;inset:0">cover</div>`,
  `<p id="figures">clobbered</p><a name="Reveal"></a><img name="getElementById" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="x">`,
  `<a href="javascript:${run}">click</a>`,
  `<a href="java\tscript:${run}">click</a>`,
  `<a href="&#106;avascript:${run}">click</a>`,
  `<a href="data:text/html,<script>${run}</script>">click</a>`,
  `<a href="vbscript:x">click</a>`,
  `<textarea><img title="</textarea><img src=x onerror=${run}>"></textarea>`,
  `<select><template><script>${run}</script></template></select>`,
  `<xmp><img title="</xmp><img src=x onerror=${run}>"></xmp>`,
  `<!--><img src=x onerror=${run}>-->`,
  `<![CDATA[<img src=x onerror=${run}>]]>`,
  `<p class="fragment r-fit-text" data-background-iframe="https://evil.example">x</p>`,
  `</div></section><section><script>${run}</script>`,
  `\uE0000-0\uE001 <b>a placeholder made by hand</b>`,
];
const links = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'data:text/html,x',
];
const inMarkdown = [
  ...links.map((href) => `[click](<${href}>)`),
  `<javascript:${run}>`,
  `[ref]\n\n[ref]: javascript:${run}`,
  '$\\href{javascript:alert(1)}{x}$',
  '$\\url{javascript:alert(1)}$',
  '$\\htmlClass{evil}{x}$',
  '$\\includegraphics{https://evil.example/a.png}$',
  `$<img src=x onerror=${run}>$`,
  '```html\n<script>alert(1)</script>\n```',
  `\`<img src=x onerror=${run}>\``,
];
test('the corpus runs no script, asks nothing, covers nothing, as lenient as can be; with the policy and without', async () => {
  const figure = heatmapOutput(`<img src=x onerror="${run}"> <a href="javascript:${run}">t</a>`);
  const cells = [
    ...[...html, ...inMarkdown].map((attack) => markdown(`## Attack\n\n${attack}`)),
    ...html.map((attack) => markdown(`## Inline\n\ntext ${attack.replace(/\n/g, ' ')} text`)),
    ...html.map((attack) => code('x', [shown({ 'text/html': attack })], { type: 'slide' })),
    ...html.map((attack) =>
      code('x', [shown({ 'image/svg+xml': attack, 'text/plain': 'drawing' })], { type: 'slide' }),
    ),
    ...html.map((attack) => code(attack, [said(attack)], { type: 'slide' })),
    code('x', [figure], { type: 'slide' }),
  ];
  const marked = [...html, ...inMarkdown].flatMap((attack) => [
    markdown(
      `<!-- slide: Attack -->\n<!-- core -->\ntext\n\n${attack}\n\n<!-- /core -->\n\n${attack}`,
    ),
    markdown(`<!-- slide: ${attack} -->\n<!-- core -->\n\ntext\n\n<!-- /core -->`),
  ]);
  const talk = [
    ...marked,
    markdown('<!-- slide: Figure -->'),
    code('x', [figure], { tags: ['core'] }),
  ];
  // Leniently: nothing is refused before it is tried.
  const { file, pages } = await deck(notebook(markdown('# T'), ...cells, ...talk), {
    lenient: true,
  });
  const text = readFileSync(file, 'utf8');
  const unguarded = join(folder, 'unguarded.html');
  writeFileSync(unguarded, text.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ''));
  for (const path of [file, unguarded]) {
    const { page, requests, errors } = await open(path);
    await drawn(page);
    await visit(page, pages[pages.length - 1].id);
    // A click on what looks like a link of an attack.
    await page.evaluate(() => {
      for (const link of document.querySelectorAll<HTMLElement>('.page a')) {
        link.addEventListener('click', (event) => event.stopPropagation());
        if (!/^https?:/.test(link.getAttribute('href') ?? '')) link.click();
      }
    });
    expect(await page.evaluate(() => (window as any).attacked)).toBeUndefined();
    expect(requests).toEqual([]);
    expect(errors).toEqual([]);
    const found = await page.evaluate(() => {
      const all = [...document.querySelectorAll('.slides *')];
      return {
        handlers: all.filter((one) => [...one.attributes].some(({ name }) => /^on/i.test(name)))
          .length,
        elements: all
          .map(({ localName }) => localName)
          .filter((name) =>
            /^(script|style|iframe|object|embed|link|base|meta|form|input|video|audio|foreignobject|use|template|set|animate)$/i.test(
              name,
            ),
          ),
        addresses: [...document.querySelectorAll('.slides [href]')]
          .map((one) => one.getAttribute('href') ?? '')
          .filter((href) => !/^(https?:|mailto:|#)/.test(href)),
      };
    });
    expect(found).toEqual({ handlers: 0, elements: [], addresses: [] });
    await page.close();
  }
}, 240_000);

test('a figure that would load a picture is refused', async () => {
  const figure = {
    data: [{ type: 'heatmap', z: [[1]] }],
    layout: { title: 'T', images: [{ source: 'https://evil.example/a.png' }] },
  };
  const bad = notebook(
    markdown('# T'),
    code('x', [shown({ 'application/vnd.plotly.v1+json': figure })]),
  );
  await expect(deck(bad)).rejects.toThrow(/a figure that would load https:\/\/evil/);
});

test('the policy by itself stops a script and a request', async () => {
  const { file } = await deck(notebook(markdown('# T')));
  const broken = join(folder, 'broken.html');
  const attack = `<script>${run}</script><img src="https://evil.example/a.png" onerror="${run}">`;
  writeFileSync(broken, readFileSync(file, 'utf8').replace('<div class="reveal">', `${attack}$&`));
  const { page, requests } = await open(broken);
  await page.waitForTimeout(300);
  expect(await page.evaluate(() => (window as any).attacked)).toBeUndefined();
  expect(requests).toEqual([]);
});
