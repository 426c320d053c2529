import type { Coordinator } from '@varve/coordinator-service';
import { CALM_NETWORK, SimNetwork } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, runStatement } from '../workload.ts';
import { REPLICA_COUNT, SimCluster, type ClusterSeams } from './sim-cluster.ts';

/** So many seconds of the simulator something may take on a calm network. */
const WAIT_SECONDS_MAX = 60;

/** A cluster on a calm network, for tests that make their troubles themselves. */
export interface CalmCluster {
  readonly scheduler: SimScheduler;
  readonly cluster: SimCluster;
  /** The coordinator as it runs now; the first by default. */
  gateway(at?: number): Coordinator;
  /** Waits, a second at a time. @throws Error when it takes too long */
  until(isSo: () => boolean): Promise<void>;
  /** Until all processes run and every owner serves. @throws Error when it takes too long */
  untilServing(): Promise<void>;
}

export interface CalmClusterOptions {
  readonly seed: number;
  readonly seams?: Partial<ClusterSeams>;
  readonly limits?: ConstructorParameters<typeof SimCluster>[3];
  /** Of the database that is made, with shards of a day. Absent: none is. */
  readonly replicaCount?: number;
}

/** Starts a cluster and waits until it serves. */
export async function startCalmCluster({ seed, seams = {}, limits = {}, replicaCount }: CalmClusterOptions): Promise<CalmCluster> {
  const scheduler = new SimScheduler({ seed });
  const cluster = new SimCluster(scheduler, new SimNetwork(scheduler, CALM_NETWORK), seams, limits);
  const gateway = (at = 0): Coordinator => cluster.coordinators[at]!.service!;
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let second = 0; !isSo(); second += 1) {
      if (second >= WAIT_SECONDS_MAX) throw new Error(`not within ${WAIT_SECONDS_MAX} s: ${String(isSo)}`);
      await scheduler.runFor(1_000);
    }
  };
  const untilServing = (): Promise<void> => until(() => cluster.nodes.every(({ service }) => service !== undefined) && cluster.isServing && cluster.dataNodeIds().length === REPLICA_COUNT);
  await scheduler.runUntilSettled(cluster.start());
  await untilServing();
  if (replicaCount !== undefined) await scheduler.runUntilSettled(runStatement(gateway(), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${replicaCount} SHARD DURATION 1d`));
  return { scheduler, cluster, gateway, until, untilServing };
}
