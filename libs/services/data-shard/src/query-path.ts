import { DbError } from '@varve/base';
import type { Asked, Turns } from '@varve/kit';
import type { ShardId } from '@varve/model';
import type { Clock, ShardStore, StreamEnd, Tracer } from '@varve/ports';
import { runShardPlan, runShare, shardPlanCodec, sharesOf, type PlanShare, type ShardPlan, type ShardSource } from '@varve/query';
import { WantedFields } from '@varve/storage';
import { attributes, spans } from '@varve/telemetry';
import { CachedChunks, type ChunkCache } from './chunk-cache.ts';
import { CountingSource } from './counting-source.ts';
import type { Damage } from './damage.ts';
import { lendShare } from './lend-share.ts';
import { lasting, readSeries } from './read-shard.ts';
import { scanInShares } from './scan-in-shares.ts';
import type { ScanThreads } from './scan-threads.ts';
import type { ShardReplica } from './shard-replica.ts';
import type { StatementTurns } from './statement-turns.ts';

/** The replica, once the node has caught up with this version of the catalog: a shard may be newer than what it knew. */
export type ReplicaOf = (shard: ShardId, version: number) => Promise<ShardReplica | undefined>;

/** What reads are answered from. */
export interface ReadFrom {
  readonly replicaOf: ReplicaOf;
  /** Looks whether this node may have missed frames just now: a process that was paused does not know it yet. */
  readonly checkJoining: () => void;
  readonly damage: Damage;
  readonly shardStore: ShardStore;
  readonly cache: ChunkCache;
  readonly clock: Clock;
  readonly turns: StatementTurns;
  readonly threads: ScanThreads;
  readonly tracer: Tracer;
}

/**
 * Runs this shard's part of a query, piece by piece. Y2: who meets a damaged chunk is told which rows cannot be read.
 * @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, CHUNK_INVALID, QUERY_LIMIT
 */
export async function* produceQuery(from: ReadFrom, { header, payload: plan }: Asked<'dataQuery', ShardPlan>, signal: AbortSignal, end: StreamEnd = {}): AsyncGenerator<Uint8Array> {
  const { shard, traceParent, isCounted } = header;
  const span = from.tracer.startChild(spans.shardQuery, traceParent, { kind: 'server', attributes: { [attributes.shard]: shard } });
  let replica: ShardReplica | undefined;
  from.threads.queryCount += 1;
  const turns = from.turns.begin(plan);
  try {
    replica = await servingReplica(from, shard, header);
    const source = sourceOf(from, replica, turns);
    if (isCounted === true) yield* scanCounted(plan, source, signal, end);
    else if (plan.limits !== undefined || plan.behind !== undefined || !from.threads.isOn) yield* runShardPlan(plan, source, signal);
    else yield* scanBeside(from, replica, { plan, source, signal });
  } catch (error) {
    const told = replica === undefined ? error : from.damage.explained(replica, error);
    span.end(told);
    throw told;
  } finally {
    from.turns.end(plan);
    from.threads.queryCount -= 1;
    span.end();
  }
}

async function* scanCounted(plan: ShardPlan, source: ShardSource, signal: AbortSignal, end: StreamEnd): AsyncGenerator<Uint8Array> {
  const counting = new CountingSource(source);
  yield* runShardPlan(plan, counting, signal);
  end.trailer = JSON.stringify(counting.counts);
}

interface Scan {
  readonly plan: ShardPlan;
  readonly source: ShardSource;
  readonly signal: AbortSignal;
}

/** With scan threads beside this one (ST1): docs/specs/scan-threads.md. */
function scanBeside({ threads, shardStore, clock }: ReadFrom, replica: ShardReplica, { plan, source, signal }: Scan): AsyncGenerator<Uint8Array> {
  const shares = sharesOf(plan, source, threads.shareSize);
  const doHere = (share: PlanShare): AsyncGenerator<Uint8Array> => runShare(share, source, signal);
  const [first] = shares;
  if (first !== undefined && shares.length === 1 && (!first.mayBeLent || threads.queryCount < 2 || first.cost < threads.shareSize.cost / 4)) return doHere(first);
  let bytes: Uint8Array | undefined;
  const planBytes = (): Uint8Array => (bytes ??= shardPlanCodec.encode(plan));
  return scanInShares(shares, {
    doHere,
    lend: (share) => lendShare({ threads, planBytes, replica, shardStore }, share),
    rest: () => clock.turn('query'),
    shouldLendFirst: () => threads.isIdle && threads.queryCount > 1,
  });
}

/** @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, META_UNAVAILABLE */
export async function heldReplica({ replicaOf, damage }: Pick<ReadFrom, 'replicaOf' | 'damage'>, shard: ShardId, version: number): Promise<ShardReplica> {
  const replica = await replicaOf(shard, version);
  if (replica === undefined) throw damage.refusalOf(shard) ?? new DbError('SHARD_NOT_HERE', `shard ${shard} is not here`);
  return replica;
}

/** X17: a joining replica is read only by who knows that it is. @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, SHARD_JOINING, META_UNAVAILABLE */
export async function servingReplica(
  from: ReadFrom,
  shard: ShardId,
  { version, mayJoin }: { readonly version: number; readonly mayJoin: boolean },
): Promise<ShardReplica> {
  from.checkJoining();
  const replica = await heldReplica(from, shard, version);
  if (replica.joiningSinceMs !== undefined && !mayJoin) throw new DbError('SHARD_JOINING', `shard ${shard} is catching up here; retry`);
  return replica;
}

function sourceOf({ shardStore, cache }: ReadFrom, replica: ShardReplica, turns: Turns): ShardSource {
  const from = { replica, shardStore, cache: new CachedChunks(cache, replica.shard) };
  /** Shares want the same ones, and find pages that were unpacked for a share before. */
  let asked: { readonly fields: readonly string[]; readonly wanted: WantedFields } | undefined;
  return {
    startNs: replica.table.startNs,
    series: (measurement, filter) => replica.table.series(measurement, filter),
    timesOf: ({ seriesId }) => replica.table.timesOf(seriesId),
    rowCountIn: ({ seriesId }, range) => replica.table.chunkRowCountIn(seriesId, range),
    maybeRest: () => turns.maybeRest(),
    reader: ({ fields, maySummarize, mayPass, onlyRow, isBrief }) => {
      if (asked === undefined || !isEqualList(asked.fields, fields)) asked = { fields, wanted: new WantedFields(fields) };
      const { wanted } = asked;
      return ({ seriesId }, range) => {
        const read = { seriesId, range, fields: wanted, maySummarize, mayPass, onlyRow, isBrief };
        const rest = turns.maybeRest();
        return rest === undefined ? readSeries(from, read) : rest.then(() => readSeries(from, lasting(read)));
      };
    },
  };
}

function isEqualList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
