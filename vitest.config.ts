import { defineConfig } from 'vitest/config';

// What only computes shares one process: TensorFlow is loaded once, not once for each file.
const computing = ['attention', 'data', 'layers', 'models', 'notebook', 'training'];
const quick = [
  ...computing.map((folder) => `tests/${folder}/**/*.test.ts`),
  'tests/tensors.test.ts',
];

export default defineConfig({
  resolve: { alias: { attention: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    pool: 'forks', // the native addon cannot be loaded twice in one process
    testTimeout: 30_000,
    fileParallelism: false, // kernels, browsers and trainings would wait for one another
    projects: [
      { extends: true, test: { name: 'src', include: quick, isolate: false } },
      {
        extends: true,
        test: { name: 'use', include: ['tests/**/*.test.ts'], exclude: quick },
      },
    ],
  },
});
