/** A lecture of one's own, as a JSON file says it: read, checked, and its slides found. */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { asset } from './assets.ts';
import type { Block, Heading, Slide } from './blocks.ts';
import { escapeHtml } from './code.ts';
import type { Composed, Placed } from './compose.ts';
import { Images } from './images.ts';
import { DeckError, Problems } from './problems.ts';

export interface Lecture {
  /** Name of the file, without its ending. */
  name: string;
  title: string;
  lecturer?: string;
  affiliation?: string;
  date?: string;
  logo?: string;
  accent?: string;
  language?: string;
  minutes?: number;
  parts: LecturePart[];
}

export interface LecturePart {
  lesson?: string;
  notebook?: string;
  sections?: string[];
  slides?: string[];
  minutes?: number;
  /** Path of the notebook. */
  file: string;
}

/**
 * @param file path of the JSON file; logo and notebooks lie beside it
 * @param lessonFile finds a lesson by its number, or throws and says which there are
 * @throws {DeckError} that says what is wrong, and what may stand there
 */
export function readLecture(file: string, lessonFile: (number: string) => string): Lecture {
  const name = basename(file);
  const problems = new Problems(name);
  let lecture: Lecture;
  try {
    lecture = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new DeckError(`${name}: ${(error as Error).message}`);
  }
  const schema = JSON.parse(readFileSync(asset('lecture.schema.json'), 'utf8'));
  const validate = new Ajv({ allErrors: true, verbose: true }).compile(schema);
  if (!validate(lecture)) for (const error of validate.errors ?? []) problems.add(inWords(error));
  problems.check();
  for (const [i, part] of lecture.parts.entries()) {
    const here = `parts[${i}]`;
    if ((part.lesson === undefined) === (part.notebook === undefined)) {
      problems.add(`${here} names a lesson or a notebook, one of the two`);
      continue;
    }
    try {
      part.file = part.lesson
        ? lessonFile(part.lesson)
        : resolve(dirname(file), part.notebook as string);
    } catch (error) {
      problems.add(`${here}: ${(error as Error).message}`);
    }
  }
  const { minutes } = lecture;
  const given = lecture.parts.reduce((sum, part) => sum + (part.minutes ?? 0), 0);
  if (minutes !== undefined && given > minutes) {
    problems.add(`its parts take ${given} minutes, and it has ${minutes}`);
  }
  if (lecture.logo !== undefined) {
    lecture.logo = new Images(resolve(file)).read(lecture.logo, { place: {}, problems });
  }
  problems.check();
  return { ...lecture, name: name.replace(/\.json$/, '') };
}

function inWords({ instancePath, keyword, params, message, parentSchema }: ErrorObject): string {
  const where =
    instancePath
      .slice(1)
      .replace(/\/(\d+)/g, '[$1]')
      .replace(/\//g, '.') || 'it';
  if (keyword === 'additionalProperties') {
    const known = Object.keys(parentSchema?.properties ?? {}).filter((key) => key !== '$schema');
    return `${where} has a field "${params.additionalProperty}"; there are ${known.join(', ')}`;
  }
  if (keyword === 'required') return `${where} has no "${params.missingProperty}"`;
  const { description } = (parentSchema ?? {}) as { description?: string };
  return `${where} ${message}${description ? ` (${description})` : ''}`;
}

/**
 * The slides that a part of a lecture asks for, the lesson's cover before them.
 *
 * @throws {DeckError} that says which there are
 */
export function chosen(lesson: Composed, part: LecturePart): Placed[] {
  const { name, talk, backup } = lesson;
  const problems = new Problems(`${name}.ipynb`);
  const refuse = (what: string, all: string[]) =>
    problems.add(`${what}; there are: ${all.map((one) => `"${one}"`).join(', ')}`);
  if (talk.length === 0) {
    // A notebook of one's own may have slide types only.
    if (part.lesson !== undefined) problems.add('this lesson has no talk yet');
    else if (part.sections || part.slides) problems.add('without marks all its slides are taken');
    problems.check();
    return backup;
  }
  const [cover, ...slides] = talk;
  const titles = slides.map(({ entry }) => entry.title);
  for (const title of part.slides ?? []) {
    if (!titles.includes(title)) refuse(`there is no slide "${title}"`, titles);
  }
  const trails = slides.map(({ page }) => page.slide.mark?.from.trail ?? []);
  const under = (section: string) => (heading: string) =>
    heading === section || heading.startsWith(`${section} ·`);
  for (const section of part.sections ?? []) {
    if (!trails.flat().some(under(section))) {
      refuse(`no slide of the talk is in the section "${section}"`, [...new Set(trails.flat())]);
    }
  }
  problems.check();
  const all = !part.slides && !part.sections;
  return [
    cover,
    ...slides.filter(
      ({ entry }, i) =>
        all ||
        part.slides?.includes(entry.title) ||
        part.sections?.some((section) => trails[i].some(under(section))),
    ),
  ];
}

/** The slide that opens a lecture. */
export function opening(lecture: Lecture): Slide {
  const { title, lecturer, affiliation, date, logo } = lecture;
  const lines = [lecturer && `<b>${escapeHtml(lecturer)}</b>`, affiliation, date]
    .filter((line) => line !== undefined)
    .map((line) => `<p>${line.startsWith('<b>') ? line : escapeHtml(line)}</p>`);
  const image = logo ? `<img class="logo" src="${logo}" alt="">` : '';
  return first(title, `<div class="by">${lines.join('')}${image}</div>`);
}

/** The title and the lessons, each a link to its first slide. */
export function contents(title: string, lessons: Composed[]): Slide {
  const items = lessons.map(
    (lesson) => `<li><a href="#/${lesson.talk[0].entry.id}">${escapeHtml(lesson.title)}</a></li>`,
  );
  return first(title, `<ul class="contents">${items.join('')}</ul>`);
}

function first(title: string, html: string): Slide {
  const [cell, level] = [0, 1];
  const heading: Heading = { kind: 'heading', cell, level, html: escapeHtml(title), text: title };
  const blocks: Block[] = [heading, { kind: 'prose', cell, html, text: '' }];
  return { blocks, notes: '', mark: { cell, line: 1, from: { cell, trail: [] }, sections: [] } };
}
