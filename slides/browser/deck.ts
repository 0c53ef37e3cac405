/**
 * What runs inside a deck: the way through it, keys, steps, light and dark. The files of this folder
 * stand in a deck as one script, one after another, in the order in which they need one another.
 */
import { draw } from './figures.ts';
import { handOut, slidesPerPage } from './handout.ts';
import { overviewKey, toggleOverview } from './overview.ts';
import {
  currentPage,
  element,
  isBehind,
  isPrint,
  pages,
  Reveal,
  RevealSearch,
  root,
} from './page.ts';
import { clearPen, paper, preparePen, togglePen } from './pen.ts';
import { openSpeaker, showSpeaker } from './speaker.ts';

const theme = new URLSearchParams(location.search).get('theme') ?? remembered();
root.classList.toggle('dark', theme === 'dark');

function remembered(): string | null {
  try {
    return localStorage.getItem('slides-theme');
  } catch {
    return null; // some browsers keep no storage for files
  }
}

function turnLight(): void {
  const dark = root.classList.toggle('dark');
  try {
    localStorage.setItem('slides-theme', dark ? 'dark' : 'light');
  } catch {}
  show();
}

const indexOf = (fragment: HTMLElement) => Number(fragment.dataset.fragmentIndex);

/** Lights the lines of the step that was shown last; all of them when the slide has gone on. */
function light(slide: Element): void {
  const shown = [...slide.querySelectorAll<HTMLElement>('.fragment.visible')].map(indexOf);
  const latest = Math.max(-1, ...shown);
  for (const block of slide.querySelectorAll('.block.code')) {
    const steps = [...block.querySelectorAll<HTMLElement>('.step')];
    const current = steps.filter((step) => step.classList.contains('visible')).pop();
    const [from, to] = current?.dataset.lines?.split('-').map(Number) ?? [0, -1];
    const stepping = current !== undefined && indexOf(current) === latest && !isPrint;
    block.classList.toggle('stepping', stepping);
    for (const [i, line] of block.querySelectorAll('.line').entries()) {
      line.classList.toggle('lit', stepping && i >= from && i <= to);
    }
  }
}

function show(): void {
  const slide = currentPage();
  if (!slide) return;
  light(slide);
  paper();
  void draw(slide).then(showSpeaker);
  showSpeaker();
}

/** Keys of the speaker's window do the same as those of this one. */
function keyFromSpeaker(event: KeyboardEvent): void {
  if (overviewKey(event)) return;
  if (['ArrowRight', 'ArrowDown', 'PageDown', ' ', 'n'].includes(event.key)) Reveal.next();
  else if (['ArrowLeft', 'ArrowUp', 'PageUp', 'p'].includes(event.key)) Reveal.prev();
  else if (event.key === 'b' || event.key === '.') Reveal.togglePause();
  else if (event.key === 'o' || event.key === 'Escape') toggleOverview();
  else return;
  event.preventDefault();
}

const speak = () => openSpeaker(keyFromSpeaker);
const fullScreen = () => void root.requestFullscreen?.();
const clear = () => {
  clearPen();
  showSpeaker();
};

/** What keys do, on screens without keys. */
function tools(): HTMLElement {
  const menu = element('details', 'tools');
  const opener = element('summary', '', '☰');
  opener.setAttribute('aria-label', 'Menu');
  menu.append(opener);
  const entries: [string, () => void][] = [
    ['Overview', toggleOverview],
    ['Speaker', speak],
    ['Draw', togglePen],
    ['Clear', clear],
    ['Dark or light', turnLight],
    ['Full screen', fullScreen],
  ];
  for (const [name, work] of entries) {
    const button = element('button', '', name);
    button.type = 'button';
    button.onclick = () => {
      menu.open = false;
      work();
    };
    menu.append(button);
  }
  return menu;
}

if (slidesPerPage > 0) void handOut();
else present();

function present(): void {
  window.addEventListener('keydown', overviewKey, true);
  // A control has the arrows to itself; with Esc the slides have them again.
  window.addEventListener(
    'keydown',
    (event) => {
      const target = event.target as HTMLElement;
      if (event.key !== 'Escape' || !target.matches('.range')) return;
      event.stopImmediatePropagation();
      target.blur();
    },
    true,
  );
  for (const event of ['slidechanged', 'fragmentshown', 'fragmenthidden']) Reveal.on(event, show);
  // Going on at the end of the talk does not lead into the backup: a link does.
  Reveal.on('beforeslidechange', (event: any) => {
    const [at, next] = [Reveal.getIndices().h, event.indexh];
    const linked = location.hash.slice(2).split('/')[0] === pages[next]?.id;
    const leaves = isBehind(pages[at]) !== isBehind(pages[next]);
    if (leaves && Math.abs(next - at) === 1 && !linked) event.preventDefault();
  });
  Reveal.on('pdf-ready', async () => {
    for (const slide of pages) await draw(slide);
    root.dataset.print = 'ready';
  });

  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    minScale: 0.05,
    maxScale: 10,
    center: false,
    hash: true,
    navigationMode: 'linear',
    overview: false,
    scrollActivationWidth: null, // or a phone shows one long page, and addresses lead nowhere
    transition: 'none',
    backgroundTransition: 'none',
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    plugins: [RevealSearch],
  }).then(() => {
    // "application" would take the keys of a screen reader away: this is a document.
    for (const place of document.querySelectorAll('[role="application"]'))
      place.removeAttribute('role');
    const keys: [code: number, key: string, what: string, work: () => void][] = [
      [83, 'S', 'Speaker view', speak],
      [79, 'O', 'Overview', toggleOverview],
      [68, 'D', 'Dark or light', turnLight],
      [67, 'C', 'Draw', togglePen],
      [46, 'Del', 'Clear what was drawn', clear],
    ];
    for (const [keyCode, key, description, work] of keys) {
      Reveal.addKeyBinding({ keyCode, key, description }, work);
    }
    Reveal.addKeyBinding({ keyCode: 27, key: 'Esc', description: 'Overview' }, () => {
      if (document.querySelector('.r-overlay-help')) Reveal.toggleHelp(false);
      else toggleOverview();
    });
    preparePen(showSpeaker);
    if (!isPrint) {
      document.body.append(tools());
      show();
    }
    root.dataset.ready = 'true';
  });
}
