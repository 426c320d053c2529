import { DbError, type TimestampNs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { formatTime, type ShardId, type TimeRange } from '@varve/model';
import type { DamagedJournalRow, Log, Metrics, ShardStore, StoredChunk } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import type { ShardReplica } from './shard-replica.ts';

/** Rows that a damaged chunk has. */
interface DamagedRows {
  readonly shard: ShardId;
  readonly measurement: string;
  /** Of all its rows, half-open. */
  readonly range: TimeRange;
}

/** A shard of this node that cannot be opened. */
interface DamagedShard {
  readonly range: TimeRange;
  readonly refusal: DbError;
}

/** A shard that was opened without damaged rows of its journal. */
interface LackingShard {
  readonly replica: ShardReplica;
  readonly range: TimeRange;
}

interface DamagePorts {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly shardStore: ShardStore;
}

const ADVICE = 'other owners answer for it. Check the disk; where there is no other owner, only a backup of the data directory has it';

const LACK_ADVICE = 'other owners bring them. Check the disk; where there is no other owner, only a backup of the data directory has them';

/**
 * What is damaged on this node: each chunk, row of the journal and shard, when it is found, once in the log and in the metric, chunks also in
 * their shard's file; and all of it in the node's health. docs/specs/damage.md.
 */
export class Damage {
  readonly #ports: DamagePorts;
  /** By shard and chunk. */
  readonly #chunks = new Map<string, DamagedRows>();
  readonly #shards = new Map<ShardId, DamagedShard>();
  readonly #lacking = new Map<ShardId, LackingShard>();
  /** Rows of the journal, by shard and seq. */
  readonly #rows = new Set<string>();

  constructor(ports: DamagePorts) {
    this.#ports = ports;
  }

  /** What whoever asked is told of an error: of a damaged chunk, which rows cannot be read. It is remembered. */
  explained(replica: ShardReplica, error: unknown): unknown {
    if (!(error instanceof DbError) || error.code !== 'CHUNK_INVALID') return error;
    const { shard } = replica;
    const { chunkId } = error.facts;
    const rows = typeof chunkId === 'number' ? (this.#chunks.get(`${shard}/${chunkId}`) ?? this.#found(replica, chunkId, error)) : undefined;
    const what = rows === undefined ? `rows of shard ${shard}` : textOf([rows]);
    return new DbError('CHUNK_INVALID', `${what} cannot be read, they are damaged on disk: ${error.message}`, { ...error.facts, shard }, { cause: error });
  }

  /** A shard was opened, with chunks that were found damaged before (Y8). */
  recall(replica: ShardReplica, chunks: readonly StoredChunk[]): void {
    const damaged = chunks.filter(({ isDamaged }) => isDamaged);
    for (const { chunkId } of damaged) this.#remember(replica, chunkId);
    if (damaged.length > 0) this.#ports.log.warn('Chunks of a shard were found damaged before', { shard: replica.shard, chunkCount: damaged.length });
  }

  /** A row of the journal is damaged: what whoever wants its frame is told. */
  ofRow({ shard, seq, damage }: DamagedJournalRow): DbError {
    const key = `${shard}/${seq}`;
    if (!this.#rows.has(key) && this.#rows.size < LIMITS.damagedRowCountMax) {
      this.#rows.add(key);
      this.#ports.metrics.add(names.damageFound, 1, { part: 'row' });
      this.#ports.log.error('A row of the journal is damaged; its frame is handed to nobody', { shard, seq, reason: damage });
    }
    return new DbError('STORAGE_CORRUPT', damage, { shard, seq });
  }

  /** A shard was opened without rows of its journal that no chunk has either (Y9). */
  lacks(replica: ShardReplica, range: TimeRange): void {
    const { shard, lostRowCount } = replica;
    this.#ports.log.error('A shard lacks frames, because their rows in the journal are damaged', { shard, rowCount: lostRowCount, ...rangeFacts(range) });
    this.#lacking.set(shard, { replica, range });
  }

  /** A shard cannot be opened, for this reason. */
  cannotOpen(shard: ShardId, range: TimeRange, { code, message }: DbError): void {
    this.#ports.metrics.add(names.damageFound, 1, { part: 'shard' });
    this.#ports.log.error('A shard is damaged and not served; the others are', { shard, ...rangeFacts(range), code, reason: message });
    this.#shards.set(shard, { range, refusal: new DbError('SHARD_DAMAGED', `shard ${shard} is damaged on this data node: ${message}`, { shard }) });
  }

  /** What is answered in the place of a shard that cannot be opened; undefined: it is not one of these. */
  refusalOf(shard: ShardId): DbError | undefined {
    return this.#shards.get(shard)?.refusal;
  }

  /** Shards that cannot be opened. */
  get shards(): readonly ShardId[] {
    return [...this.#shards.keys()];
  }

  /** The shard was dropped. */
  forget(shard: ShardId): void {
    this.#shards.delete(shard);
    this.#lacking.delete(shard);
    for (const [key, rows] of this.#chunks) if (rows.shard === shard) this.#chunks.delete(key);
  }

  /** Sentences for people, a bounded number. */
  problems(): readonly string[] {
    const shards = Array.from(this.#shards, ([shard, { range, refusal }]) => `shard ${shard}, ${rangeText(range)}, is not served here (${refusal.message}): ${ADVICE}`);
    const lacking = [...this.#lacking.values()].filter(({ replica }) => replica.lostRowCount > 0);
    const rows = lacking.map(({ replica: { shard, lostRowCount }, range }) => `shard ${shard}, ${rangeText(range)}, lacks ${lostRowCount} frames here, whose rows in the journal are damaged: ${LACK_ADVICE}`);
    const places = Map.groupBy(this.#chunks.values(), ({ shard, measurement }) => `${shard} ${measurement}`);
    const chunks = Array.from(places.values(), (ofPlace) => `${textOf(ofPlace)} cannot be read here, ${ofPlace.length} chunks are damaged: ${ADVICE}`);
    const all = [...shards, ...rows, ...chunks];
    const { damageSentenceCountMax: max } = LIMITS;
    return all.length <= max ? all : [...all.slice(0, max), `and damage in ${all.length - max} more places`];
  }

  #found(replica: ShardReplica, chunkId: number, error: DbError): DamagedRows | undefined {
    const rows = this.#remember(replica, chunkId);
    if (rows === undefined) return undefined;
    const { shard, measurement, range } = rows;
    this.#ports.metrics.add(names.damageFound, 1, { part: 'chunk' });
    this.#ports.log.error('A chunk is damaged; its rows are not served', { shard, chunkId, measurement, ...rangeFacts(range), reason: error.message });
    void this.#mark(shard, chunkId);
    return rows;
  }

  /** A chunk that is gone meanwhile, replaced by a merge that could read it, is none. */
  #remember({ shard, table }: ShardReplica, chunkId: number): DamagedRows | undefined {
    const lost = table.giveUp(chunkId);
    if (lost === undefined || this.#chunks.size >= LIMITS.damagedChunkCountMax) return undefined;
    const at = (offsetNs: number): TimestampNs => table.startNs + BigInt(offsetNs);
    const rows = { shard, measurement: lost.measurement, range: { startNs: at(lost.minOffsetNs), endNs: at(lost.maxOffsetNs + 1) } };
    this.#chunks.set(`${shard}/${chunkId}`, rows);
    return rows;
  }

  /** Without the mark it is found again by the next process that reads it. */
  async #mark(shard: ShardId, chunkId: number): Promise<void> {
    try {
      await this.#ports.shardStore.markDamaged(shard, chunkId);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('A damaged chunk could not be marked in its file', { shard, chunkId, code: error.code, reason: error.message });
    }
  }
}

/** Of one shard and measurement. */
function textOf(rows: readonly DamagedRows[]): string {
  const { shard, measurement, range } = rows.reduce((all, { range: { startNs, endNs } }) => ({
    ...all,
    range: { startNs: startNs < all.range.startNs ? startNs : all.range.startNs, endNs: endNs > all.range.endNs ? endNs : all.range.endNs },
  }));
  return `rows of measurement "${measurement}" ${rangeText(range)} in shard ${shard}`;
}

const NS_PER_S = 1_000_000_000n;

/** In whole seconds, rounded outwards. */
function rangeText({ startNs, endNs }: TimeRange): string {
  return `from ${formatTime(startNs)} to ${formatTime(endNs + NS_PER_S - 1n)}`;
}

function rangeFacts({ startNs, endNs }: TimeRange): { readonly from: string; readonly to: string } {
  return { from: formatTime(startNs), to: formatTime(endNs + NS_PER_S - 1n) };
}
