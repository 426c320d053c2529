import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foundingMembership } from './membership.ts';
import type { Entry } from './entry.ts';
import { Raft } from './raft.ts';
import type { Ready, StoredState } from './ready.ts';
import { raftConfig } from './testing/raft-config.ts';

// Methodology: one peer on a disk that keeps exactly what was persisted, run through random steps. A crash may come
// between any two of them; with a Ready out, its persist may or may not have happened, and so may its apply. What the
// world has seen (applied entries, leaders) is remembered outside of the peer and compared after every step.
type Step = 'propose' | 'persist' | 'apply' | 'advance' | 'compact' | 'crash';

const work = fc.constantFrom<Step>('propose', 'persist', 'apply', 'advance');
const step = fc.oneof({ arbitrary: work, weight: 20 }, fc.constantFrom<Step>('compact', 'crash'));
const steps = fc.array(step, { minLength: 50, maxLength: 200, size: 'max' });

const ALONE = raftConfig(1);

/** A peer, its disk, and what the world has seen of it. */
class World {
  disk: StoredState = {
    hardState: { term: 0, votedFor: 0, commitIndex: 0 },
    entries: [],
    compactedIndex: 0,
    compactedTerm: 0,
    membership: foundingMembership([1]),
  };
  snapshotIndex = 0;
  raft = this.#start();
  ready: Ready | undefined;
  isPersisted = false;
  /** By index, for ever. */
  readonly applied = new Map<number, Entry>();
  readonly termsLed = new Set<number>();
  readonly accepted: { readonly index: number; readonly term: number }[] = [];
  appliedIndex = 0;
  /** In this run of the peer. */
  ledTerm = 0;

  run(step: Step): void {
    const before = this.raft;
    const progress = [before.term, before.commitIndex, before.appliedIndex];
    this.#perform(step);
    if (this.raft === before) {
      for (const [position, value] of [before.term, before.commitIndex, before.appliedIndex].entries()) {
        expect(value, 'S5: no index or term goes back').toBeGreaterThanOrEqual(progress[position]!);
      }
    }
    this.#check();
  }

  #perform(step: Step): void {
    this.ready ??= this.raft.takeReady();
    switch (step) {
      case 'propose': {
        const outcome = this.raft.propose(new Uint8Array([this.accepted.length]));
        expect(outcome.kind === 'accepted').toBe(this.raft.role === 'leader');
        if (outcome.kind === 'accepted') this.accepted.push(outcome);
        return;
      }
      case 'persist':
        if (this.ready !== undefined) this.#persist(this.ready);
        return;
      case 'apply':
        if (this.ready !== undefined && this.isPersisted) this.#apply(this.ready);
        return;
      case 'advance':
        if (
          this.ready === undefined ||
          !this.isPersisted ||
          this.appliedIndex < (this.ready.committed.at(-1)?.index ?? 0)
        )
          return;
        this.raft.advance(this.ready);
        this.ready = undefined;
        this.isPersisted = false;
        if (this.raft.role === 'leader') this.#seeLeader();
        return;
      case 'compact':
        this.#compact();
        return;
      case 'crash':
        this.raft = this.#start();
        this.ready = undefined;
        this.isPersisted = false;
        this.ledTerm = 0;
        this.appliedIndex = this.snapshotIndex;
    }
  }

  #start(): Raft {
    const raft = new Raft(ALONE, this.disk, this.snapshotIndex);
    raft.campaign();
    return raft;
  }

  #persist({ hardState, entries }: Ready): void {
    const firstIndex = entries[0]?.index ?? Infinity;
    this.disk = {
      ...this.disk,
      hardState: hardState ?? this.disk.hardState,
      entries: [...this.disk.entries.filter(({ index }) => index < firstIndex), ...entries],
    };
    this.isPersisted = true;
  }

  #apply({ committed }: Ready): void {
    for (const entry of committed.filter(({ index }) => index > this.appliedIndex)) {
      expect(entry.index, 'applied in order').toBe(this.appliedIndex + 1);
      expect(this.disk.entries, 'S4: what is committed is durable').toContainEqual(entry);
      const seen = this.applied.get(entry.index);
      if (seen !== undefined) expect(entry, 'S3: a committed entry never changes').toEqual(seen);
      this.applied.set(entry.index, entry);
      this.appliedIndex = entry.index;
    }
  }

  #seeLeader(): void {
    const { term } = this.raft;
    expect(this.disk.hardState, 'S1: a leader has its own durable vote').toMatchObject({ term, votedFor: 1 });
    if (this.ledTerm !== term) expect(this.termsLed.has(term), 'S1: two leaders of one term').toBe(false);
    this.ledTerm = term;
    this.termsLed.add(term);
  }

  #compact(): void {
    const { appliedIndex } = this.raft;
    if (appliedIndex <= this.disk.compactedIndex) return;
    const appliedTerm = this.raft.termAt(appliedIndex);
    this.snapshotIndex = appliedIndex;
    const entries = this.disk.entries.filter(({ index }) => index > appliedIndex);
    this.disk = { ...this.disk, entries, compactedIndex: appliedIndex, compactedTerm: appliedTerm };
    this.raft.compact(appliedIndex);
  }

  #check(): void {
    const { raft, disk } = this;
    expect(raft.appliedIndex).toBeLessThanOrEqual(raft.commitIndex);
    expect(raft.commitIndex).toBeLessThanOrEqual(raft.lastIndex);
    expect(disk.hardState.commitIndex, 'the commit index on disk never leads').toBeLessThanOrEqual(
      disk.compactedIndex + disk.entries.length,
    );
    expect(raft.term, 'S6: the term never goes back').toBeGreaterThanOrEqual(disk.hardState.term);
  }
}

test('S1 to S6 hold through proposals, crashes and compaction at any moment', () => {
  let appliedCount = 0;
  let leaderCount = 0;
  fc.assert(
    fc.property(steps, (each) => {
      const world = new World();
      for (const step of each) world.run(step);
      appliedCount += world.applied.size;
      leaderCount += world.termsLed.size;
    }),
    PROPERTY_DEFAULTS,
  );
  expect(appliedCount, 'the runs did something').toBeGreaterThan(1_000);
  expect(leaderCount, 'the runs had leaders after crashes').toBeGreaterThan(300);
});

test('S7: an accepted proposal is applied at its index and term, once it is persisted and nothing crashes', () => {
  fc.assert(
    fc.property(steps, (each) => {
      const world = new World();
      for (const step of each) world.run(step);
      const sinceCrash = world.accepted.filter(({ term }) => term === world.raft.term);
      for (let round = 0; round < 8; round += 1)
        for (const step of ['persist', 'apply', 'advance'] as const) world.run(step);
      for (const { index, term } of sinceCrash) expect(world.applied.get(index)?.term).toBe(term);
      expect(world.raft.hasReady()).toBe(false);
    }),
    PROPERTY_DEFAULTS,
  );
});
