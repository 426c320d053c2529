import type { Coordinator } from '@varve/coordinator-service';
import type { WriteLevel } from '@varve/model';
import type { QueryRequest } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, writeRequest } from '../workload.ts';
import { SimCluster } from './sim-cluster.ts';

// Methodology: three data nodes, one to three copies: three shards, or one that is all of its group. Series are written, an owner
// is killed so that it misses writes and hints wait for it, a shard is dropped through one coordinator while writes go on
// through the other; then the owner comes back with what it has on its disk. Every value is written once only.
const SEED_COUNT = 12;
const SERIES_COUNT = 24;
const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 10, lossProbability: 0.01, duplicateProbability: 0.03, reorderProbability: 0.05 };
const START_MS_MAX = 20_000;
const HEAL_MS = 40_000;

class Run {
  readonly #scheduler: SimScheduler;
  readonly #network: SimNetwork;
  readonly #cluster: SimCluster;
  readonly copyCount: number;
  #round = 0;

  constructor(seed: number) {
    this.copyCount = 1 + (seed % 3);
    this.#scheduler = new SimScheduler({ seed });
    this.#network = new SimNetwork(this.#scheduler, CALM_NETWORK);
    this.#cluster = new SimCluster(this.#scheduler, this.#network);
  }

  async start(): Promise<void> {
    await this.settled(this.#cluster.start());
    await this.untilAllServe();
    await this.settled(runStatement(this.gateway(0), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${this.copyCount} SHARD DURATION 1d`));
  }

  gateway(at: 0 | 1): Coordinator {
    return this.#cluster.coordinators[at]!.service!;
  }

  settled<Value>(promise: Promise<Value>): Promise<Value> {
    return this.#scheduler.runUntilSettled(promise);
  }

  runFor(delayMs: number): Promise<void> {
    return this.#scheduler.runFor(delayMs);
  }

  get isFaulty(): boolean {
    return this.#network.faults === FAULTY;
  }

  set isFaulty(isFaulty: boolean) {
    this.#network.faults = isFaulty ? FAULTY : CALM_NETWORK;
  }

  /** A field of its own for each round, in each series. */
  write(at: 0 | 1, level: WriteLevel = 'any'): Promise<number> {
    this.#round += 1;
    const round = this.#round;
    const lines = Array.from({ length: SERIES_COUNT }, (_, series) => `m,s=${series} r${round}=${round}i 1`);
    return this.gateway(at).writePoints(writeRequest(lines.join('\n'), level)).then(() => round, () => -round);
  }

  /** Series of which the round is there. */
  async seriesOf(round: number): Promise<readonly number[]> {
    const { cells, failure } = await this.settled(readCells(this.gateway(0)));
    expect(failure).toBeUndefined();
    const found = [...cells.entries()].filter(([, value]) => Number(value) === round).map(([cell]) => Number(/^m,s=(\d+)/.exec(cell)![1]));
    return found.sort((left, right) => left - right);
  }

  /** Ids of all shards, by SHOW SHARDS. */
  async shards(): Promise<readonly number[]> {
    const rows: number[] = [];
    const request: QueryRequest = { text: 'SHOW SHARDS', database: undefined, retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: 0n, isReadOnlyMethod: false, chunkRowCount: 1_000, signal: new AbortController().signal };
    for await (const item of this.gateway(0).runQuery(request)) if (item.kind === 'rows') rows.push(...(item.cells[0] as number[]));
    return rows;
  }

  /** Kills a data node, or nobody where each has what nobody else has. */
  kill(): void {
    if (this.copyCount > 1) this.#cluster.datas[1]!.kill();
  }

  async untilAllServe(): Promise<void> {
    const { datas, coordinators, repairs } = this.#cluster;
    for (const node of datas) node.start();
    const isUp = (): boolean => [...datas, ...coordinators, ...repairs].every(({ service }) => service !== undefined) && this.#cluster.dataNodeIds().length === datas.length && this.#cluster.isServing;
    for (let waitedMs = 0; !isUp(); waitedMs += 100) {
      if (waitedMs >= START_MS_MAX) throw new Error(`some process does not serve after ${START_MS_MAX} ms`);
      await this.runFor(100);
    }
    expect(this.#cluster.fatal).toEqual([]);
  }
}

test.each(seeds(SEED_COUNT))('C35: what was in a dropped shard does not come back, the rest stays, and new points are there (seed %i)', async (seed) => {
  const run = new Run(seed);
  await run.start();
  const first = await run.settled(run.write(0, 'all'));
  const all = await run.seriesOf(first);
  expect(all).toHaveLength(SERIES_COUNT);
  const shards = await run.settled(run.shards());
  expect(shards).toHaveLength(run.copyCount === 3 ? 1 : 3);

  run.isFaulty = true;
  run.kill();
  const missed = await run.settled(run.write(1));
  const underWay = run.write(1);
  await run.settled(runStatement(run.gateway(0), `DROP SHARD ${shards[0]!}`));
  await run.settled(underWay);
  await run.runFor(2_000);
  const after = Math.abs(await run.settled(run.write(1)));
  run.isFaulty = false;
  await run.untilAllServe();
  await run.runFor(HEAL_MS);

  const kept = await run.seriesOf(first);
  const gone = all.filter((series) => !kept.includes(series));
  expect(gone.length).toBeGreaterThan(0);
  expect(gone.length === SERIES_COUNT).toBe(run.copyCount === 3);
  if (missed > 0) expect(await run.seriesOf(missed)).toEqual(kept);
  expect(await run.settled(run.shards())).not.toContain(shards[0]);
  const last = await run.settled(run.write(0, 'all'));
  expect(await run.seriesOf(last)).toEqual(all);
  expect((await run.seriesOf(after)).filter((series) => kept.includes(series))).toEqual(kept);
});
