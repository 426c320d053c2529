import { join } from 'node:path';
import { LIMITS } from '@varve/config';
import { createDataShard, type ScanTasks, type UpkeepTasks } from '@varve/data-shard-service';
import type { Background } from '@varve/ports';
import { runService } from '@varve/process';
import { lockDataDirectory, openJournal, openShardStore } from '@varve/sqlite-adapter';
import { openCatalogCache } from '@varve/system-adapter';
import { openBackground } from '@varve/threads';

await runService({
  program: 'data-shard',
  kind: 'data',
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, config) => {
    const { clusterId, dataDir, journalFileSizeBytesMax: fileSizeBytesMax } = config;
    const journal = keep(await openJournal({ directory: join(dataDir, 'journal'), fileSizeBytesMax }));
    const shardStore = keep(await openShardStore({ directory: join(dataDir, 'shards'), openFileCountMax: LIMITS.openShardFileCountMax }));
    const catalogCache = keep(await openCatalogCache({ file: join(dataDir, 'catalog.cache'), clusterId, log: ports.log }));
    const background = keep(await openBackground<UpkeepTasks>(import.meta.resolve('@varve/data-shard-service/upkeep-tasks'), { name: 'background', isNicer: true }));
    const openScanThread = (): Promise<Background<ScanTasks>> => openBackground<ScanTasks>(import.meta.resolve('@varve/data-shard-service/scan-tasks'), { name: 'scan', isNicer: false, youngSizeMb: 16 });
    return createDataShard({ ...ports, journal, shardStore, background, openScanThread, catalogCache }, config);
  },
});
