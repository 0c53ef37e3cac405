/** The PDF, page by page beside the slides. Needs poppler's pdftoppm and pdftotext. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Exported } from '../../slides/export';
import { lesson, markdown, notebook, studio, visit } from './decks';

const { deck, exporter, open, folder } = studio();

/** Each page of the PDF beside its slide. */
async function compare({ file, pdf = '', pages }: Exported): Promise<void> {
  for (const name of readdirSync(folder)) if (/^page-/.test(name)) rmSync(join(folder, name));
  execFileSync('pdftoppm', ['-r', '96', '-png', pdf, join(folder, 'page')]);
  const printed = readdirSync(folder)
    .filter((name) => /^page-\d+\.png$/.test(name))
    .sort();
  expect(printed).toHaveLength(pages.length);
  const { page } = await open(file);
  await page.addStyleTag({
    content: '.progress, .controls { display: none !important } .line { opacity: 1 !important }',
  });
  for (const [i, name] of printed.entries()) {
    await visit(page, pages[i].id);
    await page.waitForTimeout(30);
    const both = [await page.screenshot(), readFileSync(join(folder, name))];
    const difference = await page.evaluate(
      async (sources) => {
        const [a, b] = await Promise.all(
          sources.map(async (source) => {
            const image = new Image();
            image.src = `data:image/png;base64,${source}`;
            await image.decode();
            const canvas = new OffscreenCanvas(80, 45);
            const context = canvas.getContext('2d');
            if (!context) throw new Error('no canvas');
            context.imageSmoothingQuality = 'high';
            context.drawImage(image, 0, 0, 80, 45);
            return context.getImageData(0, 0, 80, 42).data; // above the number of the slide
          }),
        );
        let ink = 0;
        let sum = 0;
        for (let k = 0; k < a.length; k += 4) {
          sum += Math.abs(a[k] - b[k]);
          ink += 255 - a[k];
        }
        return { share: sum / ink, ink };
      },
      both.map((bytes) => bytes.toString('base64')),
    );
    expect(difference.ink, `${pages[i].id} is blank`).toBeGreaterThan(300);
    expect(difference.share, pages[i].id).toBeLessThan(0.2);
  }
  await page.close();
}

test('one page for each slide, the same to the eye, with text that can be selected', async () => {
  const exported = await exporter().lesson(lesson, { folder, pdf: true });
  const { pdf = '', pages } = exported;
  expect(statSync(pdf).size).toBeLessThan(5e6);
  const text = execFileSync('pdftotext', ['-layout', pdf, '-'], { encoding: 'utf8' }).split('\f');
  expect(text.filter((page) => page.trim())).toHaveLength(pages.length);
  expect(text.join('')).toContain('query: phoneme written'); // in a figure: it is drawn, not photographed
  expect(text[0]).toContain('Additive attention');
  await compare(exported);
}, 240_000);

test('words and a tall formula in a row of a table stand on one line, on paper, too', async () => {
  const row = '| both directions | $\\overrightarrow{\\overrightarrow{h}}_{T_x}$ |';
  const table = ['| encoder | context |', '|---|---|', row, row, row].join('\n');
  const slide = markdown(`<!-- slide: Rows -->\n<!-- core -->\n${table}\n<!-- /core -->`);
  await compare(await deck(notebook(markdown('# T'), slide), { pdf: true, draft: true }));
}, 60_000);
