/** What `npm pack` makes of `src`, installed in an empty folder: imported each way, bundled, in a browser. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { chromium } from 'playwright-core';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../tools/render/chromium';
import { root } from '../../tools/setup/paths.mjs';
import { losses, values } from './values.js';

let folder: string;
/** What `npm pack` makes: attention-1.2.3.tgz. */
let packed: string;
const run = (command: string, ...given: string[]) =>
  execFileSync(command, given, { cwd: folder, encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  const said = execFileSync('npm', ['pack', '--pack-destination', folder], {
    cwd: join(root, 'src'),
    stdio: 'pipe',
    encoding: 'utf8',
  });
  packed = said.trim().split('\n').at(-1) as string;
  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true }');
  run('npm', 'install', '--no-audit', '--no-fund', `./${packed}`);
  for (const file of ['use.ts', 'values.js'])
    cpSync(join(import.meta.dirname, file), join(folder, file));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true }), 60_000);

test('is small, and has no homework inside', () => {
  expect(statSync(join(folder, packed)).size).toBeLessThan(6e6);
  const files = run('tar', 'tzf', packed);
  expect(files).not.toMatch(/homework\.ipynb|wrong\.md|right\.md|\.map$/);
});

describe('in Node, without tfjs-node', () => {
  const look = `
    console.log(backendName(), dense(tf.ones([1, 2]), tf.ones([2, 1])).dataSync()[0]);
    const { slide, library } = multiHeadInPyTorch();
    console.log(tf.max(tf.abs(tf.sub(slide.context, library.context))).dataSync()[0] < 1e-6);
    const model = new EncoderDecoder({ sourceTokens: letters.size, targetTokens: phonemes.size });
    loadCheckpoint(checkpointFile('rnnsearch'), model.parameters);
    console.log(pronounce(model, ['CAT'])[0].phonemes.join(' '));
    console.log(sourceOf('dense').file, Object.keys(storedResults('08').numbers).length > 0);`;
  const names =
    '{ backendName, checkpointFile, dense, EncoderDecoder, letters, loadCheckpoint, ' +
    'multiHeadInPyTorch, phonemes, pronounce, sourceOf, storedResults, tf }';

  test.each([
    ['look.cjs', `const ${names} = require('attention');${look}`],
    ['look.mjs', `import ${names} from 'attention';${look}`],
    ['all.mjs', `import * as attention from 'attention';\nconst ${names} = attention;${look}`],
  ])('%s', (file, text) => {
    writeFileSync(join(folder, file), text);
    const [advice, ...lines] = run(process.execPath, file).trim().split('\n');
    expect(advice).toContain('`npm install @tensorflow/tfjs-node` installs the native backend');
    expect(lines).toEqual(['cpu 2', 'true', 'K AE T', 'tensors/dense.ts true']);
  });
});

test.each([
  ['bundler', 'esnext', 'typescript'],
  ['node16', 'node16', 'typescript'],
  ['nodenext', 'nodenext', 'typescript'],
  ['node10', 'commonjs', '@tslab/typescript-for-tslab'],
])(
  'its types are found under %s, and are right',
  { timeout: 60_000 },
  (moduleResolution, module, ts) => {
    const compilerOptions = {
      ...{ noEmit: true, strict: true, target: 'es2022', lib: ['es2022', 'dom'], types: [] },
      ...{ moduleResolution, module },
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['use.ts'] }),
    );
    let found = '';
    try {
      const compiler = ts === 'typescript' ? 'bin/tsc' : 'lib/tsc.js';
      run(process.execPath, join(root, 'node_modules', ts, compiler), '-p', '.');
    } catch (error) {
      found = (error as { stdout: string }).stdout; // TensorFlow.js's own types do not pass
    }
    expect(found.split('\n').filter((line) => /^(node_modules\/attention|use)/.test(line))).toEqual(
      [],
    );
  },
);

describe('in a browser', () => {
  const bundlers: Record<string, () => Promise<unknown>> = {
    esbuild: () =>
      esbuild({
        ...{ absWorkingDir: folder, entryPoints: ['values.js'], outfile: 'esbuild/bundle.js' },
        ...{ bundle: true, format: 'iife', globalName: 'bundle', logLevel: 'error' },
      }),
    vite: () =>
      vite({
        ...{ root: folder, configFile: false, logLevel: 'error' },
        build: {
          ...{ outDir: 'vite', minify: false },
          lib: {
            entry: 'values.js',
            name: 'bundle',
            formats: ['iife'],
            fileName: () => 'bundle.js',
          },
        },
      }),
  };

  test.each(Object.keys(bundlers))(
    'bundled by %s, equal to Node',
    { timeout: 120_000 },
    async (name) => {
      await bundlers[name]();
      const browser = await chromium.launch({
        executablePath: findChromium(),
        args: ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
      });
      try {
        const page = await browser.newPage();
        const failed: string[] = [];
        page.on('pageerror', (error) => failed.push(error.message));
        await page.addScriptTag({ content: readFileSync(join(folder, name, 'bundle.js'), 'utf8') });
        const found = await page.evaluate(async () => {
          const { attention, values, losses, figure } = (globalThis as any).bundle;
          await attention.tf.ready();
          return {
            backend: attention.backendName(),
            values: values(),
            losses: losses(),
            figure: figure().data.length,
          };
        });
        expect(failed).toEqual([]);
        expect(['webgl', 'cpu']).toContain(found.backend);
        console.log(`${name}: ${found.backend}`);
        const wanted: Record<string, number[]> = { ...values(), losses: losses() };
        for (const [what, list] of Object.entries({ ...found.values, losses: found.losses }))
          (list as number[]).forEach((x, i) => {
            expect(Math.abs(x - wanted[what][i]), `${what} ${i}`).toBeLessThan(2e-3);
          });
        expect(found.figure).toBeGreaterThan(0);
      } finally {
        await browser.close();
      }
    },
  );
});
