import { readFileSync } from 'node:fs';
import { DbError } from '@varve/base';
import { configPathOf, type ConfigSources, type LoadedConfig } from '@varve/config';
import { optimizeSooner } from './optimize-sooner.ts';
import { VERSION } from './version.ts';

/** The main of a program: reads its options and runs it, or says what there is to say and ends. */
export async function runMain<Config>(program: string, load: (sources: ConfigSources) => LoadedConfig<Config>, run: (config: Config) => Promise<void>): Promise<void> {
  const argv = process.argv.slice(2);
  const { env } = process;
  try {
    const configPath = configPathOf({ argv, env });
    const loaded = load({ argv, env, tomlText: configPath === undefined ? undefined : readFileSync(configPath, 'utf8') });
    if (loaded.kind === 'help') process.stdout.write(loaded.text);
    else if (loaded.kind === 'version') process.stdout.write(`${program} ${VERSION}\n`);
    else if (loaded.kind === 'error') throw new DbError('CONFIG_INVALID', loaded.message);
    else {
      optimizeSooner();
      await run(loaded.config);
    }
  } catch (error) {
    // What a person can mend is one sentence; anything else is a bug of ours and shows where.
    const isForPeople = error instanceof DbError || (error instanceof Error && 'syscall' in error);
    process.stderr.write(`${program}: ${isForPeople ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  }
}
