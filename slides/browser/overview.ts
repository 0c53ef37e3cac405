/** The overview: links with pictures, made at build, so that it opens at once. */
import { currentPage } from './page.ts';

const overview = document.querySelector<HTMLElement>('.overview');
const links = [...(overview?.querySelectorAll<HTMLElement>('a') ?? [])];

export function toggleOverview(): void {
  if (!overview) return;
  overview.hidden = !overview.hidden;
  if (overview.hidden) return;
  const current = `#/${currentPage()?.id}`;
  for (const link of links) {
    if (link.getAttribute('href') === current) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  const here = links.find((link) => link.hasAttribute('aria-current')) ?? links[0];
  here?.focus();
  here?.scrollIntoView({ block: 'center' });
}

/** While it is open, the keys are its own. @returns whether it was */
export function overviewKey(event: KeyboardEvent): boolean {
  if (overview?.hidden !== false) return false;
  event.stopImmediatePropagation();
  if (/^(Escape|o)$/i.test(event.key)) toggleOverview();
  else if (event.key === 'Enter') (document.activeElement as HTMLElement).click();
  else if (event.key.startsWith('Arrow')) step(event.key);
  else return true;
  event.preventDefault();
  return true;
}

/** From link to link, up and down to the nearest in the next row. */
function step(key: string): void {
  const boxes = links.map((link) => link.getBoundingClientRect());
  const at = links.indexOf(document.activeElement as HTMLElement);
  const here = boxes[Math.max(0, at)];
  let next = at + (key === 'ArrowRight' ? 1 : -1);
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const sign = key === 'ArrowDown' ? 1 : -1;
    const away = (box: DOMRect) => sign * (box.top - here.top);
    const row = Math.min(...boxes.map(away).filter((distance) => distance > 4));
    const sideways = (i: number) => Math.abs(boxes[i].left - here.left);
    const inRow = links.map((_, i) => i).filter((i) => Math.abs(away(boxes[i]) - row) < 4);
    next = inRow.sort((a, b) => sideways(a) - sideways(b))[0] ?? at;
  }
  links[next]?.focus();
}

overview?.addEventListener('click', (event) => {
  if ((event.target as Element).closest('a')) toggleOverview();
});
