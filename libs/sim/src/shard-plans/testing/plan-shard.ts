import { assert } from '@varve/base';
import type { DataShardPorts } from '@varve/data-shard-service';
import type { ShareAnswer } from '@varve/data-shard-service/share-scanner';
import * as upkeepTasks from '@varve/data-shard-service/upkeep-tasks';
import { ChunkCache, Damage, flushShard, mergeShard, produceQuery, Recovery, ScanThreads, StatementTurns, WritePath, type FlushPorts, type ShardReplica } from '@varve/data-shard-service/testing';
import { encodeFrames, encodeTombstone, sealFrame, type FrameStamp } from '@varve/frame';
import { parseLines } from '@varve/line-protocol';
import { joinNs, type Cell, type FieldType, type FieldValue, type SeriesBlock, type Tombstone } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER } from '@varve/ports';
import { mergePartials, parseQuery, planQuery, runShardPlan, type QueryPlan, type ShardPlan } from '@varve/query';
import { openSimScanThread, SimBackground } from '../../sim-background.ts';
import { SimClock, SimRandom } from '../../sim-clock.ts';
import { SimDisk } from '../../sim-disk.ts';
import { SimJournal } from '../../sim-journal.ts';
import { SimNetwork } from '../../sim-network.ts';
import { SimProcess } from '../../sim-process.ts';
import type { SimScheduler } from '../../sim-scheduler.ts';
import { SimShardStore } from '../../sim-shard-store.ts';
import { CellMap, FIELDS, rowsOnly, type PlanRow } from './cell-map.ts';
import { tagsText, type AnswerRows } from './naive-answer.ts';

/** Where the shard's window starts. */
export const START_NS = 1_767_225_600_000_000_000n;

const SHARD = 1;
/** So little that a replay flushes now and then. */
const MEMTABLE_ROOM = { sizeBytesMax: 4_000, openSizeBytes: () => 0 };

/** So small that what has two groups, or some rows, is cut. */
const SHARE_SIZE = { cost: 1, rowCount: 2, seriesRowCount: 0 };

/** A run of the shard's process. */
interface OpenShard {
  readonly process: SimProcess;
  readonly ports: DataShardPorts & FlushPorts;
  readonly replica: ShardReplica;
  readonly writePath: WritePath;
  readonly cache: ChunkCache;
  readonly threads: ScanThreads;
  readonly damage: Damage;
}

/**
 * One shard of a data node, with everything of it that a query meets: frames as coordinators make them, the write path, flush,
 * merge, recovery and the query path, on simulated files. Beside it the same cells as a map.
 */
export class PlanShard {
  readonly cells = new CellMap();
  /** Shares that a scan thread has answered with frames. */
  lentCount = 0;
  /** Chunks whose payloads scan threads have asked for. */
  readonly lackedChunkIds = new Set<number>();
  readonly #scheduler: SimScheduler;
  readonly #disk: SimDisk;
  readonly #cacheSizeBytes: number;
  #frameCount = 0;
  #open: OpenShard | undefined;

  constructor(scheduler: SimScheduler, { cacheSizeBytes }: { readonly cacheSizeBytes: number }) {
    this.#scheduler = scheduler;
    this.#disk = new SimDisk(scheduler, 'disk');
    this.#cacheSizeBytes = cacheSizeBytes;
  }

  /** Opens it for the first time, or again as after a crash. */
  async restart(): Promise<void> {
    this.#open?.process.kill();
    this.#open = await this.#openFiles();
  }

  async #openFiles(): Promise<OpenShard> {
    const process = new SimProcess(this.#scheduler, 'node');
    const journal = new SimJournal(process, this.#disk);
    const shardStore = new SimShardStore(process, this.#disk);
    const clock = new SimClock(process);
    const damage = new Damage({ log: SILENT_LOG, metrics: SILENT_METRICS, shardStore });
    const onFatal = (error: unknown): void => assert(false, `journal failed: ${String(error)}`);
    const bus = new SimNetwork(this.#scheduler).connect(process);
    const ports = { bus, clock, random: new SimRandom(process), log: SILENT_LOG, metrics: SILENT_METRICS, tracer: SILENT_TRACER, journal, shardStore, onFatal, background: new SimBackground(process, upkeepTasks) };
    const replica = await new Recovery({ ...ports, damage }, MEMTABLE_ROOM).open({ shard: SHARD, range: { startNs: START_NS, endNs: START_NS + 1n }, others: [] }, async ({ replica: opened }) => opened);
    const writePath = new WritePath(ports, { id: 1, epochOf: () => 1, isOpen: () => true, fullness: () => 0, onInserted: () => undefined });
    const threads = new ScanThreads({ log: SILENT_LOG, metrics: SILENT_METRICS, openScanThread: () => openSimScanThread(process, (answer) => this.#onAnswer(answer)) }, { scanThreadCount: 2, shareSize: SHARE_SIZE, chunkCacheSizeBytesMax: this.#cacheSizeBytes });
    return { process, ports, replica, writePath, cache: new ChunkCache(this.#cacheSizeBytes), threads, damage };
  }

  /** The version is that of the newest frame, or one that was passed over by the two before. */
  async write(rows: readonly PlanRow[], { isLate }: { readonly isLate: boolean }): Promise<void> {
    const stamp = this.#stamp(isLate);
    const { batch, errorCount } = parseLines(new TextEncoder().encode(rows.map(lineOf).join('\n')), { precision: 'n', nowNs: START_NS });
    assert(errorCount === 0, `${errorCount} lines are none`);
    const tables = batch.tables.map((table) => ({ table, rowIndexes: undefined }));
    const [frame, ...others] = encodeFrames({ shard: SHARD, startNs: START_NS, tables, series: batch.series }, () => stamp);
    assert(frame !== undefined && others.length === 0, 'rows of one frame');
    this.cells.write(stamp.version.wallMs, rows);
    await this.#opened.writePath.storeFromPeer(this.#replica, frame);
  }

  async delete(tombstone: Tombstone): Promise<void> {
    const stamp = this.#stamp(false);
    this.cells.delete(stamp.version.wallMs, tombstone);
    await this.#opened.writePath.storeFromPeer(this.#replica, sealFrame(encodeTombstone(SHARD, tombstone), stamp));
  }

  async flush(): Promise<void> {
    await flushShard(this.#opened.ports, this.#replica);
  }

  /** Until nothing is worth it. */
  async merge(): Promise<void> {
    while (await mergeShard({ ...this.#opened.ports, damage: this.#opened.damage }, this.#replica));
  }

  /** Lets deletes be collected that are older than any frame that may still come. */
  collect(): void {
    this.#replica.table.raiseWatermark(this.#versionOf(this.#frameCount, true));
  }

  /** As a data node answers. */
  answer(text: string): Promise<AnswerRows> {
    const { ports, cache, damage, threads } = this.#opened;
    const from = { replicaOf: () => Promise.resolve(this.#replica), checkJoining: () => undefined, cache, damage, threads, turns: new StatementTurns(ports.clock), ...ports };
    return answerOf(text, (plan) => {
      const header = { shard: SHARD, version: 0, mayJoin: true, traceParent: undefined, isCounted: undefined };
      return produceQuery(from, { header, payload: frozen(plan) }, new AbortController().signal);
    });
  }

  /** As the same engine answers from rows alone. */
  answerFromRows(text: string): Promise<AnswerRows> {
    const source = rowsOnly(START_NS, this.cells.shown);
    return answerOf(text, (plan) => runShardPlan(plan, source));
  }

  #onAnswer(answer: ShareAnswer): void {
    if (answer.kind === 'frames') this.lentCount += 1;
    if (answer.kind === 'lacking') for (const chunkId of answer.lacking.payloads) this.lackedChunkIds.add(chunkId);
  }

  get #opened(): OpenShard {
    assert(this.#open !== undefined, 'restart() opens it');
    return this.#open;
  }

  get #replica(): ShardReplica {
    return this.#opened.replica;
  }

  #stamp(isLate: boolean): FrameStamp {
    this.#frameCount += 1;
    return { mutation: { incarnation: 1, shard: SHARD, number: this.#frameCount }, version: this.#versionOf(this.#frameCount, isLate) };
  }

  /** A late version is below those of the two frames before, and above that of the third. */
  #versionOf(frame: number, isLate: boolean): FrameStamp['version'] {
    return { wallMs: 1_000 + 10 * frame - (isLate ? 25 : 0), counter: 0, incarnation: 1 };
  }
}

/** As it is handed over within a process: a plan that is changed would be changed for all shards. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(Object.freeze(value))) frozen(each);
  return value;
}

function lineOf({ key, offsetNs, cells }: PlanRow): string {
  const fields = Object.entries(cells).map(([name, value]) => `${name}=${valueText(FIELDS[name]!, value)}`);
  return `${key} ${fields.join(',')} ${START_NS + BigInt(offsetNs)}`;
}

function valueText(type: FieldType, value: FieldValue): string {
  if (type === 'integer') return `${value}i`;
  if (type === 'string') return JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : `${value}`;
}

async function answerOf(text: string, partialsOf: (plan: ShardPlan) => AsyncIterable<Uint8Array>): Promise<AnswerRows> {
  const { sources, mergePlan } = planOf(text);
  const shards = sources.map(({ shardPlan }) => ({ startNs: START_NS, partials: partialsOf(shardPlan) }));
  const answer = new Map<string, (readonly [bigint, ...Cell[]])[]>();
  for await (const blocks of mergePartials(mergePlan, shards, 100)) {
    for (const block of blocks) {
      const name = tagsText(block.tags ?? []);
      const rows = answer.get(name) ?? [];
      answer.set(name, rows);
      for (let row = 0; row < block.rowCount; row += 1) rows.push(rowAt(block, row));
    }
  }
  return answer;
}

function rowAt({ times, cells }: SeriesBlock, row: number): readonly [bigint, ...Cell[]] {
  return [joinNs(times!.ms[row]!, times!.subNs[row]!), ...cells.map((column) => column[row]!)];
}

function planOf(text: string): QueryPlan {
  const parsed = parseQuery(text);
  assert(parsed.kind !== 'error', `${text}: ${parsed.kind === 'error' ? parsed.message : ''}`);
  const [statement] = parsed.statements;
  assert(statement?.kind === 'select', `no SELECT: ${text}`);
  const plan = planQuery(statement, {
    nowNs: START_NS,
    database: 'db',
    retentionPolicy: undefined,
    schema: {
      resolvePolicy: () => ({ kind: 'found', retentionPolicy: 'rp' }),
      measurements: () => ['cpu'],
      fields: () => new Map(Object.entries(FIELDS)),
      tagKeys: () => ['host', 'region'],
    },
    limits: { selectBucketCountMax: 0, windowCountMax: 1_000_000 },
  });
  assert(!('kind' in plan), `${text}: ${'kind' in plan ? plan.text : ''}`);
  return plan;
}
