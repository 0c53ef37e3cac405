/** The map of the course, notebooks/course-map.json. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notebooks } from '../tools/setup/paths.mjs';

export interface Lesson {
  lesson: number;
  title: string;
  /** Slides of the deck, each with the heading under which the lesson has it. */
  slides: Record<string, string | null>;
  functions: string[];
}

export const { deck, lessons }: { deck: string[]; lessons: Lesson[] } = JSON.parse(
  readFileSync(join(notebooks, 'course-map.json'), 'utf8'),
);

/** The notebooks of the lessons that are there. */
export const files = readdirSync(notebooks).filter((name) => /^\d\d-.*\.ipynb$/.test(name));

/** @returns a lesson's number as its file has it, `08` */
export const numbered = (lesson: number) => String(lesson).padStart(2, '0');
