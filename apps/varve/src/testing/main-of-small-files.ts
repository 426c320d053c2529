/** The program with budgets far below what its options allow: flushes, merges and new journal files come all the time. */
import { loadConfig } from '@varve/config';
import { runMain } from '@varve/process/main';
import { run } from '../run.ts';

await runMain('varve', loadConfig, (config) => run({ ...config, memtableSizeBytesMax: 40_000, flushAgeMsMax: 100, journalFileSizeBytesMax: 150_000 }));
