import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Version 1, then version 2. */
const PROGRAMS = ['jaeger-all-in-one', 'jaeger'];

/** Jaeger's program on the PATH; undefined when there is none. */
export function findJaeger(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const directories = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return PROGRAMS.flatMap((program) => directories.map((directory) => join(directory, program))).find((path) => existsSync(path));
}
