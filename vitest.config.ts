import { defineConfig } from 'vitest/config';

/** Kinds of tests by suffix: `.test.ts` pure, `.it.test.ts` real files, processes and clients, `.sim.test.ts` seeded clusters. */
const everywhere = ['apps', 'libs', 'tools'];
const matching = (suffix: string): string[] => everywhere.map((root) => `${root}/**/*${suffix}`);
const never = ['**/node_modules/**', 'tools/tidy/fixtures/**'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: matching('.test.ts'),
          exclude: [...never, ...matching('.it.test.ts'), ...matching('.sim.test.ts'), ...matching('.long.test.ts')],
          testTimeout: 60_000,
        },
      },
      {
        test: { name: 'it', include: matching('.it.test.ts'), exclude: never, testTimeout: 300_000, hookTimeout: 120_000, fileParallelism: false },
      },
      { test: { name: 'sim', include: matching('.sim.test.ts'), exclude: never, testTimeout: 600_000 } },
      { test: { name: 'long', include: matching('.long.test.ts'), exclude: never, testTimeout: 3_600_000, fileParallelism: false } },
    ],
  },
});
