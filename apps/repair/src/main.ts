import { join } from 'node:path';
import { runService } from '@varve/process';
import { createRepair } from '@varve/repair-service';
import { lockDataDirectory, openHintStore } from '@varve/sqlite-adapter';

await runService({
  program: 'repair',
  kind: 'repair',
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, config) => {
    const hintStore = keep(await openHintStore({ file: join(config.dataDir, 'hints.sqlite') }));
    return createRepair({ ...ports, hintStore }, config);
  },
});
