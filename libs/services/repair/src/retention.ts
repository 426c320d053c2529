import type { DurationMs } from '@varve/base';
import type { CatalogCommand, CommandResult } from '@varve/model';
import type { Clock, Log } from '@varve/ports';

export interface RetentionPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly propose: (command: CatalogCommand) => Promise<CommandResult>;
}

/**
 * Shard groups that are wholly past their policy's duration leave the catalog, once for all replicas. Which ones is decided
 * where the command is applied, by the catalog's clock: two repair nodes that ask do no harm (C28).
 */
export async function enforceRetention({ clock, log, propose }: RetentionPorts): Promise<void> {
  const groupCount = groupCountOf(await propose({ kind: 'enforceRetention', nowMs: clock.wallMs() }));
  if (groupCount > 0) log.info('Dropped expired shard groups', { groupCount });
}

/** Groups that writers will need soon are made before they do. Decided as retention is. */
export async function precreateGroups({ log, propose }: RetentionPorts, aheadMs: DurationMs): Promise<void> {
  const groupCount = groupCountOf(await propose({ kind: 'precreateShardGroups', aheadMs }));
  if (groupCount > 0) log.debug('Made shard groups ahead of time', { groupCount });
}

function groupCountOf(result: CommandResult): number {
  return result.kind === 'applied' ? (result.groupCount ?? 0) : 0;
}
