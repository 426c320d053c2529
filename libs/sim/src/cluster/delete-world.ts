import type { Coordinator } from '@varve/coordinator-service';
import type { FieldValue, WriteLevel } from '@varve/model';
import { CALM_NETWORK, SimNetwork } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, writeRequest } from '../workload.ts';
import { REPLICA_COUNT, SimCluster, type ClusterSeams } from './sim-cluster.ts';

const WAIT_MS_MAX = 120_000;

/** A cluster with one database, told step by step what to do; what it is asked about are the values of each owner. */
export class DeleteWorld {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly cluster: SimCluster;

  private constructor(seed: number, seams: Partial<ClusterSeams>) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, CALM_NETWORK);
    this.cluster = new SimCluster(this.scheduler, this.network, seams);
  }

  /** Everything is up, and the feature level raised. */
  static async open(seed: number, seams: Partial<ClusterSeams> = {}): Promise<DeleteWorld> {
    const world = new DeleteWorld(seed, seams);
    await world.settled(world.cluster.start());
    await world.untilAllServe();
    await world.run(0, `CREATE DATABASE ${DATABASE} WITH REPLICATION ${REPLICA_COUNT} SHARD DURATION 1d`);
    await world.until('the feature level is raised', async () => (await world.problemOf(0, 'DROP MEASUREMENT m')) === undefined);
    return world;
  }

  coordinator(index: number): Coordinator {
    return this.cluster.coordinators[index]!.service!;
  }

  write(coordinator: number, lines: string, level: WriteLevel = 'quorum'): Promise<unknown> {
    return this.settled(this.coordinator(coordinator).writePoints(writeRequest(lines, level)));
  }

  run(coordinator: number, statement: string): Promise<void> {
    return this.settled(runStatement(this.coordinator(coordinator), statement));
  }

  /** What the statement was refused with; undefined: it was done. */
  problemOf(coordinator: number, statement: string): Promise<string | undefined> {
    return this.settled(runStatement(this.coordinator(coordinator), statement).then(() => undefined, (error: Error) => error.message));
  }

  /** Of each owner that can be asked: its values of a measurement, sorted. */
  async values(measurement = 'm', coordinator = 0): Promise<readonly (readonly FieldValue[])[]> {
    const answers: FieldValue[][] = [];
    for (const node of this.cluster.dataNodeIds()) {
      const { cells, failure } = await this.settled(readCells(this.coordinator(coordinator), node, measurement));
      if (failure === undefined) answers.push([...cells.values()].sort());
    }
    return answers;
  }

  async untilAllServe(): Promise<void> {
    const { cluster } = this;
    await this.until('all serve', async () => cluster.nodes.every(({ service }) => service !== undefined) && cluster.dataNodeIds().length === REPLICA_COUNT && cluster.isServing);
  }

  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const endMs = this.scheduler.nowMs + WAIT_MS_MAX;
    while (!(await isTrue())) {
      if (this.scheduler.nowMs >= endMs) throw new Error(`${what}: not within ${WAIT_MS_MAX} ms`);
      await this.runFor(200);
    }
  }

  async runFor(durationMs: number): Promise<void> {
    await this.scheduler.runFor(durationMs);
  }

  settled<Value>(promise: Promise<Value>): Promise<Value> {
    return this.scheduler.runUntilSettled(promise);
  }
}
