/** The pages of the deck: those of the talk, and the backup behind them. */
export const { Reveal, RevealSearch, Plotly } = window as any;

export const root = document.documentElement;
export const isPrint = /[?&](view=print|print-pdf|handout=)/i.test(location.search);

export const pages = [...document.querySelectorAll<HTMLElement>('section.page')];

export const isBehind = (page: Element | undefined) =>
  page?.getAttribute('data-visibility') === 'uncounted';

/** The talk, or, when a page of the backup is shown, the backup. */
export const around = (page: HTMLElement) =>
  pages.filter((one) => isBehind(one) === isBehind(page));

export const currentPage = (): HTMLElement | undefined => Reveal.getCurrentSlide?.();

/** An element with its class, and with text, if it has any. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
