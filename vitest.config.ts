import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { attention: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks', // the native addon cannot be loaded twice in one process
    testTimeout: 30_000,
    fileParallelism: false, // kernels, browsers and trainings would wait for one another
  },
});
