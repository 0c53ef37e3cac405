/** Measures blocks where they will be seen: in Chromium, with the deck's own style. */

import type { Block, Heading, Slide } from './blocks.ts';
import type { Tab } from './chromium.ts';
import {
  sizes as backupSizes,
  type Extent,
  type Measured,
  page as paper,
  room,
  talkSizes,
} from './layout.ts';
import { head, measuring } from './pages.ts';

export interface Measurement {
  slides: Measured[];
  /** How much too wide a block is in the full width, at the size of a page; if it is one of these. */
  excess(block: Block, size: number): number | undefined;
  /** The font faces that were needed: 'KaTeX_Main 400 normal'. */
  fonts: string[];
}

/**
 * @param style the style sheets of a deck, with all fonts
 * @param talk whether these are slides of the talk
 */
export async function measure(
  tab: Tab,
  slides: Slide[],
  style: string,
  talk = false,
): Promise<Measurement> {
  const sizes = talk ? talkSizes : backupSizes;
  const kind = talk ? ' talk' : '';
  const headings = new Map<Heading | undefined, number>([[undefined, 0]]);
  for (const { blocks, under } of slides) {
    for (const block of [under, ...blocks]) {
      if (block?.kind === 'heading' && !headings.has(block)) headings.set(block, headings.size);
    }
  }
  const heads = [...headings.keys()].map((heading) => {
    // The widest that may stand behind a title, so that it surely fits.
    const cover = heading?.level === 1 ? ' cover' : '';
    const crumb = talk ? undefined : 'Where we are';
    const [part, of] = talk || heading?.level === 1 ? [1, 1] : [2, 9];
    return `<section class="page${cover}${kind}"><div class="sheet">${head(heading, crumb, part, of)}</div></section>`;
  });
  const bodies = slides.map(
    ({ blocks }) => `<div class="page${kind}"><div class="body">${measuring(blocks)}</div></div>`,
  );
  await tab.setContent(
    `<!doctype html><html class="static"><style>${style}</style>
     <div class="reveal"><div class="slides">${heads.join('')}${bodies.join('')}</div></div>
     <div class="words">${slides.map(({ notes }) => notes).join('')}</div>`,
  );
  const found = await tab.evaluate(inBrowser, { sizes, widths: [room.width, room.text] });
  for (const slide of slides) {
    for (const block of slide.blocks) {
      if (block.kind === 'picture' && !block.width) {
        Object.assign(block, await tab.evaluate(ofPicture, block.src));
      }
    }
  }
  const tops = found.heads;
  const measured = slides.map((_, i): Measured => {
    const at = (width: number) =>
      Object.fromEntries(sizes.map((size, s) => [size, found.extents[width][s][i]]));
    return { full: at(0), narrow: at(1), head: (heading) => tops[headings.get(heading) ?? 0] };
  });
  const where = new Map(
    slides.flatMap(({ blocks }, i) => blocks.map((block, b) => [block, [i, b]] as const)),
  );
  return {
    slides: measured,
    fonts: found.fonts,
    excess(block, size) {
      const [slide, index] = where.get(block) ?? [];
      return slide === undefined || index === undefined
        ? undefined
        : measured[slide].full[size][index].excess;
    },
  };
}

/** One layout for each width and size; all blocks are read in it at once. */
function inBrowser({ sizes, widths }: { sizes: number[]; widths: number[] }) {
  const bodies = [...document.querySelectorAll<HTMLElement>('.body')];
  const heads = [...document.querySelectorAll<HTMLElement>('section.page')].map(
    (page) =>
      (page.querySelector('header')?.getBoundingClientRect().bottom ?? 0) -
      page.getBoundingClientRect().top,
  );
  const extents = widths.map((width, w) =>
    sizes.map((size) => {
      for (const body of bodies) {
        // Text stands in a column only beside a figure.
        if (w > 0 && !body.querySelector('.figure, .picture')) body.style.display = 'none';
        body.style.width = `${width}px`;
        body.style.setProperty('--size', `${size}px`);
      }
      return bodies.map((body) =>
        [...body.children].map((block): Extent => {
          const box = block.getBoundingClientRect();
          const parts = [...block.querySelectorAll('[data-part]')].map((part) =>
            part.getBoundingClientRect(),
          );
          const heights = parts.map(({ top, bottom }, i) => (parts[i + 1]?.top ?? bottom) - top);
          // A formula reports its width only through what holds it.
          const wide = [
            ...block.querySelectorAll('.katex-display > .katex > .katex-html, table, svg'),
          ];
          const widest = Math.max(
            block.scrollWidth,
            ...wide.map((one) => one.scrollWidth || one.getBoundingClientRect().width),
          );
          return { height: box.height, parts: heights, excess: Math.max(1, widest / box.width) };
        }),
      );
    }),
  );
  const fonts = [...document.fonts]
    .filter(({ status }) => status === 'loaded')
    .map(({ family, weight, style }) => `${family.replace(/["']/g, '')} ${weight} ${style}`);
  return { heads, extents, fonts };
}

/** The size of a picture and, of a drawing, of its smallest letters; indices are not counted. */
async function ofPicture(src: string) {
  const image = new Image();
  image.src = src;
  await image.decode().catch(() => {});
  const size = { width: image.naturalWidth || 600, height: image.naturalHeight || 400 };
  const [, base64] = /^data:image\/svg\+xml;base64,(.*)$/s.exec(src) ?? [];
  if (!base64) return size;
  // In a frame where no script runs.
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-same-origin');
  frame.style.cssText = `width:${size.width}px;height:${size.height}px;border:0`;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  frame.src = URL.createObjectURL(new Blob([bytes], { type: 'image/svg+xml' }));
  const loaded = new Promise((resolve) => {
    frame.onload = resolve;
  });
  document.body.append(frame);
  await loaded;
  const texts = [...(frame.contentDocument?.querySelectorAll<SVGTextElement>('text') ?? [])];
  const sizes = texts
    .filter((text) => text.textContent?.trim())
    .map((text) => {
      const parts = [text, ...text.querySelectorAll('tspan')].map((part) =>
        Number.parseFloat(getComputedStyle(part).fontSize),
      );
      const matrix = text.getScreenCTM();
      return Math.max(...parts) * (matrix ? Math.hypot(matrix.a, matrix.b) : 1);
    });
  frame.remove();
  return sizes.length > 0 ? { ...size, letters: Math.min(...sizes) } : size;
}

/**
 * What sticks out of its page, in a deck set up for measuring.
 *
 * @returns the page's id, by how many pixels, and what sticks out
 */
export async function overflows(tab: Tab, html: string) {
  await tab.setContent(html);
  return tab.evaluate(
    ({ width, bottom }) =>
      [...document.querySelectorAll<HTMLElement>('section.page')].flatMap((page) => {
        const frame = page.getBoundingClientRect();
        const worst = [
          ...page.querySelectorAll<HTMLElement>(
            '.sheet :is(header, .block, .katex-html, table, .line, p, li)',
          ),
        ]
          .map((element) => {
            const box = element.getBoundingClientRect();
            const down = box.bottom - frame.top - bottom;
            const right = box.right - frame.left - width;
            return {
              by: Math.ceil(Math.max(down, right)),
              text: element.textContent?.trim().slice(0, 60) ?? '',
            };
          })
          .sort((a, b) => b.by - a.by)[0];
        if (!worst || worst.by <= 2) return [];
        return [{ id: page.id, ...worst }];
      }),
    { width: paper.width - 24, bottom: room.bottom },
  );
}
