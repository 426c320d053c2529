import { join } from 'node:path';
import { createCoordinator } from '@varve/coordinator-service';
import { runService } from '@varve/process';
import { openCatalogCache, openPasswordHasher } from '@varve/system-adapter';

await runService({
  program: 'coordinator',
  kind: 'coordinator',
  open: async ({ keep, ...ports }, config) => {
    const { clusterId, dataDir, nodeName } = config;
    // No lock: what it keeps may be lost, and coordinators of one machine may share the directory.
    const file = join(dataDir, `${encodeURIComponent(nodeName)}.catalog.cache`);
    const catalogCache = keep(await openCatalogCache({ file, clusterId, log: ports.log }));
    return createCoordinator({ ...ports, catalogCache, passwords: openPasswordHasher(ports.random) }, config);
  },
});
