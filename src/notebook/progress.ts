import { randomUUID } from 'node:crypto';
import { display, kernelWriter } from './show';

export interface ProgressOptions {
  /** What is going on: 'training'. Default 'progress'. */
  label?: string;
  /**
   * At least this many milliseconds pass between two frames. Default 1000; the stock tslab kernel
   * can lose a message after 512, so a lesson should not send many.
   */
  interval?: number;
}

/** What to say at a step: a text, or measures by name. The first measure is drawn as a curve. */
export type Status = string | Record<string, number>;

export interface Progress {
  /** `step` of the total is done. Cheap: most calls draw nothing. */
  update(step: number, status?: Status): void;
  /** All steps are done; `status` stays in the notebook, by default the last one given. */
  done(status?: Status): void;
}

/**
 * A bar that fills in place while a cell runs, with a small curve of the first measure.
 *
 * What is left at the end has no times in its plain text, so two runs of a seeded training leave
 * the same one; the HTML tells how long it took. Outside a notebook only the end is printed.
 *
 * @throws if the total is not a positive number.
 *
 * @example
 * const bar = progress(steps, { label: 'training' });
 * for (let step = 1; step <= steps; step++) bar.update(step, { loss: train(batch()) });
 * bar.done();
 */
export function progress(total: number, options: ProgressOptions = {}): Progress {
  const { label = 'progress', interval = 1000 } = options;
  if (!(total > 0)) throw new Error(`progress needs a positive total, not ${total}`);
  const id = randomUUID();
  const began = Date.now();
  const curve: number[] = [];
  let drawnAt = Number.NEGATIVE_INFINITY;
  let shown = false;
  let last: Status = '';
  let reached = 0;

  function draw(ended: boolean): void {
    const now = Date.now();
    drawnAt = now;
    const frame = {
      label,
      reached,
      total,
      status: sentence(last),
      curve,
      took: now - began,
      ended,
    };
    display(
      { 'text/plain': plainFrame(frame), 'text/html': htmlFrame(frame) },
      { id, update: shown },
    );
    shown = true;
  }

  return {
    update(step, status) {
      reached = step;
      const measure = firstMeasure(status);
      if (measure !== undefined) curve.push(measure);
      last = status ?? last;
      if (kernelWriter() && Date.now() - drawnAt >= interval) draw(false);
    },
    done(status = last) {
      last = status;
      // Not the last step heard of: who reports ten times a second stops at another one each time.
      reached = total;
      draw(true);
    },
  };
}

interface Frame {
  label: string;
  reached: number;
  total: number;
  status: string;
  curve: number[];
  /** Milliseconds. */
  took: number;
  ended: boolean;
}

function plainFrame({ label, reached, total, status }: Frame): string {
  return `${label}: ${reached}/${total}${status && `, ${status}`}`;
}

// Without styles this still reads as a line of text: GitHub and untrusted notebooks drop them.
function htmlFrame({ label, reached, total, status, curve, took, ended }: Frame): string {
  const left = reached > 0 ? (took / reached) * (total - reached) : Number.NaN;
  const time = ended ? duration(took) : Number.isFinite(left) ? `${duration(left)} left` : '';
  const bar = ended ? '' : `<progress value="${reached}" max="${total}"></progress>`;
  const parts = [
    `<b>${escapeHtml(label)}</b>`,
    bar,
    `${reached}/${total}`,
    escapeHtml(status),
    time,
  ];
  return `<div>${parts.filter(Boolean).join(' · ')} ${sparkline(curve)}</div>`;
}

/** A line of at most 120 points in the colour of the text; nothing for less than two values. */
function sparkline(values: number[]): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const [width, height, most] = [160, 28, 120];
  const every = Math.ceil(finite.length / most);
  const means = Array.from({ length: Math.ceil(finite.length / every) }, (_, i) => {
    const part = finite.slice(i * every, (i + 1) * every);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const points = means.map((value, i) => {
    const x = (i / Math.max(1, means.length - 1)) * (width - 4) + 2;
    const y = height - 3 - ((value - low) / (high - low || 1)) * (height - 6);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    `<svg width="${width}" height="${height}" style="vertical-align:middle" aria-hidden="true">` +
    `<polyline points="${points.join(' ')}" fill="none" stroke="currentColor" stroke-width="1.5"/>` +
    '</svg>'
  );
}

function firstMeasure(status?: Status): number | undefined {
  return typeof status === 'object' ? Object.values(status)[0] : undefined;
}

function sentence(status: Status): string {
  if (typeof status === 'string') return status;
  return Object.entries(status)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');
}

function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
