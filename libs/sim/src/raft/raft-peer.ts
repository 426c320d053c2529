import { assert, type DurationMs } from '@varve/base';
import {
  ENTRY_KINDS,
  type ConfirmedRead,
  type Entry,
  type MembershipTarget,
  type NeededSnapshot,
  type Raft,
  type RaftMessage,
  type Ready,
} from '@varve/raft';
import type { RaftWatch } from './checks/raft-watch.ts';
import type { DiskRecord, RaftDisk, StoredSnapshot } from './raft-disk.ts';
import type { RaftSettings } from './raft-settings.ts';
import type { RaftFault, RaftTally } from './raft-tally.ts';
import type { RaftTime } from './raft-time.ts';
import { SessionMachine, sessionCommandOf, type SessionAnswer } from './session-machine.ts';

/** The class under test, or one with a planted bug. */
export type RaftClass = typeof Raft;
/** What the log is applied to, or one with a planted bug. */
export type MachineClass = typeof SessionMachine;

/** Around a sync: nothing is in the page cache yet, it is there, it is durable and nobody knows, the messages are out. */
export const CRASH_POINTS = ['crashBeforeWrite', 'crashBeforeSync', 'crashBeforeSend', 'crashAfterSend'] as const satisfies readonly RaftFault[];
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** What a peer needs of its world. */
export interface RaftPeerWorld {
  readonly RaftClass: RaftClass;
  readonly MachineClass: MachineClass;
  readonly settings: RaftSettings;
  readonly time: RaftTime;
  readonly watch: RaftWatch;
  readonly tally: RaftTally;
  send(message: RaftMessage): void;
  /** What the peer `from` has applied, when it can be asked. */
  snapshotOf(from: number, asker: number): StoredSnapshot | undefined;
  /** A command was applied; `answer` is for whoever asked this peer in this run. */
  onApplied(peer: RaftPeer, entry: Entry, answer: SessionAnswer): void;
  /** A read is served from what the peer has applied. */
  onRead(peer: RaftPeer, id: number): void;
  /** It has crashed by itself: at an armed point. */
  onCrashed(peer: RaftPeer): void;
}

/**
 * A peer with its disk and its caller, which does what a Ready says in its order, one thing at a time, as the service
 * does. Everything takes time, and anything may come in between.
 */
export class RaftPeer {
  readonly id: number;
  /** Outlives crashes. */
  readonly disk: RaftDisk;
  writeMsMax: DurationMs = WRITE_MS_MAX;
  /** How long a tick of this peer is, compared with the others'. */
  tickRate = 1;
  readonly #world: RaftPeerWorld;
  #raft: Raft | undefined;
  #machine: SessionMachine;
  /** Of the last entry applied. */
  #appliedTerm = 0;
  /** Counts the starts; what was scheduled in an earlier run does not happen. */
  #run = 0;
  #isBusy = false;
  #pausedUntilMs = 0;
  #clockStoppedUntilMs = 0;
  #crashPoint: CrashPoint | undefined;
  #isFetching = false;
  #fetched: StoredSnapshot | undefined;
  #reads: ConfirmedRead[] = [];

  constructor(id: number, disk: RaftDisk, world: RaftPeerWorld) {
    this.id = id;
    this.disk = disk;
    this.#world = world;
    this.#machine = new world.MachineClass(disk.snapshot.machine);
  }

  /** While it runs. */
  get raft(): Raft | undefined {
    return this.#raft;
  }

  get run(): number {
    return this.#run;
  }

  get machine(): SessionMachine {
    return this.#machine;
  }

  get isPaused(): boolean {
    return this.#pausedUntilMs > this.#world.time.nowMs;
  }

  /** Runs, and is not paused. */
  get isUp(): boolean {
    return this.#raft !== undefined && !this.isPaused;
  }

  /** From its disk. */
  start(): void {
    assert(this.#raft === undefined, `peer ${this.id} runs already`);
    const { RaftClass: Class, settings, time, watch, MachineClass } = this.#world;
    const stored = this.disk.open();
    const { snapshot } = this.disk;
    this.#raft = new Class({ ...settings, id: this.id, randomUint32: () => time.prng.uint32() }, stored, snapshot.index);
    this.#machine = new MachineClass(snapshot.machine);
    this.#appliedTerm = snapshot.term;
    watch.onStart(this);
    this.#pump();
    this.#tickLater(time.prng.fraction());
  }

  /** The process ends; what its disk had not made durable is in the hands of chance. */
  crash(): void {
    this.disk.cutPower();
    this.#run += 1;
    this.#raft = undefined;
    this.#isBusy = false;
    this.#crashPoint = undefined;
    this.#isFetching = false;
    this.#fetched = undefined;
    this.#reads = [];
  }

  /** Crashes when it comes to this point next. */
  crashAt(point: CrashPoint | undefined): void {
    this.#crashPoint = point;
  }

  /** Nothing runs until then; what comes due meanwhile runs afterwards. */
  pause(durationMs: DurationMs): void {
    this.#pausedUntilMs = this.#world.time.nowMs + durationMs;
  }

  /** Its clock jumps: so many ticks are due at once. */
  jumpClock(tickCount: number): void {
    this.#soon(0, () => {
      for (let tick = 0; tick < tickCount && this.#raft !== undefined; tick += 1) this.#tick();
    });
  }

  /** Its clock was put back: no tick is due for a while. */
  stopClock(durationMs: DurationMs): void {
    this.#clockStoppedUntilMs = this.#world.time.nowMs + durationMs;
  }

  deliver(message: RaftMessage): void {
    this.#soon(0, () => {
      this.#world.watch.onDeliver(this, message);
      this.#raft!.step(message);
      this.#pump();
    });
  }

  propose(payload: Uint8Array): ReturnType<Raft['propose']> {
    return this.#asked((raft) => raft.propose(payload));
  }

  read(id: number): ReturnType<Raft['read']> {
    return this.#asked((raft) => raft.read(id));
  }

  changeMembership(target: MembershipTarget): ReturnType<Raft['changeMembership']> {
    return this.#asked((raft) => raft.changeMembership(target));
  }

  transfer(to: number): ReturnType<Raft['transfer']> {
    return this.#asked((raft) => raft.transfer(to));
  }

  /** What another peer may take over. */
  get appliedSnapshot(): StoredSnapshot {
    const index = this.#raft!.appliedIndex;
    return { index, term: this.#appliedTerm, membership: this.#raft!.membershipAt(index), machine: this.#machine.state };
  }

  #asked<Outcome>(ask: (raft: Raft) => Outcome): Outcome {
    assert(this.isUp, `peer ${this.id} is asked and does not run`);
    const outcome = ask(this.#raft!);
    this.#pump();
    return outcome;
  }

  #tickLater(fraction = 1): void {
    this.#soon(this.#world.settings.tickMs * this.tickRate * fraction, () => {
      if (this.#clockStoppedUntilMs <= this.#world.time.nowMs) this.#tick();
      if (this.#raft !== undefined) this.#tickLater();
    });
  }

  #tick(): void {
    this.#raft!.tick();
    this.#world.watch.onTick(this);
    this.#pump();
  }

  /** In this run of the peer, not while it is paused. */
  #soon(delayMs: DurationMs, act: () => void): void {
    const run = this.#run;
    const { time } = this.#world;
    const due = (): void => {
      if (run !== this.#run || this.#raft === undefined) return;
      if (this.#pausedUntilMs > time.nowMs) time.after(this.#pausedUntilMs - time.nowMs, due);
      else act();
    };
    if (delayMs === 0) due();
    else time.after(delayMs, due);
  }

  /** The one thing to do next, when none is being done. */
  #pump(): void {
    this.#world.watch.onStep(this);
    if (this.#isBusy) return;
    const raft = this.#raft!;
    if (this.#fetched !== undefined && this.#fetched.index > raft.appliedIndex) return this.#install(this.#fetched);
    this.#fetched = undefined;
    const ready = raft.takeReady();
    if (ready !== undefined) return this.#persist(ready);
    if (raft.appliedIndex - this.disk.snapshot.index >= this.#world.settings.snapshotEntryCount) this.#takeSnapshot();
  }

  #persist(ready: Ready): void {
    this.#world.watch.onReady(this, ready);
    for (const message of ready.appends) this.#send(message);
    const records: DiskRecord[] = ready.entries.map((entry) => ({ kind: 'entry', entry }));
    if (ready.hardState !== undefined) records.push({ kind: 'hardState', hardState: ready.hardState });
    if (ready.isRecovered) records.push({ kind: 'recovered' });
    if (records.length === 0) return this.#finish(ready);
    this.#toDisk(records, () => {
      this.#finish(ready);
    });
  }

  #finish(ready: Ready): void {
    for (const message of ready.messages) this.#send(message);
    if (ready.messages.length > 0 && this.#crashesAt('crashAfterSend')) return;
    if (ready.isRecovered) this.#world.tally.add('damageHealed');
    for (const entry of ready.committed) this.#apply(entry);
    this.#raft!.advance(ready);
    this.#reads.push(...ready.reads);
    this.#serveReads();
    if (ready.snapshot !== undefined) this.#maybeFetch(ready.snapshot);
    this.#pump();
  }

  #send(message: RaftMessage): void {
    this.#world.watch.onSend(this, message);
    this.#world.send(message);
  }

  #apply(entry: Entry): void {
    const answer = entry.kind === ENTRY_KINDS.command ? this.#machine.apply(sessionCommandOf(entry)) : undefined;
    this.#appliedTerm = entry.term;
    this.#world.watch.onApply(this, entry, answer);
    if (answer !== undefined) this.#world.onApplied(this, entry, answer);
  }

  #serveReads(): void {
    const { appliedIndex } = this.#raft!;
    const due = this.#reads.filter(({ index }) => index <= appliedIndex);
    if (due.length === 0) return;
    this.#reads = this.#reads.filter(({ index }) => index > appliedIndex);
    for (const { read } of due) this.#world.onRead(this, read);
  }

  #takeSnapshot(): void {
    const { settings, tally } = this.#world;
    const snapshot = this.appliedSnapshot;
    const toLog = (): void => {
      const raft = this.#raft!;
      const index = snapshot.index - settings.trailingEntryCount;
      if (index <= raft.compactedIndex) return this.#pump();
      const record: DiskRecord = { kind: 'compact', index, term: raft.termAt(index), membership: raft.membershipAt(index) };
      this.#toDisk([record], () => {
        tally.add('compaction');
        raft.compact(index);
        this.#pump();
      });
    };
    tally.add('snapshot');
    this.#toDisk([{ kind: 'snapshot', snapshot }], toLog);
  }

  #maybeFetch({ from, index }: NeededSnapshot): void {
    if (this.#isFetching || this.#fetched !== undefined) return;
    this.#isFetching = true;
    const { prng } = this.#world.time;
    this.#soon(1 + 10 * prng.fraction(), () => {
      const snapshot = this.#world.snapshotOf(from, this.id);
      this.#soon(prng.pick([20, 20, 300]) * prng.fraction(), () => {
        this.#isFetching = false;
        if (snapshot !== undefined && snapshot.index >= index) this.#fetched = snapshot;
        this.#pump();
      });
    });
  }

  /** The snapshot first, then the log begins behind it. A crash in between is finished by the disk at the next start. */
  #install(snapshot: StoredSnapshot): void {
    const { index, term, membership, machine } = snapshot;
    const toLog = (): void => {
      this.#toDisk([{ kind: 'compact', index, term, membership }], () => {
        this.#raft!.restore({ index, term, membership });
        this.#machine = new this.#world.MachineClass(machine);
        this.#appliedTerm = term;
        this.#fetched = undefined;
        this.#world.tally.add('install');
        this.#world.watch.onInstall(this, snapshot);
        this.#serveReads();
        this.#pump();
      });
    };
    this.#toDisk([{ kind: 'snapshot', snapshot }], toLog);
  }

  /** Nothing else is begun until `then`. The disk goes on while the process is paused. */
  #toDisk(records: readonly DiskRecord[], then: () => void): void {
    const run = this.#run;
    const { time, watch } = this.#world;
    if (this.#crashesAt('crashBeforeWrite')) return;
    this.#isBusy = true;
    time.after(this.writeMsMax * 0.2 * time.prng.fraction(), () => {
      if (run !== this.#run) return;
      this.disk.write(records);
      if (this.#crashesAt('crashBeforeSync')) return;
      time.after(this.writeMsMax * 0.8 * time.prng.fraction(), () => {
        if (run !== this.#run) return;
        this.disk.sync();
        watch.onDurable(this, records);
        this.#soon(0, () => {
          if (this.#crashesAt('crashBeforeSend')) return;
          this.#isBusy = false;
          then();
        });
      });
    });
  }

  #crashesAt(point: CrashPoint): boolean {
    if (this.#crashPoint !== point) return false;
    this.#world.tally.add(point);
    this.crash();
    this.#world.onCrashed(this);
    return true;
  }
}

/** Of a disk that is well. */
export const WRITE_MS_MAX: DurationMs = 5;
