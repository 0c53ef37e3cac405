/** The speaker's window, filled from here, so that it needs no script and no address. */
import { around, currentPage, element, isBehind, root } from './page.ts';

let speaker: Window | null = null;
/** What the clock had counted when it was paused last, and since when it runs, if it does. */
let counted = 0;
let since: number | undefined;

const elapsed = () => (counted + (since === undefined ? 0 : Date.now() - since)) / 1000;
const find = <T extends Element>(selector: string) =>
  speaker && !speaker.closed ? speaker.document.querySelector<T>(selector) : null;

/** @param onKey what the main window does with keys */
export function openSpeaker(onKey: (event: KeyboardEvent) => void): void {
  speaker = window.open('', 'speaker', 'width=1200,height=800');
  if (!speaker) return;
  const { document: other } = speaker;
  other.title = `Speaker: ${document.title}`;
  other.body.className = 'speaker';
  const target = element('input', 'target');
  target.type = 'number';
  target.min = '1';
  target.value = root.dataset.minutes ?? '';
  const label = element('label', '');
  label.append('minutes ', target);
  const pause = button('Pause', () => {
    if (since === undefined) since = Date.now();
    else {
      counted += Date.now() - since;
      since = undefined;
    }
    tick();
  });
  pause.className = 'pause';
  const zero = button('Timer to 0', () => {
    counted = 0;
    if (since !== undefined) since = Date.now();
    tick();
  });
  const time = element('div', 'time');
  time.append(element('span', 'timer'), element('span', 'clock'));
  const controls = element('div', 'controls-row');
  controls.append(pause, zero, label);
  const aside = element('div', 'aside');
  aside.append(
    element('div', 'view next'),
    time,
    element('div', 'pace'),
    controls,
    element('div', 'where'),
  );
  const words = element('div', 'words');
  words.tabIndex = 0;
  words.setAttribute('aria-label', 'Notes');
  other.body.replaceChildren(element('div', 'view now'), aside, words);
  target.oninput = tick;
  other.onkeydown = (event) => {
    if (!(event.target as Element).matches('input')) onKey(event);
  };
  [counted, since] = [0, Date.now()];
  speaker.onresize = showSpeaker;
  tick();
  showSpeaker();
}

function button(text: string, work: () => void): HTMLButtonElement {
  const made = element('button', '', text);
  made.type = 'button';
  made.onclick = work;
  return made;
}

const clockTime = (seconds: number) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

/** Which share of the time the first `count` slides take: as the lecture says, or all alike. */
function ends(all: HTMLElement[], count: number): number {
  const until = (page: HTMLElement | undefined) => Number(page?.dataset.until);
  const total = until(all[all.length - 1]);
  return total > 0 ? (count === 0 ? 0 : until(all[count - 1]) / total) : count / all.length;
}

function tick(): void {
  const timer = find('.timer');
  const page = currentPage();
  if (!timer || !page) return;
  timer.textContent = clockTime(elapsed());
  const now = new Date();
  const put = (selector: string, text: string) => {
    const place = find(selector);
    if (place) place.textContent = text;
  };
  put('.clock', `${now.getHours()}:${String(now.getMinutes()).padStart(2, '0')}`);
  put('.pause', since === undefined ? 'Go on' : 'Pause');
  const minutes = Number(find<HTMLInputElement>('.target')?.value);
  const all = around(page);
  let pace = '';
  if (minutes > 0 && !isBehind(page)) {
    // The times at which this slide begins and ends; between them we are on time.
    const at = all.indexOf(page);
    const [from, to] = [at, at + 1].map((k) => ends(all, k) * 60 * minutes);
    const seconds = elapsed();
    if (seconds < from) pace = `${clockTime(from - seconds)} ahead`;
    else if (seconds > to) pace = `${clockTime(seconds - to)} behind`;
    else pace = 'on time';
    pace += `; this slide until ${clockTime(to)}`;
  }
  put('.pace', pace);
}
setInterval(tick, 500);

export function showSpeaker(): void {
  const current = currentPage();
  if (!speaker || speaker.closed || !current) return;
  const { document: other } = speaker;
  const all = around(current);
  const at = all.indexOf(current);
  other.documentElement.className = root.className;
  dress(other);
  picture(find('.now'), current);
  picture(find('.next'), all[at + 1]);
  const words = find('.words');
  if (words) words.innerHTML = current.querySelector('aside.notes')?.innerHTML ?? '';
  const where = find('.where');
  if (where) where.textContent = `${isBehind(current) ? 'backup ' : ''}${at + 1} of ${all.length}`;
  tick();
}

let dressed = 0;

/** Rule by rule, as Plotly adds its own to a sheet without text. */
function dress(other: Document): void {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  if (rules.length === dressed && other.head.childElementCount > 1) return;
  dressed = rules.length;
  const style = other.createElement('style');
  style.textContent = rules.map(({ cssText }) => cssText).join('\n');
  other.head.querySelector('style')?.remove();
  other.head.append(style);
}

/** A copy of a slide as it stands; a figure not drawn yet is said in words. */
function picture(place: HTMLElement | null, slide: HTMLElement | undefined): void {
  if (!place) return;
  place.innerHTML = '<div class="reveal"><div class="slides"></div></div>';
  if (!slide) return;
  const copy = place.ownerDocument.importNode(slide, true) as HTMLElement;
  copy.removeAttribute('hidden');
  copy.removeAttribute('aria-hidden');
  copy.style.cssText = '';
  copy.classList.add('present');
  // Nor is what WebGL has drawn copied.
  const missing = '.plot:not([data-drawn="done"]), .plot:has(canvas)';
  for (const plot of copy.querySelectorAll<HTMLElement>(missing)) {
    plot.textContent = plot.getAttribute('aria-label');
  }
  place.querySelector('.slides')?.append(copy);
  const [deck] = place.children;
  (deck as HTMLElement).style.transform = `scale(${place.clientWidth / 1280})`;
}
