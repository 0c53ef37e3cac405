/** For paper: some slides on a page, each with its notes. The address asks for it: `?handout=3`. */
import { draw } from './figures.ts';
import { element, isBehind, pages, root } from './page.ts';

export const slidesPerPage = Number(new URLSearchParams(location.search).get('handout'));

export async function handOut(): Promise<void> {
  // The last is for reveal.js, which has rules of its own for paper.
  root.classList.add('static', 'handout', 'print-pdf');
  root.classList.toggle('two', slidesPerPage < 3);
  const style = document.head.appendChild(element('style', ''));
  style.textContent = '@page { size: A4; margin: 14mm 14mm 12mm }';
  const sheets = element('main', 'slides leaves');
  for (const page of pages.filter((one) => !isBehind(one))) {
    await draw(page);
    const [leaf, view, words] = ['leaf', 'view', 'words'].map((name) => element('div', name));
    words.append(...(page.querySelector('aside.notes')?.childNodes ?? []));
    view.append(page);
    leaf.append(view, words);
    sheets.append(leaf);
  }
  document.querySelector('.reveal')?.replaceChildren(sheets);
  for (const formula of sheets.querySelectorAll<HTMLElement>('.words .katex-display')) {
    const { width = 0 } = formula.querySelector('.katex-html')?.getBoundingClientRect() ?? {};
    const share = formula.clientWidth / width;
    if (share < 1) formula.style.fontSize = `${share}em`;
  }
  root.dataset.print = 'ready';
}
