/** The map of the course, with the exported slide for each slide of the original deck. */
import { join } from 'node:path';
import * as attention from 'attention';
import { expect, test } from 'vitest';
import { notebooks } from '../../tools/setup/paths.mjs';
import { deck, files, lessons, numbered } from '../course-map';
import { studio } from './decks';

const { exporter, folder } = studio();

// `npx vitest run tests/slides/course-map.test.ts -u` writes the page anew.
test('the page of the map is up to date, and every slide it names is in the exported lecture', async () => {
  const paths = files.map((name) => join(notebooks, name));
  const { pages } = await exporter().lecture(paths, 'Lecture', { folder });
  const lines = deck.map((slide) => {
    const row = lessons.find(({ slides }) => slide in slides);
    if (!row) throw new Error(`"${slide}" is in no lesson`);
    const number = numbered(row.lesson);
    const file = files.find((name) => name.startsWith(number));
    const functions = row.functions.map((name) => `\`${name}\``).join(', ');
    if (!file) return `| ${slide} | ${number} ${row.title} | to come | ${functions} | | |`;
    const section = row.slides[slide];
    const page = pages.find(({ id, title }) => id.startsWith(number) && title === section);
    expect(page, `the exported slide "${section}" of lesson ${number}`).toBeDefined();
    const exercises = Object.keys(
      (attention as unknown as Record<string, object>)[`lesson${number}`],
    );
    const names = exercises.map((_, i) => `${row.lesson}.${i + 1}`).join(', ');
    const lesson = `[${number} ${row.title}](${file})`;
    return `| ${slide} | ${lesson} | ${section} | ${functions} | ${names} | \`#/${page?.id}\` |`;
  });
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
