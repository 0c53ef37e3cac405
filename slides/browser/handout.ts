/** For paper: some slides on a page, each with its notes. The address asks for it: `?handout=3`. */
import { draw } from './figures.ts';
import { element, isBehind, pages, root } from './page.ts';

export const slidesPerPage = Number(new URLSearchParams(location.search).get('handout'));

export async function handOut(): Promise<void> {
  root.classList.add('static', 'handout');
  root.classList.toggle('two', slidesPerPage < 3);
  const style = document.head.appendChild(element('style', ''));
  style.textContent = '@page { size: A4; margin: 14mm 14mm 12mm }';
  const sheets = element('main', 'leaves');
  for (const page of pages.filter((one) => !isBehind(one))) {
    await draw(page);
    const [leaf, view, words] = ['leaf', 'view', 'words'].map((name) => element('div', name));
    words.append(...(page.querySelector('aside.notes')?.childNodes ?? []));
    view.append(page);
    leaf.append(view, words);
    sheets.append(leaf);
  }
  document.querySelector('.reveal')?.replaceChildren(sheets);
  root.dataset.print = 'ready';
}
