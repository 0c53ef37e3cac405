import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// What only computes shares one process: TensorFlow is loaded once, not once for each file. Where the
// memory of a process is measured, or TensorFlow's own start, it has to be the file's own.
const shared = [
  'tests/{attention,bench,data,layers,models,notebook,tensors,training}/**/!(*-memory|tf).test.ts',
  'tests/lessons/*/exercises.test.ts',
];

/** What takes longest begins first, so that at the end nothing waits for it alone. */
const longest = ['lessons/lessons', 'homework/assignments', 'homework/class'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const place = ({ moduleId }: TestSpecification) => {
      const i = longest.findIndex((name) => moduleId.endsWith(`tests/${name}.test.ts`));
      return i < 0 ? longest.length : i;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  resolve: {
    alias: {
      'attention/browser': new URL('./src/index.ts', import.meta.url).pathname,
      attention: new URL('./src/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    pool: 'forks', // the native addon cannot be loaded twice in one process
    testTimeout: 120_000, // against hanging
    restoreMocks: true, // a test that fails half-way leaves nothing changed for the next
    maxConcurrency: 2,
    globalSetup: ['tests/built.ts'],
    setupFiles: ['tests/seed.ts'],
    // Two at a time: most tests have one thread, and wait for kernels and browsers. What takes both
    // cores anyway gets slower, not wrong: no test has a bound on time but against hanging.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      { extends: true, test: { name: 'src', include: shared, isolate: false } },
      { extends: true, test: { name: 'use', include: ['tests/**/*.test.ts'], exclude: shared } },
    ],
  },
});
