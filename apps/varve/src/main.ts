import { loadConfig } from '@varve/config';
import { runMain } from '@varve/process';
import { run } from './run.ts';

await runMain('varve', loadConfig, run);
