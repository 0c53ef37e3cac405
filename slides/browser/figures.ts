/** Figures: drawn when their slide is first seen, worked by mouse, finger and keys, and set back. */
import { element, isPrint, Plotly } from './page.ts';

interface Stored {
  data: object[];
  layout: { sliders?: Slider[] };
  zoom: number;
}

interface Slider {
  active?: number;
  name?: string;
  currentvalue?: { prefix?: string };
  steps: { label: string; method: string; args: unknown[] }[];
}

const text = document.getElementById('figures')?.textContent;
const figures: Stored[] = text ? JSON.parse(text) : [];

/** Draws the figures of a slide that is on the screen: in a hidden one Plotly cannot measure. */
export async function draw(slide: Element): Promise<void> {
  const places = [...slide.querySelectorAll<HTMLElement>('.plot:not([data-drawn])')];
  await Promise.all(places.map(drawOne));
}

async function drawOne(place: HTMLElement): Promise<void> {
  place.dataset.drawn = 'begun';
  const { data, layout, zoom } = structuredClone(figures[Number(place.dataset.figure)]);
  const inside = document.createElement('div');
  inside.style.transform = `scale(${zoom})`;
  place.replaceChildren(inside);
  await Plotly.newPlot(inside, data, layout, { displaylogo: false, displayModeBar: false });
  // What WebGL has drawn does not reach the paper: a picture of it does.
  if (isPrint && inside.querySelector('canvas')) {
    const picture = new Image();
    picture.src = await Plotly.toImage(inside, { format: 'png', scale: 2 * zoom });
    await picture.decode();
    picture.width = inside.clientWidth;
    inside.replaceChildren(picture);
  }
  if (!isPrint) {
    for (const [i, slider] of (layout.sliders ?? []).entries()) {
      place.append(rangeOf(place, inside, slider, i));
    }
    offerReset(place, inside);
  }
  place.dataset.drawn = 'done';
}

/** A control of the page over the slider that Plotly draws, for keys and for who does not see it. */
function rangeOf(place: HTMLElement, inside: any, slider: Slider, i: number): HTMLInputElement {
  const range = element('input', 'range');
  range.type = 'range';
  range.min = '0';
  range.max = String(slider.steps.length - 1);
  const name = slider.name ?? slider.currentvalue?.prefix?.replace(/[\s:]+$/, '');
  range.setAttribute('aria-label', name || `slider ${i + 1}`);
  const show = (at: number) => {
    range.value = String(at);
    const label = slider.steps[at].label.replace(/<[^>]*>/g, '');
    range.setAttribute('aria-valuetext', label || `${at + 1} of ${slider.steps.length}`);
  };
  show(slider.active ?? 0);
  range.oninput = async () => {
    const at = Number(range.value);
    const { method, args } = slider.steps[at];
    show(at);
    await Plotly[method](inside, ...structuredClone(args));
    await Plotly.relayout(inside, { [`sliders[${i}].active`]: at });
  };
  inside.on('plotly_sliderchange', () => show(inside.layout.sliders[i].active ?? 0));
  const scale = place.getBoundingClientRect().width / place.offsetWidth;
  const frame = place.getBoundingClientRect();
  const box = inside.querySelectorAll('.slider-group')[i]?.getBoundingClientRect() ?? frame;
  range.style.left = `${(box.left - frame.left) / scale}px`;
  range.style.top = `${(box.top - frame.top) / scale}px`;
  range.style.width = `${box.width / scale}px`;
  range.style.height = `${box.height / scale}px`;
  return range;
}

/** After a zoom, a turn, or a line taken away there is a button that undoes it all. */
function offerReset(place: HTMLElement, inside: any): void {
  const button = element('button', 'reset', 'Reset');
  button.type = 'button';
  button.hidden = true;
  button.onclick = () => void drawOne(place);
  inside.on('plotly_relayout', (changed: object) => {
    if (Object.keys(changed).some((key) => /range\[\d\]|camera/.test(key))) button.hidden = false;
  });
  inside.on('plotly_legendclick', () => {
    button.hidden = false;
  });
  place.append(button);
}

// A finger that wipes over a figure neither zooms it nor, as the figure says, turns the page. What
// a tap shows is shown all the same: it comes as a click.
document.addEventListener(
  'touchstart',
  (event) => {
    if ((event.target as Element).closest('.plot .draglayer')) event.stopPropagation();
  },
  { capture: true, passive: true },
);
