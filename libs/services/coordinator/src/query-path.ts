import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { openStream, pause, Payload, Turns, type CatalogFollower, type LivenessView } from '@varve/kit';
import type { Catalog, NodeId, SeriesBlock, TimeRange } from '@varve/model';
import { shardsForRange, type PlacedShard, type ReadShard } from '@varve/placement';
import type { Bus, Clock, QueryRequest, ResultItem, TraceParent } from '@varve/ports';
import {
  AnsweredSoFar,
  assertWanted,
  executeQuery,
  needsTagKeys,
  planQuery,
  SelectBudget,
  shardPlanCodec,
  validateSelect,
  type BudgetPart,
  type GroupSeries,
  type PlannedMeasurements,
  type QueryPlan,
  type Scatter,
  type SchemaView,
  type SelectLimits,
  type SelectStatement,
  type ShardPartials,
  type ShardPlan,
  type WaitingRoom,
} from '@varve/query';
import type { Subjects } from '@varve/wire';
import type { SeriesCollector } from './collect-series.ts';
import { executingOwners, mayAnotherOwner } from './executing-owner.ts';
import { itemsTogether } from './items-together.ts';
import { MissingShards, unavailable } from './missing-shards.ts';
import { schemaOf } from './schema-of.ts';
import type { ShardObserver } from './shard-observer.ts';
import { SilentOwners } from './silent-owners.ts';

export interface QueryPathParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly follower: CatalogFollower;
  readonly liveness: LivenessView;
  readonly collector: SeriesCollector;
  readonly subjects: Subjects;
  readonly selectBucketCountMax: number;
  /** Of one SELECT, over all nodes. */
  readonly selectLimits: SelectLimits;
}

/** What a statement asks all its shards with. */
export interface Asking {
  readonly catalog: Catalog;
  readonly signal: AbortSignal;
  readonly nodeId: NodeId | undefined;
  readonly traceParent: TraceParent | undefined;
  /** Where shards go that nobody answers for; undefined: that fails the statement. */
  readonly missing: MissingShards | undefined;
  /** Who is not waited for again. Absent: nobody is known to be silent yet. */
  readonly silent?: SilentOwners | undefined;
  /** Who watches the question to a shard. Absent: nobody, and data nodes count nothing. */
  readonly observe?: ((source: PlannedMeasurements, placed: PlacedShard) => ShardObserver) | undefined;
}

/** What one statement's questions have in common besides. */
interface Execution extends Asking {
  readonly budget: SelectBudget;
  /** Shards that answer at once, one after the other, leave others their turn between them. */
  readonly turns: Turns;
  readonly silent: SilentOwners;
}

/** Nothing waits in it. */
const NO_ROOM: WaitingRoom = { leftSizeBytes: 0 };

/** What one shard is asked, where that counts (LM1), and who watches. */
interface ShardQuestion {
  readonly payload: Payload<ShardPlan>;
  readonly part: BudgetPart;
  readonly observer: ShardObserver | undefined;
}

/** Flow (b): plan, scatter, merge, stream. */
export class QueryPath {
  readonly #parts: QueryPathParts;
  /** For frames of windows that are not whole yet. */
  readonly #room: WaitingRoom = { leftSizeBytes: LIMITS.waitingFramesSizeBytesMax };

  constructor(parts: QueryPathParts) {
    this.#parts = parts;
  }

  /**
   * A shard that nobody answers for makes the answer partial (Q9).
   * @throws DbError QUERY_INVALID with InfluxDB's text, QUERY_SHARD_UNAVAILABLE of a named node, QUERY_LIMIT, and what data nodes answer
   */
  async *select(statement: SelectStatement, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const { catalog } = this.#parts.follower;
    const { signal, nodeId, traceParent, chunkRowCount } = request;
    const missing = nodeId === undefined ? new MissingShards() : undefined; // Q6: the named node, or nothing.
    const silent = new SilentOwners(this.#parts.liveness);
    const plan = await this.plan(statement, request, { catalog, missing, silent });
    for await (const blocks of this.execute(plan, { catalog, signal, nodeId, traceParent, missing, silent }, chunkRowCount)) {
      for (const items of itemsTogether(blocks, statementId)) yield items;
    }
    const ofMissing = missing?.items(statementId) ?? [];
    if (ofMissing.length > 0) yield ofMissing;
  }

  /** What a plan comes to, as it arrives. @throws DbError as {@link select} */
  execute(plan: QueryPlan, asking: Asking, chunkRowCount: number): AsyncIterable<Iterable<SeriesBlock>> {
    const { signal } = asking;
    const budget = new SelectBudget(this.#parts.selectLimits);
    const turns = new Turns(this.#parts.clock);
    const execution = { ...asking, budget, turns, silent: asking.silent ?? new SilentOwners(this.#parts.liveness) };
    const scatter: Scatter = (source, range) => this.#scatter(source, range, execution);
    const pauseForOthers = async (): Promise<void> => {
      await pause(this.#parts.clock, 0);
      assertWanted(signal);
    };
    return executeQuery(plan, scatter, { chunkRowCount, signal, pause: pauseForOthers });
  }

  /** @throws DbError QUERY_INVALID with InfluxDB's text, QUERY_SHARD_UNAVAILABLE without `missing` */
  async plan(statement: SelectStatement, request: QueryRequest, { catalog, missing, silent }: Pick<Asking, 'catalog' | 'missing' | 'silent'>): Promise<QueryPlan> {
    const turns = new Turns(this.#parts.clock);
    const refusal = validateSelect(statement);
    if (refusal !== undefined) throw new DbError('QUERY_INVALID', refusal);
    const rest = turns.maybeRest();
    if (rest !== undefined) await rest;
    const { collector, selectBucketCountMax } = this.#parts;
    const tagKeys = needsTagKeys(statement) ? await collector.tagKeysFor(statement, request, { catalog, missing, silent }) : undefined;
    const schema: SchemaView = schemaOf(catalog, tagKeys);
    const { database, retentionPolicy, nowNs } = request;
    const limits = { selectBucketCountMax, windowCountMax: LIMITS.queryWindowCountMax };
    const plan = planQuery(statement, { database, retentionPolicy, nowNs, schema, limits });
    if ('kind' in plan) throw new DbError('QUERY_INVALID', plan.text);
    const restBehind = turns.maybeRest();
    if (restBehind !== undefined) await restBehind;
    return plan;
  }

  /** The shards that a source is asked of. */
  shardsOf({ database, retentionPolicy }: PlannedMeasurements, range: TimeRange, { catalog, nodeId }: Pick<Asking, 'catalog' | 'nodeId'>): readonly ReadShard[] {
    const policy = catalog.databases.get(database)?.retentionPolicies.get(retentionPolicy);
    if (policy === undefined) return [];
    return shardsForRange(policy, range).filter(({ shard: { owners } }) => nodeId === undefined || owners.includes(nodeId));
  }

  /** One executing owner per shard; the stream is asked for when the merge first reads it. */
  #scatter(source: PlannedMeasurements, range: TimeRange, execution: Execution): readonly ShardPartials[] {
    const { shardPlan } = source;
    const { budget } = execution;
    const { shardLimits } = budget;
    const payload = new Payload(shardPlanCodec, shardLimits === undefined ? shardPlan : { ...shardPlan, limits: shardLimits });
    const groups = new Map<TimeRange, GroupSeries>();
    return this.shardsOf(source, range, execution).map((placed) => {
      const group = groups.get(placed.range) ?? { seriesCount: 0 };
      groups.set(placed.range, group);
      return {
        startNs: placed.range.startNs,
        mergeFromNs: placed.mergeFromNs,
        partials: this.#partialsOf(placed, execution, { payload, part: budget.open(group), observer: execution.observe?.(source, placed) }),
      };
    });
  }

  /** Of one owner nothing has to wait: what it has sent in vain it sends again. */
  #roomFor(owners: readonly NodeId[], nodeId: NodeId | undefined): WaitingRoom {
    return owners.length > 1 && nodeId === undefined ? this.#room : NO_ROOM;
  }

  /** What a shard answers, of one owner; where that fails the next one goes on behind what has been merged. */
  async *#partialsOf(placed: PlacedShard, execution: Execution, { payload, part, observer }: ShardQuestion): AsyncGenerator<Uint8Array> {
    const { id: shardId, owners } = placed.shard;
    // V8 gives up on the optimized generator at each read of this number behind an await, again and again.
    const { catalog: { version }, signal, nodeId, traceParent, missing, turns, silent } = execution;
    const { bus, clock, subjects, liveness } = this.#parts;
    const soFar = new AnsweredSoFar(payload.value, bus.local === undefined ? this.#roomFor(owners, nodeId) : undefined);
    let reason: DbError | undefined;
    for (const { owner, mayJoin } of executingOwners({ id: shardId, owners }, liveness, nodeId)) {
      const silence = silent.reasonOf(owner);
      const rest = soFar.rest();
      if (silence !== undefined || rest === undefined) {
        reason = silence ?? reason;
        continue;
      }
      await turns.maybeRest();
      const header = { shard: shardId, version, mayJoin, traceParent, isCounted: observer !== undefined };
      observer?.onAsk(owner);
      try {
        const onTrailer = (trailer: string): void => observer?.onTrailer(trailer);
        const isSilent = (): boolean => silent.reasonOf(owner) !== undefined;
        const to = { subject: subjects.dataQuery(owner), idleTimeoutMs: LIMITS.streamIdleTimeoutMs, signal, isSilent, onTrailer };
        const asked = { kind: 'dataQuery', header, payload: rest === payload.value ? payload : new Payload(shardPlanCodec, rest) } as const;
        for await (const frame of openStream({ bus, clock }, to, asked)) {
          if (!part.take(frame, soFar.waitingSizeBytes)) continue;
          observer?.onFrame(frame);
          for (const ready of soFar.add(frame)) {
            yield ready;
            await turns.maybeRest(); // The merge of what came is work, too.
          }
        }
        part.close();
        observer?.onEnd();
        return;
      } catch (error) {
        if (!(error instanceof DbError) || signal.aborted || !mayAnotherOwner(error)) throw error;
        reason = error;
        silent.add(owner, error);
      } finally {
        soFar.letGo(); // Nothing waits when all of it has come.
      }
    }
    part.close();
    if (reason?.code === 'CHUNK_INVALID') throw reason; // Y3: asking again does not help.
    const failure = unavailable(shardId, owners, reason);
    if (missing === undefined) throw failure;
    missing.add(shardId, failure);
  }
}
