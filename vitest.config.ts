import { defineConfig } from 'vitest/config';

// What only computes shares one process: TensorFlow is loaded once, not once for each file. Where the
// memory of a process is measured, or TensorFlow's own start, it has to be the file's own.
const shared = [
  'tests/{attention,bench,data,layers,models,notebook,tensors,training}/**/!(*-memory|tf).test.ts',
  'tests/lessons/*/exercises.test.ts',
];

export default defineConfig({
  resolve: {
    alias: {
      'attention/browser': new URL('./src/index.ts', import.meta.url).pathname,
      attention: new URL('./src/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    pool: 'forks', // the native addon cannot be loaded twice in one process
    testTimeout: 30_000,
    restoreMocks: true, // a test that fails half-way leaves nothing changed for the next
    maxConcurrency: 2,
    globalSetup: ['tests/built.ts'],
    setupFiles: ['tests/seed.ts'],
    fileParallelism: false, // kernels, browsers and trainings would wait for one another
    projects: [
      { extends: true, test: { name: 'src', include: shared, isolate: false } },
      { extends: true, test: { name: 'use', include: ['tests/**/*.test.ts'], exclude: shared } },
    ],
  },
});
