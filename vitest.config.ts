import { defineConfig } from 'vitest/config';

// What only computes shares one process: TensorFlow is loaded once, not once for each file. Where the
// memory of a process is measured, it has to be the file's own.
const own = ['tests/**/*-memory.test.ts'];
const shared = [
  'tests/{attention,bench,data,layers,models,notebook,tensors,training}/**/*.test.ts',
  'tests/lessons/*/exercises.test.ts',
  'tests/homework/assignments.test.ts',
];
const starts = 'tests/tensors/tf.test.ts'; // it starts a TensorFlow of its own

export default defineConfig({
  resolve: { alias: { attention: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    pool: 'forks', // the native addon cannot be loaded twice in one process
    testTimeout: 30_000,
    maxConcurrency: 2,
    setupFiles: ['tests/seed.ts'],
    fileParallelism: false, // kernels, browsers and trainings would wait for one another
    projects: [
      {
        extends: true,
        test: { name: 'src', include: shared, exclude: [...own, starts], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'use',
          include: ['tests/**/*.test.ts'],
          exclude: shared.concat(),
        },
      },
    ],
  },
});
