import { loadConfig } from '@varve/config';
import { runMain } from '@varve/process/main';
import { run } from './run.ts';

await runMain('varve', loadConfig, run);
