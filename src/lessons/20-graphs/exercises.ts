import { type Exercise, near } from '../../notebook/check';

/** 20.1: with a pencil. */
const pencil: Exercise<{ answer: number }> = {
  name: '20.1',
  behaviours: [{ does: 'is right', look: ({ answer }) => near('the answer', answer, 0) }],
};

/** 20.2: a function. */
const step: Exercise<(x: number) => number> = {
  name: '20.2',
  behaviours: [{ does: 'doubles', look: (double) => near('twice 3', double(3), 6) }],
};

export const lesson20 = { pencil, step };
