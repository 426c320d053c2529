import { DbError, type Prng } from '@varve/base';
import { Damage, flushShard, readSeries, Recovery, trimJournal, WantedFields, WritePath, type ShardReplica } from '@varve/data-shard-service/testing';
import * as upkeepTasks from '@varve/data-shard-service/upkeep-tasks';
import { encodeFrames } from '@varve/frame';
import { parseLines } from '@varve/line-protocol';
import { hasMutation, type SeriesSlice } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Journal, type ShardStore } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { journalWith } from './journal-with.ts';
import { shardStoreWith } from './shard-store-with.ts';
import { SimBackground } from './sim-background.ts';
import { SimClock, SimRandom } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimJournal } from './sim-journal.ts';
import { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { SimShardStore } from './sim-shard-store.ts';

// Methodology: one shard gets frames, and is flushed and trimmed now and then. Its process is killed, some rows of its journal change, at the
// front, at the end and in stretches, and starts follow that are killed behind one of their commits or have no space for some, until one comes
// through. Then the disk gives the right bytes again. In every life the shard must have exactly the frames that were in no damaged row.

const SEED_COUNT = 60;
const LIFE_COUNT = 6;
const SHARD = 1;
const INCARNATION = 1;

class World {
  readonly prng: Prng;
  readonly others: readonly number[];
  readonly damagedSeqs = new Set<number>();
  /** By frame: its row. */
  readonly seqs = new Map<number, number>();
  readonly lost = new Set<number>();
  /** Of this start: behind which of its commits it is killed, and how many have no space. */
  killAtCommit = Infinity;
  fullCount = 0;
  cutOffCount = 0;
  readonly #scheduler: SimScheduler;
  readonly #disk: SimDisk;
  #open!: { readonly process: SimProcess; readonly journal: Journal; readonly shardStore: ShardStore; readonly replica: ShardReplica; readonly flush: () => Promise<void>; readonly writePath: WritePath };

  constructor(seed: number) {
    this.#scheduler = new SimScheduler({ seed });
    this.#disk = new SimDisk(this.#scheduler, 'disk');
    this.prng = this.#scheduler.prngOf('damage');
    this.others = this.prng.chance(0.5) ? [2, 3] : [];
  }

  get replica(): ShardReplica {
    return this.#open.replica;
  }

  /** @returns why not, when it was not opened; undefined as well when it was killed meanwhile */
  async start(sizeBytesMax: number): Promise<{ readonly isOpen: boolean; readonly refusal?: DbError }> {
    const process = new SimProcess(this.#scheduler, 'data');
    const killed = new Promise<{ readonly isOpen: boolean }>((resolve) => process.onKill(() => resolve({ isOpen: false })));
    const journal = this.#damaged(new SimJournal(process, this.#disk));
    const shardStore = this.#failing(new SimShardStore(process, this.#disk), process);
    const quiet = { log: SILENT_LOG, metrics: SILENT_METRICS, tracer: SILENT_TRACER };
    const bus = new SimNetwork(this.#scheduler).connect(process);
    const ports = { ...quiet, bus, journal, shardStore, clock: new SimClock(process), random: new SimRandom(process), background: new SimBackground(process, upkeepTasks), onFatal: () => undefined };
    const recovery = new Recovery({ ...ports, damage: new Damage({ ...quiet, shardStore }) }, { sizeBytesMax, openSizeBytes: () => 0 });
    const opened = recovery.open({ shard: SHARD, range: { startNs: 0n, endNs: 1n }, others: this.others }, async ({ replica }) => {
      const writePath = new WritePath(ports, { id: 1, epochOf: () => 1, isOpen: () => true, fullness: () => 0, onInserted: () => undefined });
      this.#open = { process, journal, shardStore, replica, writePath, flush: () => flushShard(ports, replica) };
      return { isOpen: true };
    });
    return this.#scheduler.runUntilSettled(Promise.race([killed, opened.catch((refusal: DbError) => ({ isOpen: false, refusal }))]));
  }

  async write(number: number): Promise<void> {
    const { writePath, replica } = this.#open;
    this.seqs.set(number, replica.nextSeq);
    await this.#scheduler.runUntilSettled(writePath.storeFromPeer(replica, frameOf(number)));
  }

  async flush(): Promise<void> {
    await this.#scheduler.runUntilSettled(this.#open.flush());
  }

  /** The other owners have the frames below this one. */
  async trim(number: number): Promise<void> {
    const { journal, replica } = this.#open;
    await this.#scheduler.runUntilSettled(trimJournal(journal, replica, new Map([[INCARNATION, [[1, number]]]])));
  }

  /** Frames whose row a query sees. */
  async seen(): Promise<ReadonlySet<number>> {
    const numbers: number[] = [];
    for (const { seriesId } of this.replica.table.series('m', { kind: 'all' })) {
      const slices = await this.#scheduler.runUntilSettled(Promise.resolve(readSeries(this.#open, { seriesId, range: { startOffsetNs: 0, endOffsetNs: Infinity }, fields: new WantedFields(['f']) })));
      for (const slice of slices) numbers.push(...(slice as SeriesSlice).offsetsNs);
    }
    return new Set(numbers);
  }

  /** Kills the process; some rows are damaged, in chunks or not. */
  killAndDamage(): void {
    const { table: { flushedSeq, lastSeq } } = this.replica;
    this.#open.process.kill();
    const rate = this.prng.pick([0, 0.2, 0.9]);
    for (let seq = Math.max(1, flushedSeq - 5); seq <= lastSeq; seq += 1) if (this.prng.chance(rate)) this.damagedSeqs.add(seq);
    if (this.prng.chance(0.3)) this.damagedSeqs.add(lastSeq);
    for (const [number, seq] of this.seqs) if (seq > flushedSeq && this.damagedSeqs.has(seq)) this.lost.add(number);
  }

  #damaged(journal: Journal): Journal {
    const { damagedSeqs } = this;
    const read: Journal['read'] = async function* (shard, afterSeq) {
      for await (const row of journal.read(shard, afterSeq)) yield damagedSeqs.has(row.seq) ? { shard, seq: row.seq, frame: undefined, damage: `row ${row.seq} is damaged` } : row;
    };
    return journalWith(journal, { read });
  }

  #failing(shardStore: ShardStore, process: SimProcess): ShardStore {
    let commitCount = 0;
    const commit: ShardStore['commit'] = async (shard, change) => {
      commitCount += 1;
      if (commitCount <= this.fullCount) throw new DbError('STORAGE_FULL', 'no space left');
      const chunkIds = await shardStore.commit(shard, change);
      if (commitCount === this.killAtCommit) process.kill();
      return chunkIds;
    };
    return shardStoreWith(shardStore, { commit });
  }
}

function frameOf(number: number): Uint8Array {
  const { batch } = parseLines(new TextEncoder().encode(`m,s=${number % 3} f=${number}i ${number}`), { precision: 'n', nowNs: 0n });
  const tables = batch.tables.map((table) => ({ table, rowIndexes: undefined }));
  const stamp = { mutation: { incarnation: INCARNATION, shard: SHARD, number }, version: { wallMs: number, counter: 0, incarnation: INCARNATION } };
  return encodeFrames({ shard: SHARD, startNs: 0n, tables, series: batch.series }, () => stamp)[0]!;
}

/** Starts with crashes and without space, until one comes through. */
async function recovered(world: World): Promise<void> {
  const { prng } = world;
  for (;;) {
    world.killAtCommit = prng.chance(0.6) ? prng.between(1, 6) : Infinity;
    world.fullCount = prng.chance(0.2) ? prng.between(0, 2) : 0;
    const { isOpen, refusal } = await world.start(prng.pick([1_000, 1_000_000]));
    if (refusal !== undefined) expect(refusal).toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining('cannot be written without them: no space left') });
    else if (!isOpen) world.cutOffCount += 1;
    if (!isOpen) continue;
    world.killAtCommit = Infinity;
    world.fullCount = 0;
    return;
  }
}

test(`Y9: over ${SEED_COUNT} seeds exactly the frames of damaged rows are lost, wherever these are and whenever the start that passes over them ends`, async () => {
  const total = { lostCount: 0, cutOffCount: 0 };
  for (const seed of seeds(SEED_COUNT)) {
    const world = new World(seed);
    await world.start(1_000_000);
    let last = 0;
    for (let life = 0; life < LIFE_COUNT; life += 1) {
      for (let count = world.prng.between(0, 25); count > 0; count -= 1) await world.write((last += 1));
      if (world.prng.chance(0.2)) await world.flush();
      if (world.prng.chance(0.3)) await world.trim(world.prng.between(1, last + 1));
      world.killAndDamage();
      await recovered(world);
      world.damagedSeqs.clear();
      const { table, journalIndex, nextSeq } = world.replica;
      const seen = await world.seen();
      const wrong = [...world.seqs.keys()].filter((number) => [seen.has(number), hasMutation(table.vector, INCARNATION, number)].includes(world.lost.has(number)));
      expect(wrong, `frames, seed ${seed}, life ${life}`).toEqual([]);
      expect([table.lastSeq + 1, journalIndex.nextSeq], `rows, seed ${seed}, life ${life}`).toEqual([nextSeq, nextSeq]);
    }
    total.lostCount += world.lost.size;
    total.cutOffCount += world.cutOffCount;
  }
  expect(Math.min(total.lostCount, total.cutOffCount)).toBeGreaterThan(SEED_COUNT);
});
