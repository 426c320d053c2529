import { assert, type DurationMs } from '@varve/base';
import { foundingMembership, type Entry, type NeededSnapshot, type Raft, type RaftConfig, type RaftMessage, type Ready, type StoredState } from '@varve/raft';
import { commandOf, type RaftChecks } from './raft-checks.ts';
import type { RaftTime } from './raft-time.ts';

/** The class under test, or one with a planted bug. */
export type RaftClass = typeof Raft;

/** What was applied, in a form that shows every difference: a hash over all payloads up to the index. */
export interface Applied {
  readonly index: number;
  readonly term: number;
  readonly hash: number;
}

/** What a peer needs of its world. */
export interface RaftPeerWorld {
  readonly RaftClass: RaftClass;
  readonly time: RaftTime;
  readonly checks: RaftChecks;
  send(message: RaftMessage): void;
  /** What the peer `from` has applied, when it can be asked. */
  appliedOf(from: number, asker: number): Applied | undefined;
}

const NOTHING_APPLIED: Applied = { index: 0, term: 0, hash: 0 };
const TICK_MS = 10;
/** Applied since the last snapshot at which the next one is taken. */
const SNAPSHOT_ENTRY_COUNT = 20;

/**
 * A peer with its disk and its caller, which does what a Ready says in its order, one thing at a time, as the service
 * does. A write takes time; what a crash finds under way is on the disk as a whole or not at all.
 */
export class RaftPeer {
  readonly id: number;
  /** Outlives crashes. */
  disk: StoredState;
  snapshot = NOTHING_APPLIED;
  writeMsMax: DurationMs = 5;
  readonly counts = { crashesInWrite: 0, installs: 0 };
  readonly #world: RaftPeerWorld;
  readonly #config: RaftConfig;
  #raft: Raft | undefined;
  #applied = NOTHING_APPLIED;
  /** Counts the starts; what was scheduled in an earlier run does not happen. */
  #run = 0;
  #isBusy = false;
  #pausedUntilMs = 0;
  /** To the disk, under way. */
  #write: (() => void) | undefined;
  #isFetching = false;
  #fetched: Applied | undefined;

  constructor(id: number, voters: readonly number[], world: RaftPeerWorld) {
    this.id = id;
    this.#world = world;
    this.disk = { hardState: { term: 0, votedFor: 0, commitIndex: 0 }, entries: [], compactedIndex: 0, compactedTerm: 0, membership: foundingMembership(voters) };
    this.#config = { ...BOUNDS, id, randomUint32: () => world.time.prng.uint32() };
  }

  /** While it runs. */
  get raft(): Raft | undefined {
    return this.#raft;
  }

  get run(): number {
    return this.#run;
  }

  get applied(): Applied {
    return this.#applied;
  }

  /** From its disk. A snapshot beyond the log was installed last, and the log had not followed yet. */
  start(): void {
    assert(this.#raft === undefined, `peer ${this.id} runs already`);
    const { index, term } = this.snapshot;
    if (index > this.disk.compactedIndex + this.disk.entries.length) this.disk = compacted(this.disk, index, term);
    this.#raft = new this.#world.RaftClass(this.#config, this.disk, index);
    this.#applied = this.snapshot;
    this.#world.checks.onStart(this);
    this.#pump();
    this.#tickLater(TICK_MS * (0.8 + 0.4 * this.#world.time.prng.fraction()));
  }

  crash(): void {
    if (this.#write !== undefined) {
      this.counts.crashesInWrite += 1;
      if (this.#world.time.prng.chance(0.5)) this.#write();
    }
    this.#run += 1;
    this.#raft = undefined;
    this.#write = undefined;
    this.#isBusy = false;
    this.#isFetching = false;
    this.#fetched = undefined;
  }

  /** Nothing runs until then; what comes due meanwhile runs afterwards. */
  pause(durationMs: DurationMs): void {
    this.#pausedUntilMs = this.#world.time.nowMs + durationMs;
  }

  deliver(message: RaftMessage): void {
    this.#soon(0, () => {
      this.#raft!.step(message);
      this.#pump();
    });
  }

  /** Where the command stands if it was taken. */
  propose(command: number): { readonly index: number; readonly term: number } | undefined {
    if (this.#raft === undefined || this.#pausedUntilMs > this.#world.time.nowMs) return undefined;
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, command);
    const outcome = this.#raft.propose(payload);
    this.#pump();
    return outcome.kind === 'accepted' ? outcome : undefined;
  }

  #tickLater(intervalMs: DurationMs): void {
    this.#soon(intervalMs, () => {
      this.#raft!.tick();
      this.#pump();
      this.#tickLater(intervalMs);
    });
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
    this.#world.checks.observe(this);
    if (this.#isBusy) return;
    const raft = this.#raft!;
    if (this.#fetched !== undefined && this.#fetched.index > raft.appliedIndex) return this.#install(this.#fetched);
    this.#fetched = undefined;
    const ready = raft.takeReady();
    if (ready !== undefined) return this.#persist(ready);
    if (raft.appliedIndex - this.snapshot.index >= SNAPSHOT_ENTRY_COUNT) this.#takeSnapshot();
  }

  #persist(ready: Ready): void {
    if (ready.hardState === undefined && ready.entries.length === 0) return this.#finish(ready);
    this.#toDisk(
      () => {
        this.#world.checks.onPersist(this, ready);
        this.disk = { ...this.disk, hardState: ready.hardState ?? this.disk.hardState, entries: replaced(this.disk, ready.entries) };
      },
      () => this.#finish(ready),
    );
  }

  #finish(ready: Ready): void {
    for (const message of [...ready.appends, ...ready.messages]) this.#send(message);
    for (const entry of ready.committed) this.#apply(entry);
    this.#raft!.advance(ready);
    if (ready.snapshot !== undefined) this.#maybeFetch(ready.snapshot);
    this.#pump();
  }

  #send(message: RaftMessage): void {
    this.#world.checks.onSend(message);
    this.#world.send(message);
  }

  #apply(entry: Entry): void {
    this.#world.checks.onApply(this, entry);
    this.#applied = { index: entry.index, term: entry.term, hash: hashAfter(this.#applied.hash, entry) };
    this.#world.checks.onState(this, this.#applied);
  }

  /** The snapshot first, then the log: a crash in between leaves both, and they fit. */
  #takeSnapshot(): void {
    const applied = this.#applied;
    const index = Math.max(this.disk.compactedIndex, applied.index - this.#world.time.prng.between(0, 8));
    this.#toDisk(
      () => (this.snapshot = applied),
      () => this.#compact(index, () => this.#raft!.compact(index)),
    );
  }

  #compact(index: number, then: () => void): void {
    const term = this.#raft!.termAt(index);
    this.#toDisk(
      () => (this.disk = compacted(this.disk, index, term)),
      () => {
        then();
        this.#pump();
      },
    );
  }

  #maybeFetch({ from, index }: NeededSnapshot): void {
    if (this.#isFetching || this.#fetched !== undefined) return;
    this.#isFetching = true;
    const { prng } = this.#world.time;
    this.#soon(1 + 10 * prng.fraction(), () => {
      const applied = this.#world.appliedOf(from, this.id);
      this.#soon(1 + 20 * prng.fraction(), () => {
        this.#isFetching = false;
        if (applied !== undefined && applied.index >= index) this.#fetched = applied;
        this.#pump();
      });
    });
  }

  #install(applied: Applied): void {
    const { index, term } = applied;
    const toLog = (): void =>
      this.#toDisk(
        () => (this.disk = compacted(this.disk, index, term)),
        () => {
          this.#raft!.restore({ index, term, membership: this.disk.membership });
          this.#applied = applied;
          this.#fetched = undefined;
          this.counts.installs += 1;
          this.#world.checks.onState(this, applied);
          this.#pump();
        },
      );
    this.#toDisk(() => (this.snapshot = applied), toLog);
  }

  /** Nothing else is begun until `then`. */
  #toDisk(write: () => void, then: () => void): void {
    this.#isBusy = true;
    this.#write = write;
    const run = this.#run;
    const { time } = this.#world;
    time.after(this.writeMsMax * time.prng.fraction(), () => {
      if (run !== this.#run) return;
      this.#write = undefined;
      write();
      // The disk goes on while the process is paused.
      this.#soon(0, () => {
        this.#isBusy = false;
        then();
      });
    });
  }
}

const BOUNDS = {
  electionTickCount: 10,
  heartbeatTickCount: 3,
  appendSizeBytesMax: 150,
  inFlightCountMax: 3,
  inFlightSizeBytesMax: 400,
  uncommittedSizeBytesMax: 2_000,
  pendingReadCountMax: 20,
};

/** Entries above stay if they follow the same entry. */
function compacted(disk: StoredState, index: number, term: number): StoredState {
  if (index <= disk.compactedIndex) return disk;
  const isSame = disk.entries.some((entry) => entry.index === index && entry.term === term);
  const entries = isSame ? disk.entries.filter((entry) => entry.index > index) : [];
  return { ...disk, entries, compactedIndex: index, compactedTerm: term };
}

function replaced({ entries: stored, compactedIndex }: StoredState, entries: readonly Entry[]): readonly Entry[] {
  const first = entries[0];
  if (first === undefined) return stored;
  assert(compactedIndex < first.index && first.index <= compactedIndex + stored.length + 1, `entry ${first.index} on a log of ${stored.length}`);
  return [...stored.slice(0, first.index - compactedIndex - 1), ...entries];
}

function hashAfter(hash: number, { payload }: Entry): number {
  return payload.length === 0 ? hash : (Math.imul(hash, 31) + commandOf(payload)) >>> 0;
}
