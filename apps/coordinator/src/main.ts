import { createCoordinator } from '@varve/coordinator-service';
import { runService } from '@varve/process';

await runService({
  program: 'coordinator',
  kind: 'coordinator',
  open: async (kit, config) => createCoordinator(kit, config),
});
