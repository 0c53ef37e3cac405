/** The map of the course, with the exported slide for each slide of the original deck. */
import { join } from 'node:path';
import * as attention from 'attention';
import { expect, test } from 'vitest';
import { deck, lessons, writtenLessons } from '../../tools/lessons.mjs';
import { notebooks } from '../../tools/setup/paths.mjs';
import { studio } from './decks';

const { exporter, folder } = studio();

// `npx vitest run tests/slides/course-map.test.ts -u` writes the page anew.
test('the page of the map is up to date, and every slide it names is in the exported lecture', async () => {
  const paths = writtenLessons().map(({ notebook }) => notebook);
  const { pages } = await exporter().lecture(paths, 'Lecture', { folder });
  const all = lessons().flatMap((lesson) => lesson.slides.map((row) => ({ ...lesson, ...row })));
  const lines = deck().flatMap((slide) =>
    all
      .filter((row) => row.slide === slide)
      .map(({ number, name, title, written, section, functions, exercises = [] }) => {
        const computed = functions.map((one) => `\`${one}\``).join(', ');
        if (!written) return `| ${slide} | ${number} ${title} | to come | ${computed} | | |`;
        const page = pages.find(({ id, title }) => id.startsWith(number) && title === section);
        expect(page, `the exported slide "${section}" of lesson ${number}`).toBeDefined();
        const order = Object.keys(
          (attention as unknown as Record<string, object>)[`lesson${number}`],
        );
        const names = exercises.map((one) => `${Number(number)}.${order.indexOf(one) + 1}`);
        const lesson = `[${number} ${title}](${name}.ipynb)`;
        return `| ${slide} | ${lesson} | ${section} | ${computed} | ${names.join(', ')} | \`#/${page?.id}\` |`;
      }),
  );
  const text = [
    '# The deck, slide by slide',
    '',
    'Where each slide of the original deck is: in which lesson and section, by which functions of `src` (the tests of each stand in `tests`, in the same folder and under the same name), with which exercises, and which slide of the exported lecture shows it (`npm run slides`, then add the last column to the address of `slides/dist/lecture.html`).',
    '',
    '| slide of the deck | lesson | section | functions | exercises | exported slide |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ];
  await expect(text.join('\n')).toMatchFileSnapshot(join(notebooks, 'course-map.md'));
}, 120_000);
