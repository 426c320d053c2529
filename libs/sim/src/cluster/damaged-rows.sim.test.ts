import { LIMITS } from '@varve/config';
import { frameHeader } from '@varve/frame';
import { decodeVector, encodeVector } from '@varve/model';
import type { DamagedJournalRow, Journal, JournalRow } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { CellModel } from '../cell-model.ts';
import { journalWith } from '../journal-with.ts';
import { shardStoreWith } from '../shard-store-with.ts';
import { CALM_NETWORK, SimNetwork } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, Workload, writeRequest } from '../workload.ts';
import { REPLICA_COUNT, SimCluster, type ClusterSeams } from './sim-cluster.ts';

// Methodology: three owners take frames. One is killed before it has flushed them, and some rows of its journal have changed when it comes
// back: each time others, at random places. What they were must come from the other owners, and until then nobody may be answered without it.

/** Of a node's journal: rows by their mutation. */
type Damage = (mutation: string) => boolean;

class World {
  readonly scheduler: SimScheduler;
  readonly cluster: SimCluster;
  readonly model = new CellModel();
  /** By node. */
  readonly damage = new Map<string, Damage>();
  readonly #workload: Workload;

  constructor(seed: number, bug: Partial<ClusterSeams> = {}) {
    this.scheduler = new SimScheduler({ seed });
    this.#workload = new Workload(this.scheduler.prngOf('workload'));
    const journal = (real: Journal, node: string): Journal => journalWith(real, { read: (shard, afterSeq) => this.#reading(real.read(shard, afterSeq), node) });
    this.cluster = new SimCluster(this.scheduler, new SimNetwork(this.scheduler, CALM_NETWORK), { journal, coordinatorBus: (bus) => this.model.tap(bus), ...bug });
  }

  async start(): Promise<void> {
    await this.scheduler.runUntilSettled(this.cluster.start());
    await this.until(() => this.cluster.coordinators.every(({ service }) => service !== undefined) && this.isWhole);
    await this.scheduler.runUntilSettled(runStatement(this.gateway, `CREATE DATABASE ${DATABASE} WITH REPLICATION ${REPLICA_COUNT} SHARD DURATION 1d`));
  }

  async write(batchCount: number, level: 'all' | 'quorum'): Promise<void> {
    for (let batch = 0; batch < batchCount; batch += 1) {
      const { lines, cells } = this.#workload.next();
      this.model.intend(cells);
      await this.scheduler.runUntilSettled(this.gateway.writePoints(writeRequest(lines, level)));
      this.model.acknowledge(cells);
      await this.scheduler.runFor(50); // Memtables are small.
    }
  }

  /** Starts the first data node again; some of what only its journal has is damaged. */
  async restartDamaged(others: readonly string[]): Promise<void> {
    const prng = this.scheduler.prngOf('damage');
    const chosen = new Map<string, boolean>();
    const isDamaged: Damage = (mutation) => {
      if (!chosen.has(mutation)) chosen.set(mutation, prng.chance(0.3));
      return chosen.get(mutation)!;
    };
    for (const node of ['data1', ...others]) this.damage.set(node, isDamaged);
    const { [0]: first } = this.cluster.datas;
    first!.start();
    while (first!.service === undefined) await this.scheduler.runFor(1); // No longer: it heals soon.
  }

  get gateway(): NonNullable<SimCluster['coordinators'][number]['service']> {
    return this.cluster.coordinators[0]!.service!;
  }

  get isWhole(): boolean {
    return this.cluster.datas.every(({ service }) => service !== undefined) && this.cluster.isServing && this.cluster.dataNodeIds().length === REPLICA_COUNT;
  }

  /** What is wrong with the answer of any owner, or of one as it is. */
  async problems(node?: number): Promise<readonly string[]> {
    const { cells, failure } = await this.scheduler.runUntilSettled(readCells(this.gateway, node));
    return [...(failure === undefined ? [] : [failure]), ...this.model.problemsOf(cells), ...this.cluster.fatal.map(String)];
  }

  get problemsOfNode(): readonly string[] {
    return this.cluster.datas[0]!.service!.problems();
  }

  async until(isSo: () => boolean): Promise<void> {
    for (let second = 0; !isSo(); second += 1) {
      expect(second, 'seconds waited').toBeLessThan(90);
      await this.scheduler.runFor(1_000);
    }
  }

  async *#reading(rows: AsyncIterable<JournalRow | DamagedJournalRow>, node: string): AsyncGenerator<JournalRow | DamagedJournalRow> {
    for await (const row of rows) {
      const { incarnation, number } = frameHeader(row.frame!).mutation;
      const isDamaged = this.damage.get(node)?.(`${row.shard} ${incarnation}/${number}`) === true;
      yield isDamaged ? { shard: row.shard, seq: row.seq, frame: undefined, damage: `row ${row.seq} of ${node} is damaged` } : row;
    }
  }
}

/** One owner was killed with frames that nobody has flushed, and then missed some. */
async function killed(seed: number, bug?: Partial<ClusterSeams>): Promise<World> {
  const world = new World(seed, bug);
  await world.start();
  await world.write(20, 'all');
  world.cluster.datas[0]!.kill();
  await world.write(5, 'quorum');
  return world;
}

/** Problems of all answers from the restart on. */
async function healed(world: World, others: readonly string[]): Promise<readonly string[]> {
  await world.restartDamaged(others);
  const early = await world.problems();
  await world.until(() => world.isWhole);
  const late: string[] = [];
  for (const node of world.cluster.dataNodeIds()) late.push(...(await world.problems(node)));
  return [...early, ...late];
}

test('Y9, Y10: over 20 seeds a shard goes on without damaged rows of its journal, and has their frames from other owners before it serves', async () => {
  let lackingCount = 0;
  for (const seed of seeds(20)) {
    const world = await killed(seed);
    await world.restartDamaged([]);
    if (world.problemsOfNode.some((text) => /^shard \d+, .* lacks \d+ frames here, whose rows in the journal are damaged/.test(text))) lackingCount += 1;
    expect(await healed(world, []), `seed ${seed}`).toEqual([]);
    expect(world.problemsOfNode, 'it lacks nothing any more').toEqual([]);
    world.cluster.datas[0]!.kill();
    expect(await healed(world, []), `seed ${seed}, again`).toEqual([]);
  }
  expect(lackingCount).toBeGreaterThan(5);
});

test('Y11: an owner whose own row is damaged hands out all others, and another one is asked for it', async () => {
  for (const seed of seeds(10)) {
    const world = await killed(seed);
    expect(await healed(world, ['data2']), `seed ${seed}`).toEqual([]);
    expect(world.cluster.metrics.sumOf('storage.damage', 'row')).toBeGreaterThan(0);
  }
});

test('Y10: while nobody can bring a frame the replica does not serve, says so, and others answer', async () => {
  const world = await killed(2);
  await world.restartDamaged(['data2', 'data3']);
  await world.scheduler.runFor(120_000);
  expect(world.isWhole).toBe(false);
  expect(world.problemsOfNode).toContainEqual(expect.stringContaining('whose rows in the journal are damaged'));
  expect(await world.problems()).toEqual([]);
  await world.write(5, 'all');
  expect(await world.problems()).toEqual([]);
});

test('Y10: a replica that lacks a frame waits for the owner that may have it, however long that is silent', async () => {
  const world = new World(4);
  await world.start();
  const [first, second, third] = world.cluster.datas;
  second!.kill();
  await world.write(8, 'quorum');
  for (const node of [first!, third!, world.cluster.repairs[0]!]) node.kill(); // The hints for the second one are on the repair node.
  second!.start();
  await world.restartDamaged([]);
  await world.scheduler.runFor(10 * LIMITS.joiningTimeoutMs);
  expect(world.problemsOfNode).toContainEqual(expect.stringContaining('whose rows in the journal are damaged'));
  third!.start();
  await world.until(() => world.isWhole);
  expect(world.problemsOfNode).toEqual([]);
  expect(await world.problems(world.cluster.dataNodeIds()[0])).toEqual([]);
});

test('the planted bug "a file claims the damaged rows that it passes over" is caught', async () => {
  const claiming: Partial<ClusterSeams> = {
    shardStore: (store) =>
      shardStoreWith(store, {
        commit: (shard, change) => {
          const isPassOver = change.chunks.length === 0 && change.removedChunkIds.length === 0 && change.removedTombstoneSeqs.length === 0;
          const vector = new Map(Array.from(decodeVector(change.state.vector), ([incarnation, intervals]) => [incarnation, [[1, intervals.at(-1)![1] + 1]]] as const));
          return store.commit(shard, isPassOver ? { ...change, state: { ...change.state, vector: encodeVector(vector) } } : change);
        },
      }),
  };
  let caughtCount = 0;
  for (const seed of seeds(5)) if ((await healed(await killed(seed, claiming), [])).length > 0) caughtCount += 1;
  expect(caughtCount).toBeGreaterThan(0);
});
