import { type Exercise, near } from '../../notebook/check';

/** 5.1: with a pencil. */
const pencil: Exercise<{ answer: number }> = {
  name: '5.1',
  behaviours: [{ does: 'is right', look: ({ answer }) => near('the answer', answer, 0) }],
};

/** 5.2: a function. */
const step: Exercise<(x: number) => number> = {
  name: '5.2',
  behaviours: [{ does: 'doubles', look: (double) => near('twice 3', double(3), 6) }],
};

export const lesson05 = { pencil, step };
