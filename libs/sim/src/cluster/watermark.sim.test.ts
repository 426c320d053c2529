import type { Coordinator } from '@varve/coordinator-service';
import type { Service } from '@varve/kit';
import type { WriteLevel } from '@varve/model';
import { metrics as names } from '@varve/telemetry';
import type { Bus } from '@varve/ports';
import { expect, test } from 'vitest';
import { busWith } from '../bus-with.ts';
import { CALM_NETWORK, SimNetwork } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, Workload, writeRequest } from '../workload.ts';
import { REPLICA_COUNT, SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';

// Methodology: a calm cluster that is written to all the time, through both coordinators. Watermarks are counted as owners take
// them. One process is killed for a while: from a moment later on none may move, however long it takes, and all go on when
// it is back. At the end all owners must answer alike, and no frame may have come late. Random troubles are in cluster.sim.test.ts.
class World {
  readonly scheduler: SimScheduler;
  readonly cluster: SimCluster;
  readonly #workload: Workload;

  /** Questions to owners for what they have, and those that did not wait for what repair nodes hold: asked at the very same time. */
  readonly asked = { count: 0, tooEarlyCount: 0 };
  #heldAskedMs = -1;

  constructor(seed: number) {
    this.scheduler = new SimScheduler({ seed });
    this.cluster = new SimCluster(this.scheduler, new SimNetwork(this.scheduler, CALM_NETWORK), { repairBus: (bus) => this.#watched(bus) });
    this.#workload = new Workload(this.scheduler.prngOf('workload'));
  }

  async start(): Promise<void> {
    const { cluster, scheduler } = this;
    await scheduler.runUntilSettled(cluster.start());
    await this.until('all serve', () => cluster.nodes.every(({ service }) => service !== undefined) && cluster.isServing && cluster.dataNodeIds().length === REPLICA_COUNT);
    await scheduler.runUntilSettled(runStatement(this.#gateway(0), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${REPLICA_COUNT} SHARD DURATION 1d`));
  }

  /** How often a watermark moved while all shards are written to. */
  async movesWhileWriting(seconds: number, level: WriteLevel): Promise<number> {
    const before = this.#moves;
    for (let write = 0; write < 4 * seconds; write += 1) {
      await this.scheduler.runUntilSettled(this.#gateway(write).writePoints(writeRequest(this.#workload.next().lines, level)));
      await this.scheduler.runFor(250);
    }
    return this.#moves - before;
  }

  async until(what: string, isTrue: () => boolean): Promise<void> {
    for (let second = 0; !isTrue(); second += 1) {
      expect(second, `seconds waited until ${what}`).toBeLessThan(60);
      await this.scheduler.runFor(1_000);
    }
  }

  async expectEqualAnswers(): Promise<void> {
    await this.until('all owners serve', () => this.cluster.isServing);
    const texts: string[] = [];
    for (const node of this.cluster.dataNodeIds()) {
      const { cells, failure } = await this.scheduler.runUntilSettled(readCells(this.#gateway(0), node));
      expect(failure).toBeUndefined();
      texts.push(JSON.stringify([...cells].map(([cell, value]) => `${cell}=${String(value)}`).sort()));
    }
    expect(new Set(texts).size).toBe(1);
    expect([this.cluster.metrics.sumOf(names.framesLate), this.cluster.fatal]).toEqual([0, []]);
  }

  #watched(bus: Bus): Bus {
    return busWith(bus, {
      request: (subject, payload, timeoutMs) => {
        if (subject.endsWith('.held')) this.#heldAskedMs = this.scheduler.nowMs;
        if (subject.endsWith('.vectors')) {
          this.asked.count += 1;
          if (this.scheduler.nowMs === this.#heldAskedMs) this.asked.tooEarlyCount += 1;
        }
        return bus.request(subject, payload, timeoutMs);
      },
    });
  }

  get #moves(): number {
    return this.cluster.metrics.sumOf(names.watermarksTaken);
  }

  #gateway(turn: number): Coordinator {
    const alive = this.cluster.coordinators.flatMap(({ service }) => service ?? []);
    return alive[turn % alive.length]!;
  }
}

const killed: Readonly<Record<string, (cluster: SimCluster) => readonly SimNode<Service>[]>> = {
  'an owner': ({ datas }) => [datas[1]!],
  'a coordinator': ({ coordinators }) => [coordinators[1]!],
  'the repair node': ({ repairs }) => repairs,
  'the meta quorum': ({ metas }) => metas.slice(0, 2),
};

test.each(Object.entries(killed))('S5: watermarks move while all are up, stand still without %s, and go on when it is back', async (_name, nodesOf) => {
  const world = new World(5);
  await world.start();
  await world.movesWhileWriting(10, 'all');
  expect(await world.movesWhileWriting(20, 'all'), 'three shards of three owners, every five seconds').toBeGreaterThan(18);

  const nodes = nodesOf(world.cluster);
  for (const node of nodes) node.kill();
  await world.movesWhileWriting(6, 'quorum'); // A round may have been under way.
  expect(await world.movesWhileWriting(30, 'quorum'), 'while it is down').toBe(0);

  for (const node of nodes) node.start();
  await world.until('they serve', () => nodes.every(({ service }) => service !== undefined) && world.cluster.isServing);
  await world.movesWhileWriting(15, 'quorum');
  expect(await world.movesWhileWriting(20, 'quorum'), 'when it is back').toBeGreaterThan(18);
  await world.expectEqualAnswers();
});

test('S4, X11: repair nodes have said what they hold before owners are asked what they have', async () => {
  const world = new World(7);
  await world.start();
  await world.movesWhileWriting(12, 'all');
  expect([world.asked.count > 0, world.asked.tooEarlyCount]).toEqual([true, 0]);
});

test('a shard in which nothing happens is told its watermark now and then only', async () => {
  const world = new World(6);
  await world.start();
  await world.movesWhileWriting(5, 'all');
  await world.scheduler.runFor(15_000);
  const before = world.cluster.metrics.sumOf(names.watermarksTaken);
  await world.scheduler.runFor(600_000);
  const moves = world.cluster.metrics.sumOf(names.watermarksTaken) - before;
  expect(moves).toBeGreaterThan(0);
  expect(moves, 'ten minutes, three shards of three owners').toBeLessThanOrEqual(10 * 9);
});
