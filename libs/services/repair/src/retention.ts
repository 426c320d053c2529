import type { DurationMs } from '@varve/base';
import type { Catalog, CatalogCommand } from '@varve/model';
import { expiredGroups, groupsToPrecreate } from '@varve/placement';
import type { Clock, Log } from '@varve/ports';

export interface RetentionPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly catalog: () => Catalog;
  readonly propose: (command: CatalogCommand) => Promise<unknown>;
}

/** Shard groups that are wholly past their policy's duration leave the catalog, once for all replicas. */
export async function enforceRetention({ clock, log, catalog, propose }: RetentionPorts): Promise<void> {
  for (const expired of expiredGroups(catalog(), nowNsOf(clock))) {
    log.info('Dropping expired shard groups', { ...expired });
    await propose({ kind: 'dropShardGroups', ...expired });
  }
}

/** Groups that writers will need soon are made before they do. */
export async function precreateGroups({ clock, catalog, propose }: RetentionPorts, advanceMs: DurationMs): Promise<void> {
  const aheadNs = BigInt(advanceMs) * 1_000_000n;
  for (const wanted of groupsToPrecreate(catalog(), { nowNs: nowNsOf(clock), aheadNs })) await propose({ kind: 'createShardGroups', ...wanted });
}

function nowNsOf(clock: Clock): bigint {
  return BigInt(Math.floor(clock.wallMs())) * 1_000_000n;
}
