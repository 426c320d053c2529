import { DbError } from '@varve/base';
import type { NodeId, ShardId } from '@varve/model';
import type { ResultItem } from '@varve/ports';

/** Warnings of one answer; what is beyond is counted. */
const WARNING_COUNT_MAX = 10;

/** The shards of one statement that nobody answered for: what makes its answer partial, and what is said of it (Q9). */
export class MissingShards {
  readonly #reasons = new Map<ShardId, DbError>();

  /** The first reason of a shard holds. */
  add(shard: ShardId, reason: DbError): void {
    if (!this.#reasons.has(shard)) this.#reasons.set(shard, reason);
  }

  /** What stands behind the rows; nothing when all shards are in them. */
  items(statementId: number): readonly ResultItem[] {
    const { size } = this.#reasons;
    if (size === 0) return [];
    const texts = [...this.#reasons.values()].slice(0, WARNING_COUNT_MAX).map(({ message }) => message);
    if (size > texts.length) texts.push(`${size - texts.length} more shards are missing`);
    return [
      ...texts.map((text) => ({ kind: 'message', statementId, level: 'warning', text }) as const),
      { kind: 'partial', statementId, text: `partial answer: ${size === 1 ? 'one shard is' : `${size} shards are`} missing: ${texts[0]}` },
    ];
  }
}

/** @param owners that were asked */
export function unavailable(shard: ShardId, owners: readonly NodeId[], cause: DbError | undefined): DbError {
  const message = `no owner of shard ${shard} answered (asked ${owners.join(', ')}): ${cause?.message ?? 'it has none'}; retry`;
  return new DbError('QUERY_SHARD_UNAVAILABLE', message, { shard }, { cause });
}
