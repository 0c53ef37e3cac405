/** A colour of one's own, as it has to be on light and on dark paper. */

/** What text needs to stand out from its ground (WCAG, AA). */
const enough = 4.5;

const channels = (hex: string) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

function luminance(hex: string): number {
  const [r, g, b] = channels(hex)
    .map((channel) => channel / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** The colour, mixed with white or black until it stands out from the ground. */
function against(ground: string, accent: string): string {
  const end = luminance(ground) > 0.5 ? 0 : 255;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = channels(accent).map((c) => Math.round(c + (end - c) * share));
    const hex = `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
    if (contrast(hex, ground) > enough) return hex;
  }
  return end ? '#ffffff' : '#000000';
}

/** The rules that set it. The grounds are those of theme.css on which it has to be read. */
export function accentStyle(accent: string): string {
  return (
    `:root{--accent:${against('#f4f6f8', accent)}}` +
    `:root.dark{--accent:${against('#1f242a', accent)}}`
  );
}
