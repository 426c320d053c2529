import { DbError, type Prng } from '@varve/base';
import type { Coordinator } from '@varve/coordinator-service';
import { WRITE_LEVELS, type WriteLevel } from '@varve/model';
import type { WriteSummary } from '@varve/ports';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, writeRequest } from '../workload.ts';
import { SimCluster, type ClusterSeams } from './sim-cluster.ts';
import { Troubles } from './troubles.ts';

/** What a run came to. No problem: nothing that an owner had acked was dropped later, and the limit was kept where it can be. */
export interface SeriesLimitRun {
  readonly seed: number;
  readonly problems: readonly string[];
  /** Points that were dropped for the limit, and new series beyond it that were accepted in doubt or at a time. */
  readonly droppedCount: number;
  readonly excessCount: number;
}

/** Series of the shard group; writers want twice as many. */
export const SERIES_COUNT_MAX = 6;
const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 10, lossProbability: 0.01, duplicateProbability: 0.03, reorderProbability: 0.05 };
const WRITER_COUNT = 3;
const TROUBLE_COUNT = 4;
const START_MS_MAX = 20_000;
/** Until every hint is delivered and every owner serves. */
const HEAL_MS = 40_000;
/** A client gives up then: the process it asked is dead or paused. */
const CLIENT_TIMEOUT_MS = 10_000;

/** Writers of more series than the limit lets in, through both coordinators, while processes die and connections break; then all is mended. */
export async function runSeriesLimit(options: { readonly seed: number; readonly seams?: Partial<ClusterSeams> }): Promise<SeriesLimitRun> {
  const run = new Run(options);
  await run.run();
  return run.result();
}

class Run {
  readonly #seed: number;
  readonly #scheduler: SimScheduler;
  readonly #network: SimNetwork;
  readonly #cluster: SimCluster;
  readonly #troubles: Troubles;
  readonly #prng: Prng;
  readonly #problems: string[] = [];
  /** Series that an owner has acked a point of. */
  readonly #known = new Set<number>();
  #droppedCount = 0;
  #excessCount = 0;
  #pointCount = 0;
  #isWriting = true;

  constructor({ seed, seams }: { readonly seed: number; readonly seams?: Partial<ClusterSeams> }) {
    this.#seed = seed;
    this.#scheduler = new SimScheduler({ seed });
    this.#network = new SimNetwork(this.#scheduler, CALM_NETWORK);
    this.#cluster = new SimCluster(this.#scheduler, this.#network, seams, { seriesCountMax: SERIES_COUNT_MAX });
    this.#troubles = new Troubles(this.#scheduler, this.#network, this.#cluster, () => undefined);
    this.#prng = this.#scheduler.prngOf('run');
  }

  /** One to three copies: three copies are one shard on all nodes, fewer are three shards that share the room. */
  async run(): Promise<void> {
    await this.#settled(this.#cluster.start());
    await this.#untilAllServe();
    await this.#settled(runStatement(this.#gateway(), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${1 + (this.#seed % 3)} SHARD DURATION 1d`));
    await this.#fillCalmly();
    this.#network.faults = FAULTY;
    const writers = Array.from({ length: WRITER_COUNT }, () => this.#writeOn());
    for (let trouble = 0; trouble < TROUBLE_COUNT; trouble += 1) {
      this.#troubles.next();
      await this.#scheduler.runFor(this.#prng.between(100, 3_000));
    }
    this.#isWriting = false;
    await this.#scheduler.runFor(7_000); // What is broken now is mended by then.
    this.#network.faults = CALM_NETWORK;
    this.#troubles.mend();
    await this.#settled(Promise.all(writers));
    await this.#untilAllServe();
    await this.#scheduler.runFor(HEAL_MS);
    await this.#checkAtRest();
  }

  result(): SeriesLimitRun {
    const fatal = this.#cluster.fatal.map((error) => `a process ended itself: ${String(error)}`);
    return { seed: this.#seed, problems: [...this.#problems, ...fatal], droppedCount: this.#droppedCount, excessCount: this.#excessCount };
  }

  /** In one batch, half of it beyond the limit: it is cut there, whatever shards its series are in. */
  async #fillCalmly(): Promise<void> {
    const wanted = Array.from({ length: 2 * SERIES_COUNT_MAX }, (_, series) => series);
    const { dropped } = await this.#settled(this.#gateway().writePoints(this.#request(wanted, 'one')));
    if (dropped?.pointCount !== SERIES_COUNT_MAX) this.#problems.push(`${dropped?.pointCount} of ${wanted.length} points were dropped at a limit of ${SERIES_COUNT_MAX}`);
    for (const series of wanted.slice(0, SERIES_COUNT_MAX)) this.#known.add(series);
  }

  async #writeOn(): Promise<void> {
    while (this.#isWriting) {
      const gateway = this.#prng.pick(this.#cluster.coordinators).service;
      if (gateway !== undefined) await this.#write(gateway, this.#prng.between(0, 2 * SERIES_COUNT_MAX - 1), this.#prng.pick(WRITE_LEVELS));
      await this.#pauseFor(this.#prng.between(20, 180));
    }
  }

  /** SL3, SL4: what was known when the write began is not dropped. At level any a hint alone may have it. */
  async #write(gateway: Coordinator, series: number, level: WriteLevel): Promise<'written' | 'dropped' | 'failed'> {
    const wasKnown = this.#known.has(series);
    const summary = await this.#answerOf(gateway.writePoints(this.#request([series], level)));
    if (summary === undefined) return 'failed';
    if (summary.dropped !== undefined) {
      this.#droppedCount += summary.dropped.pointCount;
      if (wasKnown) this.#problems.push(`a point of series ${series} was dropped, which an owner had acked before`);
      return 'dropped';
    }
    if (level === 'any') return 'written';
    if (!this.#known.has(series)) this.#excessCount += 1;
    this.#known.add(series);
    return 'written';
  }

  /** All owners live and have all frames: what is there is known, nothing is in doubt, and there is no room. */
  async #checkAtRest(): Promise<void> {
    const stored = await this.#settled(this.#storedSeries());
    const lost = [...this.#known].filter((series) => !stored.has(series));
    if (lost.length > 0) this.#problems.push(`series ${lost.join(', ')} were acked and are not there`);
    for (const { service } of this.#cluster.coordinators) {
      for (let series = 0; series <= 2 * SERIES_COUNT_MAX; series += 1) {
        const outcome = await this.#settled(this.#write(service!, series, 'one'));
        const expected = stored.has(series) ? 'written' : 'dropped';
        if (outcome !== expected) this.#problems.push(`at rest a point of series ${series} was ${outcome}, not ${expected}`);
      }
    }
    const after = await this.#settled(this.#storedSeries());
    if (after.size !== stored.size) this.#problems.push(`at rest ${stored.size} series became ${after.size}`);
  }

  async #storedSeries(): Promise<ReadonlySet<number>> {
    const { cells, failure } = await readCells(this.#gateway());
    if (failure !== undefined) throw new Error(failure);
    return new Set([...cells.keys()].map((cell) => Number(/^m,s=(\d+)/.exec(cell)![1])));
  }

  #request(series: readonly number[], level: WriteLevel): ReturnType<typeof writeRequest> {
    this.#pointCount += 1;
    return writeRequest(series.map((each) => `m,s=${each} f=${this.#pointCount}i 1`).join('\n'), level);
  }

  /** undefined after a refusal, or when no answer comes in time. */
  async #answerOf(written: Promise<WriteSummary>): Promise<WriteSummary | undefined> {
    const answer = written.catch((error: unknown) => {
      if (!(error instanceof DbError) || !error.traits.retryable) throw error;
      return undefined;
    });
    return Promise.race([answer, this.#pauseFor(CLIENT_TIMEOUT_MS).then(() => undefined)]);
  }

  #gateway(): Coordinator {
    return this.#cluster.coordinators.find(({ service }) => service !== undefined)!.service!;
  }

  async #untilAllServe(): Promise<void> {
    const { datas, coordinators, repairs } = this.#cluster;
    const endMs = this.#scheduler.nowMs + START_MS_MAX;
    const isUp = (): boolean => [...datas, ...coordinators, ...repairs].every(({ service }) => service !== undefined) && this.#cluster.dataNodeIds().length === datas.length && this.#cluster.isServing;
    while (!isUp()) {
      if (this.#scheduler.nowMs >= endMs) throw new Error(`some process does not serve after ${START_MS_MAX} ms`);
      await this.#scheduler.runFor(100);
    }
  }

  #settled<Value>(promise: Promise<Value>): Promise<Value> {
    return this.#scheduler.runUntilSettled(promise);
  }

  #pauseFor(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.schedule(delayMs, 'a client waits', resolve));
  }
}
