/** The map of the course, with the exported slide for each slide of the original deck. */
import { join } from 'node:path';
import * as attention from 'attention';
import { expect, test } from 'vitest';
import { deck, lessons, writtenLessons } from '../../tools/lessons';
import { notebooks } from '../../tools/setup/paths.mjs';
import { studio } from './decks';

const { exporter, folder } = studio();

// `npx vitest run tests/slides/course-map.test.ts -u` writes the page anew.
test('the page of the map is up to date, and every slide it names is in an exported file', async () => {
  const pages: Record<string, Awaited<ReturnType<typeof slidesOf>>> = {};
  for (const { number, notebook } of writtenLessons()) pages[number] = await slidesOf(notebook);
  const all = lessons().flatMap((lesson) => lesson.slides.map((row) => ({ ...lesson, ...row })));
  const lines = deck().flatMap((slide) =>
    all
      .filter((row) => row.slide === slide)
      .map(({ number, name, title, written, section = '', functions, exercises = [] }) => {
        const computed = functions.map((one) => `\`${one}\``).join(', ');
        if (!written) return `| ${slide} | ${number} ${title} | to come | ${computed} | | |`;
        // The first slide of the talk at or after the section's heading, or the notebook's page.
        const page =
          pages[number].find(({ sections }) => sections.includes(section)) ??
          pages[number].find(({ talk, title }) => !talk && title === section);
        expect(page, `the exported slide "${section}" of lesson ${number}`).toBeDefined();
        const order = Object.keys(
          (attention as unknown as Record<string, object>)[`lesson${number}`],
        );
        const names = exercises.map((one) => `${Number(number)}.${order.indexOf(one) + 1}`);
        const lesson = `[${number} ${title}](${name}.ipynb)`;
        return `| ${slide} | ${lesson} | ${section} | ${computed} | ${names.join(', ')} | \`${name}.html#/${page?.id}\` |`;
      }),
  );
  const text = [
    '# The deck, slide by slide',
    '',
    'Where each slide of the original deck is: in which lesson and section, by which functions of `src` (the tests of each stand in `tests`, in the same folder and under the same name), with which exercises, and which exported slide shows it (`npm run slides` writes the files of the last column into `slides/dist`; a slide of a talk has the same address in `lecture.html`).',
    '',
    '| slide of the deck | lesson | section | functions | exercises | exported slide |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ];
  await expect(text.join('\n')).toMatchFileSnapshot(join(notebooks, 'course-map.md'));
}, 240_000);

const slidesOf = async (notebook: string) => (await exporter().lesson(notebook, { folder })).pages;
