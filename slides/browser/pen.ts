/** Drawing on a slide. What is drawn stays on its slide until it is cleared or the file is closed. */
import { currentPage, pages, root } from './page.ts';

const svg = 'http://www.w3.org/2000/svg';
const isOn = () => root.classList.contains('writing');

/** @param changed is told after each line */
export function preparePen(changed: () => void): void {
  for (const page of pages) {
    page.addEventListener('pointerdown', (event) => {
      const paper = page.querySelector<SVGSVGElement>('.pen');
      if (!isOn() || !paper || event.button !== 0) return;
      event.preventDefault();
      const line = paper.appendChild(document.createElementNS(svg, 'polyline'));
      const add = ({ clientX, clientY }: PointerEvent) => {
        const { left, top, width } = paper.getBoundingClientRect();
        const at = [clientX - left, clientY - top].map((x) => ((x * 1280) / width).toFixed(1));
        line.setAttribute('points', `${line.getAttribute('points') ?? ''} ${at.join(',')}`);
      };
      add(event);
      paper.setPointerCapture(event.pointerId);
      paper.onpointermove = add;
      paper.onpointerup = paper.onpointercancel = () => {
        paper.onpointermove = null;
        changed();
      };
    });
  }
}

export function togglePen(): void {
  root.classList.toggle('writing');
  paper();
}

/** The sheet over the slide on the screen; a slide gets one when somebody is about to draw. */
export function paper(): void {
  const page = currentPage();
  if (!isOn() || !page || page.querySelector('.pen')) return;
  const sheet = document.createElementNS(svg, 'svg');
  sheet.setAttribute('class', 'pen');
  sheet.setAttribute('viewBox', '0 0 1280 720');
  sheet.setAttribute('data-prevent-swipe', '');
  page.append(sheet);
}

export function clearPen(): void {
  currentPage()?.querySelector('.pen')?.replaceChildren();
}
