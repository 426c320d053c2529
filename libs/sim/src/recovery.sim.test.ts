import { DbError } from '@varve/base';
import { compareVersions, NO_WATERMARK, type ShardId, type Version } from '@varve/model';
import type { Journal, ShardState, ShardStore } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { CellModel } from './cell-model.ts';
import { journalWith } from './journal-with.ts';
import { shardStoreWith } from './shard-store-with.ts';
import { SimEmbedded, type EmbeddedSeams, type SeamFilter } from './sim-embedded.ts';
import { CALM_NETWORK } from './sim-network.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { DATABASE, readCells, runStatement, Workload, writeRequest } from './workload.ts';

// Methodology: three shards get rows until their files have a watermark, and then more rows that nothing flushes. The next starts have
// so little memory that they flush on the way. They are killed at random moments of it, or their store has no space for a while; the
// last one is calm. Then every acknowledged value must be there, no file's watermark may have gone back, and no replays may have run far
// ahead of their files together.

const SEED_COUNT = 25;
const CRASH_COUNT = 4;
/** Room for some five rows of the journal. */
const SMALL = { memtableSizeBytesMax: 4_000, flushAgeMsMax: 500 };
const LARGE = { memtableSizeBytesMax: 10_000_000, flushAgeMsMax: 1_000_000 };
/** Rows of a journal that replays may be ahead of their files, those that have ended included: what may be in memory, about. */
const AHEAD_ROW_COUNT_MAX = 12;

class World {
  readonly problems: string[] = [];
  /** Flushes on the way that ended, and crashes that cut one off. */
  flushCount = 0;
  cutOffCount = 0;
  aheadRowCountMax = 0;
  hasSpace = true;
  /** Planted; counts from the next start on. */
  bug: SeamFilter = (seams) => seams;
  /** A replay of this start has read a row. */
  isReplaying = false;
  isUp = false;
  /** Rows that were read and that no file has, as shard and seq. */
  readonly unflushed: string[] = [];
  /** One of these, from the next start on. */
  damagedRow: string | undefined;
  readonly scheduler: SimScheduler;
  readonly #embedded: SimEmbedded;
  readonly #model = new CellModel();
  readonly #workload: Workload;
  /** The greatest that each file is known to have had. */
  readonly #watermarks = new Map<ShardId, Version>();

  constructor(seed: number) {
    this.scheduler = new SimScheduler({ seed });
    this.#workload = new Workload(this.scheduler.prngOf('workload'));
    this.#embedded = new SimEmbedded(this.scheduler, CALM_NETWORK, (seams) => {
      const { journal, shardStore, coordinatorBus, ...others } = this.bug(seams);
      return { ...others, ...this.#watched(journal, shardStore), coordinatorBus: this.#model.tap(coordinatorBus) };
    });
  }

  /** Rows that are in files with a watermark, and rows that only the journal has. */
  async fill(): Promise<void> {
    await this.start();
    await this.scheduler.runUntilSettled(runStatement(this.#embedded.gateway, `CREATE DATABASE ${DATABASE} WITH SHARD DURATION 1d`));
    await this.write(24, 500);
    this.kill();
    Object.assign(this.#embedded.memtables, LARGE);
    await this.start();
    await this.write(60, 0);
    this.kill();
    Object.assign(this.#embedded.memtables, SMALL);
  }

  async start(): Promise<void> {
    this.isUp = this.isReplaying = false;
    await this.scheduler.runUntilSettled(this.#embedded.start());
    this.isUp = true;
  }

  /** A start that comes to its end only when its replay is over so soon. */
  async startAndCrash(afterMs: number): Promise<void> {
    this.isUp = this.isReplaying = false;
    const { disk } = this.#embedded;
    disk.latencyMsMax = 40;
    void this.#embedded.start().then(() => (this.isUp = true));
    while (!this.isReplaying) await this.scheduler.runFor(1);
    await this.scheduler.runFor(afterMs);
    const { length } = disk.interruptedWrites;
    this.kill();
    if (disk.interruptedWrites.slice(length).some(({ what }) => what.startsWith('shards commit'))) this.cutOffCount += 1;
    disk.latencyMsMax = 2;
  }

  kill(): void {
    this.#embedded.kill();
  }

  async write(batchCount: number, pauseMs: number): Promise<void> {
    for (let batch = 0; batch < batchCount; batch += 1) {
      const { lines, cells } = this.#workload.next();
      this.#model.intend(cells);
      await this.scheduler.runUntilSettled(this.#embedded.gateway.writePoints(writeRequest(lines)));
      this.#model.acknowledge(cells);
      await this.scheduler.runFor(pauseMs);
    }
  }

  async check(): Promise<void> {
    const { failure, losses } = await this.read();
    this.problems.push(...(failure === undefined ? [] : [failure]), ...losses);
  }

  async read(): Promise<{ readonly failure: string | undefined; readonly losses: readonly string[] }> {
    const { cells, failure } = await this.scheduler.runUntilSettled(readCells(this.#embedded.gateway));
    return { failure, losses: [...this.#model.problemsOf(cells), ...this.#embedded.fatal.map(String)] };
  }

  /** Of one start: what its shards read and commit. */
  #watched(journal: Journal, shardStore: ShardStore): Pick<EmbeddedSeams, 'journal' | 'shardStore'> {
    const flushedSeqs = new Map<ShardId, number>();
    const readSeqs = new Map<ShardId, number>();
    const read: Journal['read'] = (shard, afterSeq) => this.#reading(journal.read(shard, afterSeq), flushedSeqs, readSeqs);
    const readState: ShardStore['readState'] = async (shard) => {
      const state = await shardStore.readState(shard);
      this.#see(shard, state);
      flushedSeqs.set(shard, state.flushedSeq);
      return state;
    };
    const commit: ShardStore['commit'] = async (shard, change) => {
      if (!this.hasSpace) throw new DbError('STORAGE_FULL', 'no space left');
      const chunkIds = await shardStore.commit(shard, change);
      this.#see(shard, change.state);
      flushedSeqs.set(shard, change.state.flushedSeq);
      if (!this.isUp && this.isReplaying) this.flushCount += 1;
      return chunkIds;
    };
    return { journal: journalWith(journal, { read }), shardStore: shardStoreWith(shardStore, { readState, commit }) };
  }

  #see(shard: ShardId, { watermark }: ShardState): void {
    const before = this.#watermarks.get(shard) ?? NO_WATERMARK;
    if (compareVersions(watermark, before) < 0) this.problems.push(`the watermark of shard ${shard} has gone back`);
    else this.#watermarks.set(shard, watermark);
  }

  async *#reading(rows: ReturnType<Journal['read']>, flushedSeqs: ReadonlyMap<ShardId, number>, readSeqs: Map<ShardId, number>): ReturnType<Journal['read']> {
    for await (const row of rows) {
      const { shard, seq } = row;
      const name = `row ${seq} of shard ${shard}`;
      this.isReplaying = true;
      readSeqs.set(shard, seq);
      const aheadRowCounts = Array.from(readSeqs, ([each, readSeq]) => Math.max(0, readSeq - flushedSeqs.get(each)!));
      this.aheadRowCountMax = Math.max(this.aheadRowCountMax, aheadRowCounts.reduce((sum, count) => sum + count));
      if (seq > flushedSeqs.get(shard)!) this.unflushed.push(name);
      yield name === this.damagedRow ? { shard, seq, frame: undefined, damage: `${name} is damaged` } : row;
    }
  }
}

async function runCrashes(seed: number, bug?: SeamFilter): Promise<World> {
  const world = new World(seed);
  await world.fill();
  if (bug !== undefined) world.bug = bug;
  world.aheadRowCountMax = 0;
  const prng = world.scheduler.prngOf('crashes');
  for (let crash = 0; crash < CRASH_COUNT; crash += 1) await world.startAndCrash(prng.between(0, 150));
  await world.start();
  await world.check();
  return world;
}

test(`F2, F6, S6: over ${SEED_COUNT} seeds crashes while a journal is replayed and flushed lose nothing, and replays together need little memory`, async () => {
  const total = { flushCount: 0, cutOffCount: 0, aheadRowCountMax: 0 };
  for (const seed of seeds(SEED_COUNT)) {
    const world = await runCrashes(seed);
    expect(world.problems, `seed ${seed}`).toEqual([]);
    total.flushCount += world.flushCount;
    total.cutOffCount += world.cutOffCount;
    total.aheadRowCountMax = Math.max(total.aheadRowCountMax, world.aheadRowCountMax);
  }
  process.stdout.write(`flushes on the way: ${total.flushCount}, cut off by a crash: ${total.cutOffCount}, rows ahead: ${total.aheadRowCountMax}\n`);
  expect(Math.min(total.flushCount, total.cutOffCount)).toBeGreaterThan(SEED_COUNT / 4);
  expect(total.aheadRowCountMax).toBeLessThan(AHEAD_ROW_COUNT_MAX);
});

test('F5: a store without space keeps no shard from being opened; it is flushed once there is space', async () => {
  const world = new World(3);
  await world.fill();
  world.hasSpace = false;
  await world.start();
  await world.check();
  await expect(world.write(1, 0), 'there is more in memory than may be').rejects.toMatchObject({ code: 'WRITE_QUORUM_LOST' });
  world.hasSpace = true;
  await world.scheduler.runFor(120_000);
  await world.write(1, 3_000);
  world.kill();
  world.aheadRowCountMax = 0;
  await world.start();
  await world.check();
  expect(world.aheadRowCountMax, 'everything is in chunks').toBeLessThanOrEqual(0);
  expect(world.problems).toEqual([]);
});

test('F16: a bug in a flush on the way fails the start, also one that ends while the replay waits for rows', async () => {
  const world = new World(7);
  await world.fill();
  let commitCount = 0;
  world.bug = ({ journal, shardStore, ...others }) => {
    const read: Journal['read'] = async function* (shard, afterSeq) {
      for await (const row of journal.read(shard, afterSeq)) {
        await new Promise<void>((resolve) => world.scheduler.schedule(50, 'a row is read', resolve));
        yield row;
      }
    };
    const commit: ShardStore['commit'] = async (shard, change) => {
      commitCount += 1;
      if (commitCount === 1) throw new TypeError('a bug');
      return shardStore.commit(shard, change);
    };
    return { ...others, journal: journalWith(journal, { read }), shardStore: shardStoreWith(shardStore, { commit }) };
  };
  await expect(world.start()).rejects.toThrow('a bug');
});

test('Y9: a damaged row that cannot be passed over for lack of space costs its shard until the next start, and then its frame alone', async () => {
  const world = new World(5);
  await world.fill();
  world.hasSpace = false;
  await world.start();
  world.damagedRow = world.unflushed[10]!;
  world.kill();
  await world.start();
  expect((await world.read()).failure).toMatch(/shard (\d+) is damaged on this data node: rows (\d+) to \2 of shard \1 in the journal are damaged, and its file cannot be written without them: no space left/);
  world.kill();
  world.hasSpace = true;
  await world.start();
  const { failure, losses } = await world.read();
  expect(failure).toBeUndefined();
  expect(losses.length, 'cells of one write').toBeLessThanOrEqual(18);
  world.damagedRow = undefined; // The disk thinks better of it.
  world.kill();
  await world.start();
  expect((await world.read()).losses, 'it is over').toEqual(losses);
});

/** The store gets another state than it is given. */
const committing = (changed: (state: ShardState) => Partial<ShardState>): SeamFilter => (seams) => ({
  ...seams,
  shardStore: shardStoreWith(seams.shardStore, { commit: (shard, change) => seams.shardStore.commit(shard, { ...change, state: { ...change.state, ...changed(change.state) } }) }),
});

test.each([
  ['a flush on the way claims a row that comes behind it', committing(({ flushedSeq }) => ({ flushedSeq: flushedSeq + 1 }))],
  ['a flush on the way forgets the watermark', committing(() => ({ watermark: NO_WATERMARK }))],
])('the planted bug "%s" is caught', async (_name, bug) => {
  let caughtCount = 0;
  for (const seed of seeds(10)) if ((await runCrashes(seed, bug)).problems.length > 0) caughtCount += 1;
  expect(caughtCount).toBeGreaterThan(0);
});
