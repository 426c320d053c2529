import { join } from 'node:path';
import { runService } from '@varve/process';
import { createRepair } from '@varve/repair-service';
import { lockDataDirectory, openHintStore } from '@varve/sqlite-adapter';
import { openCatalogCache } from '@varve/system-adapter';

await runService({
  program: 'repair',
  kind: 'repair',
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, config) => {
    const hintStore = keep(await openHintStore({ file: join(config.dataDir, 'hints.sqlite') }));
    const catalogCache = keep(await openCatalogCache({ file: join(config.dataDir, 'catalog.cache'), clusterId: config.clusterId, log: ports.log }));
    return createRepair({ ...ports, hintStore, catalogCache }, config);
  },
});
