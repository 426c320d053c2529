import { DbError, type SizeBytes } from '@varve/base';
import { decodeFrame, frameHeader, type Frame } from '@varve/frame';
import { decodeVector, EMPTY_VECTOR, encodeVector, hasMutation, type NodeId, type ShardId, type TimeRange } from '@varve/model';
import type { StoredChunk } from '@varve/ports';
import { JournalIndex } from '@varve/reconcile';
import { ShardTable } from '@varve/storage';
import type { Damage } from './damage.ts';
import { flushShard, type FlushPorts } from './flush.ts';
import { ReplayProgress } from './replay-progress.ts';
import type { ShardReplica } from './shard-replica.ts';

export interface RecoveryPorts extends FlushPorts {
  readonly damage: Damage;
}

/** The memory that a node has for rows that are in no chunk. */
export interface MemtableRoom {
  /** All memtables together; at it a flush is due. */
  readonly sizeBytesMax: SizeBytes;
  /** Those of the shards that are open. */
  readonly openSizeBytes: () => SizeBytes;
}

interface ShardToOpen {
  readonly shard: ShardId;
  readonly range: TimeRange;
  readonly others: readonly NodeId[];
}

/** A shard as it is opened. */
export interface Recovered {
  readonly replica: ShardReplica;
  /** It was flushed on the way: there may be chunks worth merging. */
  readonly wasFlushed: boolean;
}

/** Of the room for all memtables, what a replay has whatever the others hold: many small flushes would make many small chunks. */
const ROOM_SHARE_MIN = 1 / 4;

/**
 * Opens shards as they were promised: what a shard's file holds, then the journal rows above its `flushedSeq`, in order (F6 of
 * docs/specs/flush.md). Shards replay one after the other, and are flushed on the way: a journal may be larger than memory. Damaged
 * rows are passed over for good (Y9).
 */
export class Recovery {
  readonly #ports: RecoveryPorts;
  readonly #room: MemtableRoom;
  readonly #progress: ReplayProgress;
  /** Settles when the replay that was asked for last has ended. */
  #replayed: Promise<unknown> = Promise.resolve();

  constructor(ports: RecoveryPorts, room: MemtableRoom) {
    this.#ports = ports;
    this.#room = room;
    this.#progress = new ReplayProgress(ports);
  }

  /** So many rows are in the journal of the shards that are opened now. */
  expect(rowCount: number): void {
    this.#progress.expect(rowCount);
  }

  /**
   * A shard that has neither a file nor rows in the journal is empty.
   * @param serve opens it for others. The next replay begins behind it, so that what this shard has in memory counts then
   * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, FRAME_INVALID: the node must not serve the shard then
   */
  async open<Opened>(asked: ShardToOpen, serve: (recovered: Recovered) => Promise<Opened>): Promise<Opened> {
    let lostRowCount = 0;
    for (let wasFlushed = false; ; wasFlushed = true) {
      const { table, chunks } = await this.#openFile(asked);
      const { flushedSeq } = table;
      const opened = await this.#inTurn(async () => {
        const { replica, hole } = await this.#replay(asked, table);
        lostRowCount += hole;
        if (hole > 0) return undefined;
        this.#ports.damage.recall(replica, chunks);
        replica.lostRowCount = lostRowCount;
        if (lostRowCount > 0) this.#ports.damage.lacks(replica, asked.range);
        return { shard: await serve({ replica, wasFlushed: wasFlushed || table.flushedSeq > flushedSeq }) };
      });
      if (opened !== undefined) return opened.shard;
    }
  }

  /**
   * Behind it the file says that the damaged rows are over, and its vector lacks their frames: no later start reads them, and so
   * none of them can come back after repair has decided that nobody has it. The table is opened anew.
   * @throws DbError STORAGE_CORRUPT: the shard is as it was
   */
  async #passOver(replica: ShardReplica, rowCount: number): Promise<void> {
    const { shard, table } = replica;
    const lastSeq = table.lastSeq + rowCount;
    try {
      await flushShard(this.#ports, replica);
      const state = { flushedSeq: lastSeq, vector: encodeVector(table.vector), watermark: table.watermark, hadDeletes: table.hadDeletes };
      await this.#ports.shardStore.commit(shard, { series: [], chunks: [], removedChunkIds: [], tombstones: [], removedTombstoneSeqs: [], state });
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      throw new DbError('STORAGE_CORRUPT', `rows ${table.lastSeq + 1} to ${lastSeq} of shard ${shard} in the journal are damaged, and its file cannot be written without them: ${error.message}`, { shard }, { cause: error });
    }
  }

  async #openFile({ shard, range: { startNs } }: ShardToOpen): Promise<{ readonly table: ShardTable; readonly chunks: readonly StoredChunk[] }> {
    const { shardStore } = this.#ports;
    const { flushedSeq, vector, watermark, hadDeletes } = await shardStore.readState(shard);
    const chunks = await shardStore.readChunks(shard);
    const table = ShardTable.open({
      startNs,
      flushedSeq,
      vector: vector.length === 0 ? EMPTY_VECTOR : decodeVector(vector),
      ...{ watermark, hadDeletes },
      series: await shardStore.readSeries(shard),
      chunks,
      tombstones: await shardStore.readTombstones(shard),
    });
    table.raiseWatermark(watermark); // S8: a flush on the way stores it again.
    return { table, chunks };
  }

  #inTurn<Value>(replay: () => Promise<Value>): Promise<Value> {
    const replayed = this.#replayed.then(replay);
    this.#replayed = replayed.catch(() => undefined); // Whoever asked for it is told.
    return replayed;
  }

  /** Up to the first damaged rows that are in no chunk, and over them. @returns how many these are, as `hole`: the table has ended with them */
  async #replay(asked: ShardToOpen, table: ShardTable): Promise<{ readonly replica: ShardReplica; readonly hole: number }> {
    const { flushedSeq } = table;
    let hole = 0;
    const { sizeBytesMax, openSizeBytes } = this.#room;
    const leftBytes = Math.max(0, sizeBytesMax - openSizeBytes());
    const flushing = new FlushOnTheWay(this.#ports, Math.max(leftBytes, ROOM_SHARE_MIN * sizeBytesMax));
    let replica: ShardReplica | undefined;
    try {
      for await (const row of this.#ports.journal.read(asked.shard, 0)) {
        replica ??= newReplica(asked, table, row.seq);
        this.#progress.onRow();
        // Rows at or below it are in chunks; they are still there for other owners, or until the next trim.
        const isFlushed = row.seq <= flushedSeq;
        const dueSeq = table.lastSeq + hole + 1;
        if (!isFlushed && row.seq !== dueSeq) throw ofAnotherTime(`row ${row.seq} of shard ${asked.shard} stands in the journal where ${dueSeq} is due behind its file`, asked.shard);
        if (row.frame === undefined) {
          this.#ports.damage.ofRow(row);
          replica.journalIndex.addDamaged(row.seq);
          if (!isFlushed) hole += 1;
          continue;
        }
        if (hole > 0) break;
        replica.journalIndex.add(row.seq, frameHeader(row.frame).mutation);
        if (isFlushed) continue;
        insert(replica, row.seq, decodeFrame(row.frame));
        await flushing.maybeFlush(replica);
      }
    } finally {
      await flushing.settle();
    }
    replica ??= newReplica(asked, table, table.lastSeq + 1);
    const { nextSeq } = replica.journalIndex;
    if (nextSeq <= flushedSeq) throw ofAnotherTime(`the journal of shard ${asked.shard} ends with row ${nextSeq - 1}, its file with row ${flushedSeq}`, asked.shard);
    if (hole > 0) {
      await this.#passOver(replica, hole);
      return { replica, hole };
    }
    await flushing.maybeFlush(replica, leftBytes);
    await flushing.settle();
    replica.nextSeq = table.lastSeq + 1;
    if (table.lastSeq > table.flushedSeq) replica.dirtySinceMs ??= this.#ports.clock.monotonicMs();
    return { replica, hole };
  }
}

/** Flushes a shard whose journal is being replayed; the replay goes on meanwhile. */
class FlushOnTheWay {
  readonly #ports: FlushPorts;
  readonly #sizeBytesMax: SizeBytes;
  #underWay: Promise<void> | undefined;
  /** After a flush that failed. */
  #retryAtBytes: SizeBytes = 0;

  /** @param sizeBytesMax of the memtable of the shard that replays; at twice that the replay waits for the flush */
  constructor(ports: FlushPorts, sizeBytesMax: SizeBytes) {
    this.#ports = ports;
    this.#sizeBytesMax = sizeBytesMax;
  }

  async maybeFlush(replica: ShardReplica, sizeBytesMax = this.#sizeBytesMax): Promise<void> {
    const { table } = replica;
    const dueBytes = Math.max(sizeBytesMax, this.#retryAtBytes);
    if (table.memtableSizeBytes <= dueBytes) return;
    this.#underWay ??= this.#start(replica);
    if (table.memtableSizeBytes > 2 * dueBytes) await this.#underWay;
  }

  /** Resolves when none is under way. */
  async settle(): Promise<void> {
    await this.#underWay;
  }

  #start(replica: ShardReplica): Promise<void> {
    const ended = this.#flush(replica).then(() => (this.#underWay = undefined));
    ended.catch(() => undefined); // A bug stays under way: the replay is told when it waits, at its end at the latest.
    return ended;
  }

  /** One that fails loses nothing: the shard goes on in memory, and tries again when it has twice as much there, or once it is open. */
  async #flush(replica: ShardReplica): Promise<void> {
    const { table, shard } = replica;
    try {
      await flushShard(this.#ports, replica);
      this.#retryAtBytes = 0;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      const { memtableSizeBytes } = table;
      this.#retryAtBytes = 2 * memtableSizeBytes;
      this.#ports.log.error('A flush while the journal is replayed failed; nothing is lost, the replay goes on in memory', { shard, memtableSizeBytes, code: error.code, error });
    }
  }
}

/** @throws DbError STORAGE_CORRUPT */
function insert({ shard, table }: ShardReplica, seq: number, frame: Frame): void {
  const { incarnation, number } = frame.header.mutation;
  if (table.isLate(frame) && !hasMutation(table.vector, incarnation, number)) throw ofAnotherTime(`row ${seq} of shard ${shard} in the journal is older than the watermark of its file`, shard); // S8
  table.insert(frame, seq);
}

function ofAnotherTime(what: string, shard: ShardId): DbError {
  return new DbError('STORAGE_CORRUPT', `${what}: one of them is of another time`, { shard });
}

function newReplica({ shard, others }: ShardToOpen, table: ShardTable, firstSeq: number): ShardReplica {
  return {
    shard,
    table,
    journalIndex: new JournalIndex(firstSeq),
    others,
    nextSeq: table.lastSeq + 1,
    journaling: new Set(),
    dirtySinceMs: undefined,
    joiningSinceMs: undefined,
    verified: { count: 0, of: 0 },
    lostRowCount: 0,
    isDropped: false,
    subscription: undefined,
  };
}
