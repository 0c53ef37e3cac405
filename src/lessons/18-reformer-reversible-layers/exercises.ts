import { type Exercise, near } from '../../notebook/check';

/** 18.1: with a pencil. */
const pencil: Exercise<{ answer: number }> = {
  name: '18.1',
  behaviours: [{ does: 'is right', look: ({ answer }) => near('the answer', answer, 0) }],
};

/** 18.2: a function. */
const step: Exercise<(x: number) => number> = {
  name: '18.2',
  behaviours: [{ does: 'doubles', look: (double) => near('twice 3', double(3), 6) }],
};

export const lesson18 = { pencil, step };
