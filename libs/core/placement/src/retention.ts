import type { TimestampNs } from '@varve/base';
import type { Catalog, RetentionPolicy, ShardGroup } from '@varve/model';

/** A policy by name, and which of its groups or times a decision is about. */
export interface ExpiredGroups {
  readonly database: string;
  readonly retentionPolicy: string;
  readonly groupIds: readonly number[];
}

export interface WantedGroups {
  readonly database: string;
  readonly retentionPolicy: string;
  readonly timesNs: readonly TimestampNs[];
}

/**
 * Groups whose last point is older than their policy keeps. Decided from the catalog, once for the cluster, so no two
 * nodes can disagree on what is still there.
 */
export function expiredGroups(catalog: Catalog, nowNs: TimestampNs): readonly ExpiredGroups[] {
  return policiesOf(catalog).flatMap(({ database, policy }) => {
    const isExpired = ({ range }: ShardGroup): boolean =>
      policy.durationNs > 0n && range.endNs <= nowNs - policy.durationNs;
    const groupIds = policy.shardGroups.filter(isExpired).map(({ id }) => id);
    return groupIds.length === 0 ? [] : [{ database, retentionPolicy: policy.name, groupIds }];
  });
}

/**
 * The group after the one that is being written, for each policy whose current group ends within `aheadNs`: created ahead
 * of time, so that the first write of a new window waits for no command. A policy that nobody writes to gets none.
 */
export function groupsToPrecreate(
  catalog: Catalog,
  { nowNs, aheadNs }: { readonly nowNs: TimestampNs; readonly aheadNs: bigint },
): readonly WantedGroups[] {
  return policiesOf(catalog).flatMap(({ database, policy }) => {
    const current = policy.shardGroups.find(({ range }) => range.startNs <= nowNs && nowNs < range.endNs);
    if (current === undefined || current.range.endNs > nowNs + aheadNs) return [];
    const isThere = policy.shardGroups.some(
      ({ range }) => range.startNs <= current.range.endNs && current.range.endNs < range.endNs,
    );
    return isThere ? [] : [{ database, retentionPolicy: policy.name, timesNs: [current.range.endNs] }];
  });
}

function policiesOf(catalog: Catalog): readonly { readonly database: string; readonly policy: RetentionPolicy }[] {
  return [...catalog.databases.values()].flatMap(({ name, retentionPolicies }) =>
    [...retentionPolicies.values()].map((policy) => ({ database: name, policy })),
  );
}
