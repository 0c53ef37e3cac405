/** Pairs that are alike: a copy under other names is found, and who wrote on their own is not. */
import { expect, test } from 'vitest';
import { readAssignment } from '../../tools/homework/assignment';
import { allHomework } from '../../tools/homework/class-folder';
import { alike, ownSolutions } from '../../tools/homework/similar';
import { solutions } from '../../tools/homework/trials';

/** What somebody does who does not want to be found: other names, comments, lines, no spaces. */
const disguised = (code: string) =>
  `// my own idea\n${code}`
    .replace(/\b(query|queries|keys|values|logits|scores|weights|x|i|j|row|total)\b/g, 'my_$1')
    .replace(/;\n/g, '; // so\n\n')
    .replace(/ ([+*/-]) /g, '$1');

test.each(allHomework())('homework $name', ({ room, source }) => {
  const { exercises } = readAssignment(source);
  const ids = exercises.map(({ id }) => id);
  const right = solutions(room, 'right');
  const styles = [0, 1, 2].map((i) => ({
    who: `style ${i}`,
    answers: Object.fromEntries(
      ids.map((id) => [id, right.filter((one) => one.id === id)[i].code]),
    ),
  }));
  const copy = {
    who: 'copy',
    answers: Object.fromEntries(
      Object.entries(styles[1].answers).map(([id, code]) => [id, disguised(code)]),
    ),
  };
  const others = ownSolutions(room, exercises).filter((_, i) => i === 0 || i > 3);
  expect(alike(styles, others, ids)).toEqual([]);
  const [first, ...more] = alike([...styles, copy], others, ids);
  expect(first.pair).toEqual(['style 1', 'copy']);
  expect(first.where.length).toBeGreaterThan(ids.length / 2);
  expect(more).toEqual([]);
  // Of one exercise alone, too; the shortest of all are alike by chance.
  const longest = ids.reduce((a, b) =>
    styles[1].answers[b].length > styles[1].answers[a].length ? b : a,
  );
  const one = { who: 'one', answers: { ...styles[0].answers, [longest]: copy.answers[longest] } };
  expect(alike([styles[1], one], others, ids).map(({ where }) => where)).toEqual([[longest]]);
});
