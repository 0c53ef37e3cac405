/** What is found out about a submission. */
import type { Notebook } from '../notebooks/nbformat.ts';

export interface GradedExercise {
  id: string;
  checkId: string;
  exercise: string;
  points: number;
  of: number;
  /** What was looked at and what was found. */
  lines: string[];
  /** The same for the student. */
  feedback: string[];
}

export interface Graded {
  points: number;
  of: number;
  exercises: GradedExercise[];
  remarks: string[];
  /** As handed out, with the answers in it. */
  notebook: Notebook;
}
