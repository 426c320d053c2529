import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The repository's top folder. */
export const REPOSITORY = resolve(import.meta.dirname, '../../..');

/** One project of the workspace, as its package.json describes it. */
export interface Room {
  /** Path from the repository's top, with `/`. */
  readonly path: string;
  /** The name others import. */
  readonly packageName: string;
  readonly nxName: string;
  readonly tags: readonly string[];
  /** TypeScript files below it, paths from the repository's top, sorted. */
  readonly files: readonly string[];
}

export function readRooms(): readonly Room[] {
  const packageFiles = globSync('{apps,libs,tools}/**/package.json', { cwd: REPOSITORY, exclude: (name) => name.includes('node_modules') });
  return packageFiles.sort().map((packageFile) => {
    const path = dirname(packageFile).replaceAll('\\', '/');
    const described = JSON.parse(readFileSync(join(REPOSITORY, packageFile), 'utf8')) as {
      name: string;
      nx: { name: string; tags: string[] };
    };
    const files = globSync('src/**/*.ts', { cwd: join(REPOSITORY, path) }).map((file) => `${path}/${file.replaceAll('\\', '/')}`);
    return { path, packageName: described.name, nxName: described.nx.name, tags: described.nx.tags, files: files.sort() };
  });
}

export function readSource(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8');
}

export function isTestFile(file: string): boolean {
  return /\.(test|bench)\.ts$|\/(testing|contract)\//.test(file);
}
