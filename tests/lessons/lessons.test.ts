import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writtenLessons } from '../../tools/lessons';
import { executeLesson, printed, writeNotebook } from '../../tools/notebooks/run';
import { root, venvPython } from '../../tools/setup/paths.mjs';
import { chosen } from '../chosen';

const minutes = 60_000;
const lessons = chosen(writtenLessons());

/** Lessons that run a second time, on the stock kernel, and must print the same: one that trains. */
const twice = ['00', '08'];

/** A folder of kernels with tslab as its own `tslab install` sets it up. */
function stockKernel(): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(tmpdir(), 'stock-'));
  const spec = join(folder, 'kernels', 'stock');
  mkdirSync(spec, { recursive: true });
  const tslab = join(root, 'node_modules', 'tslab', 'bin', 'tslab');
  const argv = [process.execPath, tslab, 'kernel', '--config-path={connection_file}'];
  const kernel = { argv, display_name: 'TypeScript', language: 'typescript' };
  writeFileSync(join(spec, 'kernel.json'), JSON.stringify(kernel));
  return { ...process.env, JUPYTER_PATH: folder };
}

// Two lessons at once, a core for each.
test.concurrent.each(lessons)(
  '$name runs from top to bottom without a word on stderr',
  async ({ number, notebook }) => {
    const cells = printed(await executeLesson(notebook, venvPython));
    expect(cells.join('').length).toBeGreaterThan(100);
    if (!twice.includes(number)) return;
    const again = printed(
      await executeLesson(notebook, venvPython, {
        kernel: 'stock',
        env: stockKernel(),
      }),
    );
    // The stock kernel drops a message now and then: it does not wait for its socket, which after
    // 512 messages in a row refuses the next one. What does arrive has to be the same.
    again.forEach((text, cell) => {
      for (const line of text.split('\n')) expect(cells[cell]).toContain(line);
    });
    expect(again.join('').length).toBeGreaterThan(0.95 * cells.join('').length);
  },
  15 * minutes,
);

describe('executeLesson', () => {
  const lessonOf = (...sources: string[]) => {
    const file = join(mkdtempSync(join(tmpdir(), 'lesson-')), '99-broken.ipynb');
    const cells = sources.map((source, i) => ({
      cell_type: 'code',
      id: `c${i}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }));
    writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    return file;
  };

  test.each([
    ['throws', 'const x = 1;\nthrow new Error("no " + x);', 'no 1'],
    ['does not compile', 'const n: number = "one";', "Type 'string' is not assignable"],
    ['writes to stderr', 'console.error("careful");', 'careful'],
    [
      'kills the kernel',
      'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})',
      'died',
    ],
  ])(
    'names the cell that %s, with source and error, and leaves the file',
    async (_, source, error) => {
      const file = lessonOf('1 + 1', source, '2 + 2');
      const before = readFileSync(file, 'utf8');
      const failure = await executeLesson(file, venvPython).catch(
        (reason: Error) => reason.message,
      );
      expect(failure).toContain('99-broken.ipynb, cell 2 failed');
      expect(failure).toContain(source.split('\n')[0]);
      expect(failure).toContain(error);
      expect(readFileSync(file, 'utf8')).toBe(before);
    },
    minutes,
  );

  test('writes a notebook whole, and leaves nothing else beside it', async () => {
    const file = lessonOf('1');
    await writeNotebook(file, { cells: [] });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ cells: [] });
    expect(readdirSync(join(file, '..'))).toEqual(['99-broken.ipynb']);
    expect(existsSync(`${file}.part`)).toBe(false);
  });
});
