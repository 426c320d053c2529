import { DbError, type Prng } from '@varve/base';
import type { Coordinator } from '@varve/coordinator-service';
import { WRITE_LEVELS, type WriteLevel } from '@varve/model';
import { requiredAcks } from '@varve/replication';
import { metrics as names } from '@varve/telemetry';
import { CellModel, type Cells } from '../cell-model.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, Workload, writeRequest } from '../workload.ts';
import { JournalWitness } from './journal-witness.ts';
import { REPLICA_COUNT, SimCluster, type ClusterSeams } from './sim-cluster.ts';
import { Troubles, type TroubleKind } from './troubles.ts';

/** What happened in a run. */
export interface ClusterCounts extends Readonly<Record<TroubleKind, number>> {
  /** Processes that were killed while a client waited for a write. */
  readonly crashesInWrites: number;
  readonly ackedWrites: number;
  readonly refusedWrites: number;
  readonly reads: number;
  readonly hintsStored: number;
  readonly hintsDelivered: number;
  readonly hintsMarked: number;
  readonly framesPulled: number;
  readonly numbersVoided: number;
  readonly elections: number;
  readonly replicasJoined: number;
  readonly watermarksTaken: number;
}

/** What a run came to. No problem: nothing acknowledged was lost, all replicas are equal, and the cluster works again. */
export interface ClusterRun {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly traceHash: string;
  readonly eventCount: number;
  readonly counts: ClusterCounts;
}

export interface ClusterRunOptions {
  readonly seed: number;
  /** Planted bugs. */
  readonly seams?: Partial<ClusterSeams>;
  readonly troubleCount?: number;
  /** Gets a line per event. */
  readonly onLine?: (line: string) => void;
}

const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 10, lossProbability: 0.01, duplicateProbability: 0.03, reorderProbability: 0.05 };
const WRITER_COUNT = 3;
const TROUBLE_COUNT = 5;
const START_MS_MAX = 20_000;
/** Until all replicas must be equal again. */
const HEAL_MS_MAX = 90_000;
/** A client gives up then: the process it asked is dead or paused. */
const CLIENT_TIMEOUT_MS = 10_000;

/**
 * Writers at all levels through all coordinators, while processes die and come back, are paused, lose their connection and
 * are cut off from each other. Then all is mended: the cluster must work again, all replicas become equal with every
 * acknowledged value in them, and an owner that was away serves no read before it has caught up.
 */
export async function runCluster(options: ClusterRunOptions): Promise<ClusterRun> {
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
  readonly #workload: Workload;
  readonly #witness = new JournalWitness();
  readonly #model = new CellModel();
  /** By the run of a coordinator: values that all owners have acknowledged through it. No later read through it may miss them. */
  readonly #seenByAll = new Map<Coordinator, CellModel>();
  readonly #counts = { crashesInWrites: 0, ackedWrites: 0, refusedWrites: 0, reads: 0 };
  readonly #writers: Promise<void>[] = [];
  #underWayCount = 0;
  #isWriting = true;

  constructor({ seed, seams = {}, troubleCount = TROUBLE_COUNT, onLine }: ClusterRunOptions) {
    this.#seed = seed;
    this.#troubleCount = troubleCount;
    this.#scheduler = new SimScheduler(onLine === undefined ? { seed } : { seed, onLine });
    this.#network = new SimNetwork(this.#scheduler, CALM_NETWORK);
    this.#cluster = new SimCluster(this.#scheduler, this.#network, this.#watched(seams));
    this.#troubles = new Troubles(this.#scheduler, this.#network, this.#cluster, () => {
      if (this.#underWayCount > 0) this.#counts.crashesInWrites += 1;
    });
    this.#prng = this.#scheduler.prngOf('run');
    this.#workload = new Workload(this.#scheduler.prngOf('workload'));
  }

  async run(): Promise<void> {
    await this.#settled(this.#cluster.start());
    await this.#untilAllServe();
    await this.#settled(runStatement(this.#gateway(), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${REPLICA_COUNT} SHARD DURATION 1d`));
    this.#network.faults = FAULTY;
    for (const { disk } of this.#cluster.nodes) disk.latencyMsMax = 10;
    for (let writer = 0; writer < WRITER_COUNT; writer += 1) this.#writers.push(this.#writeOn());
    for (let trouble = 0; trouble < this.#troubleCount; trouble += 1) {
      this.#troubles.next();
      await this.#scheduler.runFor(this.#prng.between(100, 3_000));
      await this.#readBack();
    }
    await this.#mend();
    await this.#compare();
    await this.#rejoin();
  }

  result(): ClusterRun {
    const { metrics, fatal } = this.#cluster;
    return {
      seed: this.#seed,
      problems: [...this.problems, ...this.#witness.problems, ...this.#lateFrames(), ...fatal.map((error) => `a process ended itself: ${String(error)}`)],
      traceHash: this.#scheduler.traceHash,
      eventCount: this.#scheduler.eventCount,
      counts: {
        ...this.#troubles.counts,
        ...this.#counts,
        hintsStored: metrics.sumOf(names.hintEvents, 'stored'),
        hintsDelivered: metrics.sumOf(names.hintEvents, 'delivered'),
        hintsMarked: metrics.sumOf(names.hintEvents, 'marked'),
        framesPulled: metrics.sumOf(names.framesPulled),
        numbersVoided: metrics.sumOf(names.numbersVoided),
        elections: metrics.sumOf(names.raftElectionsWon),
        replicasJoined: metrics.sumOf(names.replicasJoined),
        watermarksTaken: metrics.sumOf(names.watermarksTaken),
      },
    };
  }

  /** S1: what comes below a watermark was there before. */
  #lateFrames(): readonly string[] {
    const lateCount = this.#cluster.metrics.sumOf(names.framesLate);
    return lateCount === 0 ? [] : [`${lateCount} frames came as new below the watermark of their shard`];
  }

  /** The model sees what coordinators mean to send, and the witness what reaches the disks: planted bugs are in between. */
  #watched(seams: Partial<ClusterSeams>): Partial<ClusterSeams> {
    const { coordinatorBus = (bus) => bus, journal = (inner) => inner, hintStore = (inner) => inner } = seams;
    return {
      ...seams,
      coordinatorBus: (bus, node) => this.#model.tap(coordinatorBus(bus, node)),
      journal: (inner, node) => journal(this.#witness.watchJournal(inner, node), node),
      hintStore: (inner) => hintStore(this.#witness.watchHints(inner)),
    };
  }

  /** Writes at any level through whoever coordinates, until told to stop. A write whose coordinator dies never returns. */
  async #writeOn(): Promise<void> {
    while (this.#isWriting) {
      const gateway = this.#prng.pick(this.#cluster.coordinators).service;
      if (gateway !== undefined) await this.#write(gateway, this.#prng.pick(WRITE_LEVELS));
      await this.#pauseFor(this.#prng.between(20, 180));
    }
  }

  async #write(gateway: Coordinator, level: WriteLevel): Promise<boolean> {
    const { lines, cells } = this.#workload.next();
    this.#model.intend(cells);
    const seenByAll = this.#seenByAll.get(gateway) ?? new CellModel(this.#model);
    this.#seenByAll.set(gateway, seenByAll);
    seenByAll.intend(cells);
    this.#underWayCount += 1;
    const isAcked = await this.#isAcked(gateway.writePoints(writeRequest(lines, level)));
    this.#underWayCount -= 1;
    this.#counts[isAcked ? 'ackedWrites' : 'refusedWrites'] += 1;
    if (isAcked) this.#acknowledge(cells, level);
    if (isAcked && level === 'all') seenByAll.acknowledge(cells);
    return isAcked;
  }

  /** W1: an ack is held against the disks at the moment it comes. */
  #acknowledge(cells: Cells, level: WriteLevel): void {
    this.#model.acknowledge(cells);
    const mutations = this.#model.mutationsOf(cells);
    if (level === 'any') {
      if (!this.#witness.isKept(mutations)) this.problems.push('a write was acknowledged at any, and is on no disk');
      return;
    }
    const ownerCount = this.#witness.ownerCountOf(mutations);
    const requiredCount = requiredAcks(level, REPLICA_COUNT);
    if (ownerCount < requiredCount) this.problems.push(`a write was acknowledged at ${level}, and is on the disks of ${ownerCount} owners`);
  }

  /** False after a refusal, or when no answer comes in time. */
  async #isAcked(written: Promise<unknown>): Promise<boolean> {
    const answer = written.then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof DbError) || !error.traits.retryable) throw error;
        return false;
      },
    );
    return Promise.race([answer, this.#pauseFor(CLIENT_TIMEOUT_MS).then(() => false)]);
  }

  /** A read at R=one sees all that every owner had acknowledged to the same coordinator: others may not know the shard yet. */
  async #readBack(): Promise<void> {
    const gateway = this.#prng.pick(this.#cluster.coordinators).service;
    const promised = gateway === undefined ? undefined : this.#seenByAll.get(gateway);
    if (gateway !== undefined && promised !== undefined) await this.#read(gateway, promised);
  }

  async #read(gateway: Coordinator, promised: CellModel): Promise<void> {
    const lossesIn = promised.promises();
    const answer = await this.#settled(Promise.race([readCells(gateway), this.#pauseFor(2 * CLIENT_TIMEOUT_MS).then(() => undefined)]));
    if (answer === undefined || answer.failure !== undefined) return;
    this.#counts.reads += 1;
    this.problems.push(...lossesIn(answer.cells).map((problem) => `a read at one: ${problem}`));
  }

  async #mend(): Promise<void> {
    this.#isWriting = false;
    await this.#scheduler.runFor(7_000); // What is broken now is mended by then.
    this.#network.faults = CALM_NETWORK;
    this.#troubles.mend();
    for (const { disk } of this.#cluster.nodes) disk.latencyMsMax = 2;
    await this.#settled(Promise.all(this.#writers));
    await this.#untilAllServe();
    const isAcked = await this.#settled(this.#untilAcked());
    if (!isAcked) this.problems.push('after all was mended no write reaches all owners');
  }

  async #untilAcked(): Promise<boolean> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (await this.#write(this.#gateway(), 'all')) return true;
      await this.#pauseFor(500);
    }
    return false;
  }

  /** Within the time all replicas are equal and hold what was acknowledged: what was accepted as a hint is delivered by then. */
  async #compare(): Promise<void> {
    const endMs = this.#scheduler.nowMs + HEAL_MS_MAX;
    for (;;) {
      const replicas = await this.#replicas();
      const problems = this.#cluster.isServing ? this.#problemsOf(replicas) : ['some owner is still catching up'];
      if (problems.length === 0) return;
      if (this.#scheduler.nowMs >= endMs) return void this.problems.push(...problems);
      await this.#scheduler.runFor(1_000);
    }
  }

  #problemsOf(replicas: readonly (Cells | undefined)[]): readonly string[] {
    const [first] = replicas;
    const isEqual = replicas.every((cells) => cells !== undefined && textOf(cells) === textOf(first!));
    const sizes = replicas.map((cells) => cells?.size ?? 'no answer').join(', ');
    return isEqual ? this.#model.problemsOf(first!) : [`replicas still differ ${HEAL_MS_MAX} ms after all was mended: ${sizes} cells`];
  }

  /** X17: an owner that was away, while no repair node took hints, serves no read before it has what it missed from the others. */
  async #rejoin(): Promise<void> {
    const away = this.#prng.pick(this.#cluster.datas);
    const repairs = this.#cluster.repairs;
    for (const node of [away, ...repairs]) node.kill();
    for (let write = 0; write < 6; write += 1) await this.#settled(this.#write(this.#gateway(), 'quorum'));
    const others = this.#cluster.datas.filter((node) => node !== away).map(({ name }) => name);
    this.#network.partition([away.name], others);
    for (const node of [away, ...repairs]) node.start();
    for (let read = 0; read < 12; read += 1) {
      if (read === 8) this.#network.heal();
      await this.#read(this.#gateway(), this.#model);
      await this.#scheduler.runFor(this.#prng.between(5, 100));
    }
    await this.#untilTrue('an owner that was away serves again', HEAL_MS_MAX, () => away.service !== undefined && this.#cluster.isServing);
  }

  async #replicas(): Promise<readonly (Cells | undefined)[]> {
    const answers: (Cells | undefined)[] = [];
    for (const node of this.#cluster.dataNodeIds()) {
      const { cells, failure } = await this.#settled(readCells(this.#gateway(), node));
      answers.push(failure === undefined ? cells : undefined);
    }
    return answers;
  }

  #gateway(): Coordinator {
    const { service } = this.#cluster.coordinators.find((each) => each.service !== undefined) ?? {};
    if (service === undefined) throw new Error('no coordinator is up');
    return service;
  }

  #settled<Value>(promise: Promise<Value>): Promise<Value> {
    return this.#scheduler.runUntilSettled(promise);
  }

  #pauseFor(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.schedule(durationMs, 'a client waits', resolve));
  }

  #untilAllServe(): Promise<void> {
    return this.#untilTrue('all processes serve', START_MS_MAX, () => this.#cluster.nodes.every(({ service }) => service !== undefined));
  }

  async #untilTrue(what: string, timeoutMs: number, isTrue: () => boolean): Promise<void> {
    const endMs = this.#scheduler.nowMs + timeoutMs;
    while (!isTrue()) {
      if (this.#scheduler.nowMs >= endMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
      await this.#scheduler.runFor(100);
    }
  }
}

function textOf(cells: Cells): string {
  return JSON.stringify([...cells].map(([cell, value]) => `${cell}=${String(value)}`).sort());
}
