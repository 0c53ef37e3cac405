import { type Figure, ink, plain, quiet } from './figure';
import { sentences } from './words';

export interface SliderOptions {
  /** What the slider changes: 'temperature τ'. */
  name: string;
  /** Which figure is shown first, and in a still picture. Default: the one in the middle. */
  active?: number;
}

/**
 * One figure for each setting of something, and a slider to go through them.
 *
 * All figures need the same size, so that nothing jumps; give them the same ranges and scales. Each
 * keeps its own data, so a few dozen small ones are the most.
 *
 * @param settings a label for each place of the slider ('0.1', '1', '10') and its figure
 * @throws if there are fewer than two settings, or two figures differ in size
 *
 * @example
 * slider(
 *   [0.1, 1, 10].map((t) => ({ label: `${t}`, figure: heatmap(weightsAt(t), { title: '…' }) })),
 *   { name: 'temperature' },
 * )
 */
export function slider(
  settings: { label: string; figure: Figure }[],
  { name, active = settings.length >> 1 }: SliderOptions,
): Figure {
  if (settings.length < 2 || !settings[active]) {
    throw new Error(
      `slider() needs two settings or more, and one to begin with; got ${settings.length}, active ${active}`,
    );
  }
  const size = ({ width, height }: Figure['layout']) => `${width} × ${height}`;
  for (const { label, figure } of settings) {
    const [first, other] = [size(settings[0].figure.layout), size(figure.layout)];
    if (first !== other) {
      throw new Error(
        `slider(): at "${label}" the figure is ${other} pixels, at "${settings[0].label}" ` +
          `${first}; give all the same size`,
      );
    }
  }
  const below = 86;
  const owner = settings.flatMap(({ figure }, i) => figure.data.map(() => i));
  const changing = (layout: Figure['layout']) =>
    Object.fromEntries(
      Object.entries(layout).filter(([key]) => /^(annotations|shapes|[xy]axis\d*)$/.test(key)),
    );
  const shown = settings[active].figure;
  const { height, margin, title, meta } = shown.layout;
  const taller = height + below;
  return {
    ...shown,
    data: settings.flatMap(({ figure }, i) =>
      figure.data.map((trace) => ({ ...trace, visible: i === active })),
    ),
    layout: {
      ...shown.layout,
      height: taller,
      margin: { ...margin, b: margin.b + below },
      title: { ...title, y: 1 - ((1 - title.y) * height) / taller },
      meta: {
        ...meta,
        alt: sentences(
          meta.alt,
          `A slider changes ${name}: ${settings.map(({ label }) => label).join(', ')}; shown is ${settings[active].label}`,
        ),
      },
      sliders: [
        {
          active,
          x: 0,
          y: 0,
          xanchor: 'left',
          yanchor: 'top',
          pad: { t: margin.b + 4, b: 0, l: 0, r: 0 },
          lenmode: 'fraction',
          len: 1,
          currentvalue: {
            prefix: `${plain(name)}: `,
            font: { size: 13, color: ink },
            xanchor: 'left',
          },
          font: { size: 11, color: ink },
          tickcolor: quiet,
          steps: settings.map(({ label, figure }, i) => ({
            label: plain(label),
            method: 'update',
            args: [{ visible: owner.map((of) => of === i) }, changing(figure.layout)],
          })),
        },
      ],
    },
  };
}
