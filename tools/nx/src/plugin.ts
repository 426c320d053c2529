import { dirname } from 'node:path';
import type { CreateNodesV2, CreateNodesResultV2, TargetConfiguration } from '@nx/devkit';

/**
 * The workspace's own Nx plugin: every room with a package.json gets `test` and `lint`, and every app gets
 * `serve`, so that no room repeats them. Names and tags stand in each room's package.json under `nx`.
 */
export const createNodesV2: CreateNodesV2 = [
  '{apps,libs,tools}/**/package.json',
  (packageFiles: readonly string[]): CreateNodesResultV2 =>
    packageFiles
      .filter((file) => !file.includes('node_modules'))
      .map((file) => {
        const root = dirname(file);
        return [file, { projects: { [root]: { root, targets: targetsOf(root) } } }];
      }),
];

function targetsOf(root: string): Record<string, TargetConfiguration> {
  const everywhere: Record<string, TargetConfiguration> = {
    test: { command: `vitest run ${root} --passWithNoTests` },
    lint: { command: `eslint ${root}` },
  };
  if (!root.startsWith('apps/')) return everywhere;
  return { ...everywhere, serve: { command: `node ${root}/src/main.ts`, continuous: true } };
}
