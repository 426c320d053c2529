import { dirname } from 'node:path';
import type { CreateNodesV2, CreateNodesResultV2, TargetConfiguration } from '@nx/devkit';

/**
 * The workspace's own Nx plugin: every room with a package.json gets `test` and `lint`, so that no room
 * repeats them. Names and tags stand in each room's package.json under `nx`.
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
  return {
    test: { command: `vitest run ${root} --passWithNoTests --project unit --project sim --project it` },
    lint: { command: `eslint ${root}` },
  };
}
