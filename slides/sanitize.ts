/**
 * Notebooks are not trusted. What HTML and SVG they carry passes this list of what is harmless;
 * everything else is dropped. No scripts, no event handlers, no styles, no forms, no frames, and no
 * address that the file would load from outside.
 */
import sanitizeHtml from 'sanitize-html';

const text = [
  ...['p', 'br', 'hr', 'div', 'span', 'blockquote', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'],
  ...['b', 'strong', 'i', 'em', 'u', 's', 'del', 'ins', 'mark', 'small', 'sub', 'sup', 'abbr'],
  ...['code', 'pre', 'kbd', 'samp', 'var', 'q', 'cite', 'dfn', 'ul', 'ol', 'li', 'dl', 'dt', 'dd'],
  ...['table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'a', 'img', 'figure'],
  'figcaption',
];
const shapes = [
  'path',
  'line',
  'polyline',
  'polygon',
  'rect',
  'circle',
  'ellipse',
  'text',
  'tspan',
];
const svg = ['svg', 'g', 'defs', 'lineargradient', 'radialgradient', 'stop', 'clippath', ...shapes];

// htmlparser2 gives names in lower case; a browser restores the capitals of SVG.
const drawing = [
  ...['viewbox', 'preserveaspectratio', 'transform', 'd', 'points', 'pathlength', 'cx', 'cy', 'r'],
  ...['rx', 'ry', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'dx', 'dy', 'width', 'height', 'offset'],
  ...['fill', 'fill-opacity', 'fill-rule', 'stroke', 'stroke-width', 'stroke-opacity', 'opacity'],
  ...['stroke-linecap', 'stroke-linejoin', 'stroke-dasharray', 'stroke-dashoffset', 'stop-color'],
  ...['stop-opacity', 'clip-path', 'gradienttransform', 'gradientunits', 'text-anchor'],
  ...['dominant-baseline', 'font-size', 'font-weight', 'font-style', 'role', 'aria-hidden'],
  ...['aria-label', 'id'],
];

/** Prefix of the names inside an SVG, so that they shadow nothing in the page. */
const own = 'nb-';

export interface Addresses {
  /** The address a link may have, or undefined to keep only its text. */
  link(href: string): string | undefined;
  /** The data: URI of an image, or undefined to leave it out. */
  image(src: string): string | undefined;
  /** Hears of an image that has no text instead. */
  noAlt(): void;
}

/** @returns HTML with nothing in it that runs or loads */
export function sanitize(html: string, { link, image, noAlt }: Addresses): string {
  return sanitizeHtml(html, {
    allowedTags: [...text, ...svg],
    disallowedTagsMode: 'discard',
    nonTextTags: ['script', 'style', 'textarea', 'option', 'noscript', 'title', 'xmp', 'template'],
    allowedAttributes: {
      '*': ['dir', 'lang'],
      a: ['href', 'title', 'target', 'rel'],
      img: ['src', 'alt', 'title', 'width', 'height'],
      abbr: ['title'],
      ol: ['start'],
      th: ['align', 'style', 'colspan', 'rowspan', 'scope'],
      td: ['align', 'style', 'colspan', 'rowspan'],
      ...Object.fromEntries(svg.map((tag) => [tag, drawing])),
    },
    allowedStyles: {
      th: { 'text-align': [/^(left|right|center)$/] },
      td: { 'text-align': [/^(left|right|center)$/] },
    },
    allowedSchemes: ['http', 'https', 'mailto'],
    allowedSchemesByTag: { img: ['data'] },
    allowProtocolRelative: false,
    transformTags: {
      a: (tagName, { href, title }) => {
        const address = href === undefined ? undefined : link(href);
        if (address === undefined) return { tagName: 'span', attribs: {} };
        const outside = /^https?:/i.test(address);
        return {
          tagName,
          attribs: {
            href: address,
            ...(title ? { title } : {}),
            ...(outside ? { target: '_blank', rel: 'noopener noreferrer' } : {}),
          },
        };
      },
      img: (tagName, { src, alt, title, width, height }) => {
        if (!alt?.trim()) noAlt();
        const data = src === undefined ? undefined : image(src);
        if (data === undefined) return { tagName: 'span', attribs: {} };
        const kept = Object.entries({ src: data, alt: alt ?? '', title, width, height });
        return { tagName, attribs: Object.fromEntries(kept.filter(([, value]) => value != null)) };
      },
      '*': (tagName, attribs) => ({ tagName, attribs: inside(attribs) }),
    },
  });
}

/** Names get the prefix, also where they are used; any other `url(…)` would load something. */
function inside(attribs: Record<string, string>): Record<string, string> {
  const kept = Object.entries(attribs).filter(
    ([name, value]) =>
      name === 'href' ||
      name === 'src' ||
      !/url\s*\(/i.test(value) ||
      /^url\(#[\w-]+\)$/.test(value),
  );
  return Object.fromEntries(
    kept.map(([name, value]) => {
      if (name === 'id') return [name, `${own}${value}`];
      return [name, value.replace(/^url\(#([\w-]+)\)$/, `url(#${own}$1)`)];
    }),
  );
}
