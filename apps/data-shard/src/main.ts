import { join } from 'node:path';
import { LIMITS } from '@varve/config';
import { createDataShard } from '@varve/data-shard-service';
import { runService } from '@varve/process';
import { lockDataDirectory, openJournal, openShardStore } from '@varve/sqlite-adapter';

await runService({
  program: 'data-shard',
  kind: 'data',
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, config) => {
    const { dataDir, journalFileSizeBytesMax: fileSizeBytesMax } = config;
    const journal = keep(await openJournal({ directory: join(dataDir, 'journal'), fileSizeBytesMax }));
    const shardStore = keep(await openShardStore({ directory: join(dataDir, 'shards'), openFileCountMax: LIMITS.openShardFileCountMax }));
    return createDataShard({ ...ports, journal, shardStore }, config);
  },
});
