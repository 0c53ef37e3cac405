import { defineConfig } from 'vitest/config';

// What only computes shares one process: TensorFlow is loaded once, not once for each file. Where the
// memory of a process is measured, it has to be the file's own.
const own = ['tests/**/*-memory.test.ts'];
const computing = 'tests/{attention,bench,data,layers,models,notebook,training}/**/*.test.ts';
const assignments = 'tests/homework/assignments.test.ts';
const shared = [computing, 'tests/tensors.test.ts', assignments];
const used = 'tests/{homework,kernel,lab,lessons,plots,setup,slides}/**/*.test.ts';

export default defineConfig({
  resolve: { alias: { attention: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    pool: 'forks', // the native addon cannot be loaded twice in one process
    testTimeout: 30_000,
    maxConcurrency: 2,
    setupFiles: ['tests/seed.ts'],
    fileParallelism: false, // kernels, browsers and trainings would wait for one another
    projects: [
      { extends: true, test: { name: 'src', include: shared, exclude: own, isolate: false } },
      {
        extends: true,
        test: {
          name: 'use',
          include: [used, 'tests/backend.test.ts', ...own],
          exclude: [assignments],
        },
      },
    ],
  },
});
