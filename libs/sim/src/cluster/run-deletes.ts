import { DbError, type Prng } from '@varve/base';
import type { Coordinator } from '@varve/coordinator-service';
import { WRITE_LEVELS, type WriteLevel } from '@varve/model';
import { cellName, type Cells } from '../cell-model.ts';
import { DeleteModel, type Attempt } from '../delete-model.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, writeRequest } from '../workload.ts';
import { REPLICA_COUNT, SimCluster, type ClusterSeams } from './sim-cluster.ts';
import { Troubles } from './troubles.ts';

/** What a run came to. No problem: nothing that was deleted came back, nothing else vanished, and all replicas are equal. */
export interface DeletesRun {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly counts: { readonly written: number; readonly deleted: number; readonly failedDeletes: number; readonly dropped: number; readonly failedDrops: number };
}

const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 10, lossProbability: 0.01, duplicateProbability: 0.03, reorderProbability: 0.05 };
const DAY_NS = 86_400_000_000_000n;
const FIRST_DAY_NS = 20_454n * DAY_NS;
const START_MS_MAX = 20_000;
const HEAL_MS_MAX = 90_000;
/** A client gives up then: the process it asked is dead or paused. */
const CLIENT_TIMEOUT_MS = 15_000;
/** Clocks differ by up to 4 s and a lease of 10 s. */
const AFTER_FAILURE_MS = 20_000;
const TROUBLE_COUNT = 4;

/**
 * Writers at all levels, and clients who delete a host in a range of time or drop a measurement, through both coordinators, while processes die and come
 * back, are paused and cut off. A dropped measurement is written anew with another type. Then all is mended, and what is left is held against the model at
 * every owner, also when all were killed once more.
 */
export async function runDeletes(options: { readonly seed: number; readonly seams?: Partial<ClusterSeams>; readonly troubleCount?: number; readonly onLine?: (line: string) => void }): Promise<DeletesRun> {
  const run = new Run(options);
  try {
    await run.run();
  } catch (error) {
    run.problems.push(`the run failed: ${String(error)}`);
  }
  return run.result();
}

class Run {
  readonly problems: string[] = [];
  readonly #seed: number;
  readonly #troubleCount: number;
  readonly #scheduler: SimScheduler;
  readonly #network: SimNetwork;
  readonly #cluster: SimCluster;
  readonly #troubles: Troubles;
  readonly #prng: Prng;
  readonly #model: DeleteModel;
  readonly #counts = { written: 0, deleted: 0, failedDeletes: 0, dropped: 0, failedDrops: 0 };
  #number = 0;
  #isRunning = true;

  constructor({ seed, seams, troubleCount = TROUBLE_COUNT, onLine }: { readonly seed: number; readonly seams?: Partial<ClusterSeams>; readonly troubleCount?: number; readonly onLine?: (line: string) => void }) {
    this.#seed = seed;
    this.#troubleCount = troubleCount;
    this.#scheduler = new SimScheduler(onLine === undefined ? { seed } : { seed, onLine });
    this.#network = new SimNetwork(this.#scheduler, CALM_NETWORK);
    this.#cluster = new SimCluster(this.#scheduler, this.#network, seams);
    this.#troubles = new Troubles(this.#scheduler, this.#network, this.#cluster, () => undefined);
    this.#prng = this.#scheduler.prngOf('run');
    this.#model = new DeleteModel(() => this.#scheduler.nowMs, { afterFailureMs: AFTER_FAILURE_MS });
  }

  async run(): Promise<void> {
    await this.#settled(this.#cluster.start());
    await this.#untilAllServe();
    await this.#settled(runStatement(this.#gateway(), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${REPLICA_COUNT} SHARD DURATION 1d`));
    await this.#settled(this.#untilRaised());
    this.#network.faults = FAULTY;
    const clients = [this.#repeat(() => this.#write(), 150), this.#repeat(() => this.#write(), 150), this.#repeat(() => this.#deleteOrDrop(), 700)];
    for (let trouble = 0; trouble < this.#troubleCount; trouble += 1) {
      this.#troubles.next();
      await this.#scheduler.runFor(this.#prng.between(100, 3_000));
    }
    this.#isRunning = false;
    await this.#scheduler.runFor(7_000); // What is broken now is mended by then.
    this.#network.faults = CALM_NETWORK;
    this.#troubles.mend();
    await this.#settled(Promise.all(clients));
    await this.#untilAllServe();
    await this.#compare('at rest');
    await this.#scheduler.runFor(AFTER_FAILURE_MS);
    await this.#calm();
    for (const node of this.#cluster.datas) node.kill();
    for (const node of this.#cluster.datas) node.start();
    await this.#untilAllServe();
    await this.#compare('after a restart');
  }

  result(): DeletesRun {
    const fatal = this.#cluster.fatal.map((error) => `a process ended itself: ${String(error)}`);
    return { seed: this.#seed, problems: [...this.problems, ...fatal], counts: this.#counts };
  }

  /** The meta nodes raise the feature level when all of them are there. */
  async #untilRaised(): Promise<void> {
    while (!(await runStatement(this.#gateway(), 'DROP MEASUREMENT d').then(() => true, () => false))) await this.#pauseFor(1_000);
  }

  /** With everything up: a delete through one coordinator, then a write through the other, whose clock may be behind. */
  async #calm(): Promise<void> {
    for (const turn of [0, 1, 0, 1]) {
      const [one, other] = [this.#cluster.coordinators[turn]!.service!, this.#cluster.coordinators[1 - turn]!.service!];
      const before = await this.#settled(this.#writeTo(other, 'm', 'all'));
      const isDeleted = await this.#settled(this.#deleteBy(one));
      const after = await this.#settled(this.#writeTo(other, 'm', 'all'));
      if (!before || !isDeleted || !after) this.problems.push(`with everything up: written ${before}, deleted ${isDeleted}, written ${after}`);
      const read = await Promise.all(['m', 'd'].map((measurement) => this.#settled(readCells(other, undefined, measurement))));
      const cells: Cells = new Map(read.flatMap((each) => [...each.cells]));
      this.problems.push(...this.#model.problemsOf(cells).map((problem) => `right behind a delete: ${problem}`));
    }
  }

  async #repeat(step: () => Promise<unknown>, pauseMsMax: number): Promise<void> {
    while (this.#isRunning) {
      await step();
      await this.#pauseFor(this.#prng.between(10, pauseMsMax));
    }
  }

  async #write(): Promise<void> {
    const gateway = this.#prng.pick(this.#cluster.coordinators).service;
    if (gateway !== undefined) await this.#writeTo(gateway, this.#prng.chance(0.25) ? 'd' : 'm', this.#prng.pick(WRITE_LEVELS));
  }

  /** The type of what is written to `d` changes with every drop. */
  async #writeTo(gateway: Coordinator, measurement: 'm' | 'd', level: WriteLevel): Promise<boolean> {
    this.#number += 1;
    const number = this.#number;
    const host = `h${this.#prng.between(0, 2)}`;
    const timeNs = FIRST_DAY_NS + BigInt(this.#prng.between(0, 1)) * DAY_NS + BigInt(this.#prng.between(0, 9));
    const isText = measurement === 'd' && this.#counts.dropped % 2 === 1;
    const cells: Cells = new Map([[cellName(`${measurement},host=${host}`, timeNs, 'f'), isText ? `s${number}` : number]]);
    const attempt = this.#model.write(cells);
    const line = `${measurement},host=${host} f=${isText ? `"s${number}"` : number} ${timeNs}`;
    const isAcked = await this.#isDone(gateway.writePoints(writeRequest(line, level)).then(({ dropped }) => dropped === undefined), attempt);
    if (isAcked) this.#counts.written += 1;
    return isAcked;
  }

  async #deleteOrDrop(): Promise<void> {
    const gateway = this.#prng.pick(this.#cluster.coordinators).service;
    if (gateway === undefined) return;
    if (this.#prng.chance(0.3)) await this.#dropBy(gateway);
    else await this.#deleteBy(gateway);
  }

  async #deleteBy(gateway: Coordinator): Promise<boolean> {
    const [host, day] = [`h${this.#prng.between(0, 2)}`, BigInt(this.#prng.between(0, 1))];
    const [from, to] = [FIRST_DAY_NS + day * DAY_NS + BigInt(this.#prng.between(0, 5)), FIRST_DAY_NS + day * DAY_NS + 8n];
    const attempt = this.#model.delete((cell) => cell.startsWith(`m,host=${host} `) && from <= timeOf(cell) && timeOf(cell) < to);
    const isAcked = await this.#isDone(runStatement(gateway, `DELETE FROM m WHERE host = '${host}' AND time >= ${from} AND time < ${to}`).then(() => true), attempt);
    this.#counts[isAcked ? 'deleted' : 'failedDeletes'] += 1;
    return isAcked;
  }

  async #dropBy(gateway: Coordinator): Promise<void> {
    const attempt = this.#model.delete((cell) => cell.startsWith('d,'));
    const isAcked = await this.#isDone(runStatement(gateway, 'DROP MEASUREMENT d').then(() => true), attempt);
    this.#counts[isAcked ? 'dropped' : 'failedDrops'] += 1;
  }

  /** Statements fail with a text, writes with a code; who is never answered does not know. */
  async #isDone(done: Promise<boolean>, attempt: Attempt): Promise<boolean> {
    const answered = done.then(
      (isDone) => ({ isDone }),
      (error: unknown) => {
        if (!(error instanceof DbError) && !/retry|sent again|at most \d+ ms are leased/.test(String(error))) throw error;
        return { isDone: false };
      },
    );
    void answered.then(({ isDone }) => attempt.end(isDone));
    return Promise.race([answered.then(({ isDone }) => isDone), this.#pauseFor(CLIENT_TIMEOUT_MS).then(() => false)]);
  }

  async #compare(when: string): Promise<void> {
    const endMs = this.#scheduler.nowMs + HEAL_MS_MAX;
    for (;;) {
      const problems = this.#cluster.isServing ? await this.#problemsNow() : ['some owner is still catching up'];
      if (problems.length === 0) return;
      if (this.#scheduler.nowMs >= endMs) return void this.problems.push(...problems.map((problem) => `${when}: ${problem}`));
      await this.#scheduler.runFor(2_000);
    }
  }

  async #problemsNow(): Promise<readonly string[]> {
    const texts = new Set<string>();
    const problems: string[] = [];
    for (const node of this.#cluster.dataNodeIds()) {
      const all = new Map<string, string | number | boolean | bigint>();
      for (const measurement of ['m', 'd']) {
        const { cells, failure } = await this.#settled(readCells(this.#gateway(), node, measurement));
        if (failure !== undefined) return [failure];
        for (const [cell, value] of cells) all.set(cell, value);
      }
      texts.add(JSON.stringify([...all].sort()));
      problems.push(...this.#model.problemsOf(all).map((problem) => `node ${node}: ${problem}`));
    }
    return texts.size > 1 ? ['replicas differ', ...problems] : problems;
  }

  #gateway(): Coordinator {
    const { service } = this.#cluster.coordinators.find((each) => each.service !== undefined) ?? {};
    if (service === undefined) throw new Error('no coordinator is up');
    return service;
  }

  async #untilAllServe(): Promise<void> {
    const endMs = this.#scheduler.nowMs + 2 * START_MS_MAX;
    while (!(this.#cluster.nodes.every(({ service }) => service !== undefined) && this.#cluster.dataNodeIds().length === REPLICA_COUNT && this.#cluster.isServing)) {
      if (this.#scheduler.nowMs >= endMs) throw new Error('some process does not serve');
      await this.#scheduler.runFor(100);
    }
  }

  #settled<Value>(promise: Promise<Value>): Promise<Value> {
    return this.#scheduler.runUntilSettled(promise);
  }

  #pauseFor(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.schedule(durationMs, 'a client waits', resolve));
  }
}

function timeOf(cell: string): bigint {
  return BigInt(cell.slice(cell.lastIndexOf('@') + 1));
}
