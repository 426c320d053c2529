import type { ErrorCode, SizeBytes } from '@varve/base';
import { DEFAULT_CONFIG } from '@varve/config';
import { ChunkCache, ChunksAtHand, Damage, flushShard, mergeShard, readSeries, Recovery, seriesSource, takeWatermarks, trimJournal, WantedFields, WritePath, type ShardReplica } from '@varve/data-shard-service/testing';
import type { UpkeepTasks } from '@varve/data-shard-service';
import * as upkeepTasks from '@varve/data-shard-service/upkeep-tasks';
import { encodeFrames, encodeTombstone, sealFrame, type FrameStamp } from '@varve/frame';
import { openInprocBus } from '@varve/inproc-adapter';
import { encodeVectors, hasMutation, seriesKey, valueAt, type SeriesSlice, type Tombstone } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Background, type Journal, type ShardStore } from '@varve/ports';
import { openStoresHere } from '@varve/sqlite-adapter/testing';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { decode, encode } from '@varve/wire';

const SHARD = 1;
const LANES = ['a', 'b', 'c'];
/** So few that frames overwrite each other's cells. */
const TIME_COUNT = 5;
/** Makes a large frame of several pages. */
const PADDING = 'a text that is no part of any other one, '.repeat(200);
const LARGE_FRAMES: ReadonlySet<number> = new Set([2, 3]);
const WHOLE_RANGE = { startOffsetNs: 0, endOffsetNs: Number.MAX_SAFE_INTEGER };
/** In this thread, and on a clone as in another one: tests open hundreds of shards. */
const BACKGROUND: Background<UpkeepTasks> = {
  run: async (name, input, given) => upkeepTasks[name](structuredClone(input, { transfer: [...given] }) as never) as never,
  close: () => Promise.resolve(),
};
const PORTS = { clock: systemClock, random: systemRandom, log: SILENT_LOG, metrics: SILENT_METRICS, tracer: SILENT_TRACER, background: BACKGROUND };

/** Cells by lane and time: the number of the frame that wrote it last. */
export type Cells = ReadonlyMap<string, number>;

/**
 * One shard on real files, and every step of its life by itself: what a data node does with it, without the node. Its frames
 * have numbers; frame n writes n into one cell of each lane, over what frame n - 5 wrote there. Frames 2 and 3 are large.
 */
export class ShardOnDisk {
  readonly #journal: Journal;
  readonly #shardStore: ShardStore;
  readonly #replica: ShardReplica;
  readonly #bus = openInprocBus();
  readonly #writePath: WritePath;
  /** The journal has failed: a data node would have ended. */
  isFatal = false;

  /** As a data node opens it: recovers, then trims what is in chunks. @throws DbError */
  static async open(directory: string, options: { readonly journalFileSizeBytesMax?: SizeBytes; readonly memtableSizeBytesMax?: SizeBytes } = {}): Promise<ShardOnDisk> {
    const { journal, shardStore } = await openStoresHere(directory, options);
    const ports = { ...PORTS, journal, shardStore, damage: new Damage({ ...PORTS, shardStore }) };
    const room = { sizeBytesMax: options.memtableSizeBytesMax ?? DEFAULT_CONFIG.memtableSizeBytesMax, openSizeBytes: () => 0 };
    const replica = await new Recovery(ports, room).open({ shard: SHARD, range: { startNs: 0n, endNs: 1_000_000_000n }, others: [] }, async ({ replica: opened }) => opened);
    await trimJournal(journal, replica);
    return new ShardOnDisk(journal, shardStore, replica);
  }

  private constructor(journal: Journal, shardStore: ShardStore, replica: ShardReplica) {
    this.#journal = journal;
    this.#shardStore = shardStore;
    this.#replica = replica;
    const ports = { ...PORTS, bus: this.#bus, journal, shardStore, onFatal: () => void (this.isFatal = true) };
    const node = { id: 1, epochOf: () => 1, isOpen: () => true, fullness: () => 0, onInserted: () => undefined };
    this.#writePath = new WritePath(ports, node);
  }

  /** Resolves when a data node would ack frame n. @throws DbError */
  write(number: number): Promise<void> {
    return this.#writePath.storeFromPeer(this.#replica, frameOf(number));
  }

  /** As `write`, of a delete in the place of frame n: it hides what frames below n wrote. @throws DbError */
  delete(number: number, tombstone: Tombstone): Promise<void> {
    return this.#writePath.storeFromPeer(this.#replica, sealFrame(encodeTombstone(SHARD, tombstone), stampOf(number)));
  }

  /** As `delete`, in a coordinator's message. @returns the code of the refusal */
  async deleteByMessage(number: number, tombstone: Tombstone): Promise<ErrorCode | undefined> {
    const payload = encode('shardWrite', { epoch: 1, incarnation: 1, number, traceParent: undefined }, sealFrame(encodeTombstone(SHARD, tombstone), stampOf(number)));
    const replyTo = this.#bus.newInbox();
    const answered = new Promise<Uint8Array>((resolve) => this.#bus.subscribe(replyTo, (message) => resolve(message.payload)));
    await this.#writePath.onFrame(this.#replica, { subject: '', payload, replyTo });
    return decode(await answered, 'shardAck').header.refusal as ErrorCode | undefined;
  }

  /** The watermark passes all frames below n. */
  raiseWatermark(number: number): void {
    this.#replica.table.raiseWatermark(stampOf(number).version);
  }

  /**
   * Repair says that nothing below frame n comes any more, for an owner that has the frames up to `last`.
   * @returns whether this owner believes it
   */
  async hearOfWatermark(number: number, last: number): Promise<boolean> {
    const { wallMs, counter } = stampOf(number).version;
    const payload = encodeVectors([new Map([[1, [[1, last + 1]]]])]);
    const header = { shards: [SHARD], wallMs: [wallMs], counters: [counter] };
    const parts = { replicaOf: async () => this.#replica, onRaised: () => undefined };
    return (await takeWatermarks(parts, { kind: 'dataWatermark', header, payload })).header.shards.length > 0;
  }

  /** Versions of the file's chunks, in milliseconds; of the watermark as `S` and its own. */
  async versionsInFile(): Promise<readonly string[]> {
    const chunks = await this.#shardStore.readChunks(SHARD);
    const bytes = new ChunksAtHand({ replica: this.#replica, shardStore: this.#shardStore });
    await bytes.fetchHeaders(chunks);
    return chunks.map(({ chunkId }) => bytes.header(chunkId)!.maxVersion).map(({ wallMs, incarnation }) => `${incarnation === 0 ? 'S' : ''}${wallMs}`);
  }

  /** Whether it has frame n, or has ended it. */
  has(number: number): boolean {
    return hasMutation(this.#replica.table.vector, 1, number);
  }

  /** Frames that are in no chunk, and rows that the journal still has. */
  get unflushedCount(): { readonly frames: number; readonly rows: number } {
    const { table, journalIndex } = this.#replica;
    return { frames: table.lastSeq - table.flushedSeq, rows: journalIndex.rowCount };
  }

  get tombstoneCount(): number {
    return this.#replica.table.tombstoneCount;
  }

  /** @throws DbError */
  flush(): Promise<void> {
    return flushShard({ ...PORTS, journal: this.#journal, shardStore: this.#shardStore }, this.#replica);
  }

  /** @returns whether there was something to merge. @throws DbError */
  merge(): Promise<boolean> {
    return mergeShard({ ...PORTS, journal: this.#journal, shardStore: this.#shardStore, damage: new Damage({ ...PORTS, shardStore: this.#shardStore }) }, this.#replica);
  }

  /** Resolves when the storage threads have done what they do behind their answers, such as checkpoints. */
  async settle(): Promise<void> {
    await this.#journal.extents();
    await this.#shardStore.shards();
  }

  /** What a query would see. @throws DbError */
  async cells(): Promise<Cells> {
    const from = { replica: this.#replica, shardStore: this.#shardStore };
    const cells = new Map<string, number>();
    for (const series of this.#replica.table.series('disk', { kind: 'all' })) {
      const [slice] = await readSeries(from, { seriesId: series.seriesId, range: WHOLE_RANGE, fields: new WantedFields(['number']) });
      const { offsetsNs, columns } = slice as SeriesSlice;
      const { column } = columns.find(({ name }) => name === 'number')!;
      for (const [row, offsetNs] of offsetsNs.entries()) cells.set(`${series.key} ${offsetNs}`, Number(valueAt(column, row)));
    }
    return cells;
  }

  /** Lanes that SHOW TAG VALUES … WHERE time names, by the shard's times `from` to `to`, both inclusive. @throws DbError */
  async lanesBetween(from: number, to: number): Promise<readonly string[]> {
    const source = seriesSource({ shardStore: this.#shardStore, cache: new ChunkCache(1_000_000) }, this.#replica, () => Promise.resolve());
    const lanes: string[] = [];
    for (const series of source.series('disk', { kind: 'all' })) {
      if (await source.hasPoint(series, { startNs: BigInt(from), endNs: BigInt(to) + 1n })) lanes.push(series.tags[0]![1]);
    }
    return lanes;
  }

  async close(): Promise<void> {
    await this.#journal.close();
    await this.#shardStore.close();
  }
}

/** What is wrong with cells after some frames were asked for and some of these acknowledged; nothing when all is well. */
export function problemsOf(cells: Cells, { asked, acked }: { readonly asked: readonly number[]; readonly acked: readonly number[] }): string[] {
  const problems: string[] = [];
  for (const key of LANES.map((lane) => keyOf(lane))) {
    for (let time = 0; time < TIME_COUNT; time += 1) {
      const ofCell = (numbers: readonly number[]): number[] => numbers.filter((number) => number % TIME_COUNT === time);
      const found = cells.get(`${key} ${time}`) ?? 0;
      const least = Math.max(0, ...ofCell(acked));
      if (found < least) problems.push(`${key} ${time}: ${found} is there, ${least} was acknowledged`);
      if (found !== 0 && !asked.includes(found)) problems.push(`${key} ${time}: ${found} was never asked for`);
      if (found !== 0 && found % TIME_COUNT !== time) problems.push(`${key} ${time}: ${found} belongs elsewhere`);
    }
  }
  if (cells.size > LANES.length * TIME_COUNT) problems.push(`${cells.size} cells`);
  return problems;
}

function keyOf(lane: string): string {
  return seriesKey('disk', [['lane', lane]]);
}

function frameOf(number: number): Uint8Array {
  const text = LARGE_FRAMES.has(number) ? PADDING : '';
  const rowCount = LANES.length;
  const table = {
    measurement: 'disk',
    rowCount,
    seriesIndexes: Uint32Array.from(LANES.keys()),
    times: { ms: new Float64Array(rowCount), subNs: new Int32Array(rowCount).fill(number % TIME_COUNT) },
    lineIndexes: Uint32Array.from(LANES.keys()),
    columns: [
      { name: 'number', column: { type: 'integer', values: new Float64Array(rowCount).fill(number) } as const },
      { name: 'text', column: { type: 'string', values: LANES.map((lane) => `${lane}${number}${text}`) } as const },
    ],
  };
  const slice = { shard: SHARD, startNs: 0n, tables: [{ table, rowIndexes: undefined }], series: LANES.map((lane) => ({ key: keyOf(lane), measurement: 'disk' })) };
  const [frame] = encodeFrames(slice, () => stampOf(number));
  return frame!;
}

function stampOf(number: number): FrameStamp {
  return { mutation: { incarnation: 1, shard: SHARD, number }, version: { wallMs: number, counter: 0, incarnation: 1 } };
}
