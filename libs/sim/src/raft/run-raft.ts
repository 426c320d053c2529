import type { Prng } from '@varve/base';
import { RaftGroup, RIGHT_RAFT, type RaftUnderTest } from './raft-group.ts';
import { RaftOperator } from './raft-operator.ts';
import type { RaftPeer } from './raft-peer.ts';
import { drawSettings, electionTimeoutMsMax } from './raft-settings.ts';
import type { RaftCounts } from './raft-tally.ts';
import { RaftTroubles } from './raft-troubles.ts';

export interface RaftRunOptions {
  readonly seed: number;
  /** Something with a planted bug; what is right when absent. */
  readonly underTest?: RaftUnderTest;
  readonly onLine?: (line: string) => void;
}

/** What a run came to. No problem: every invariant held at every step. */
export interface RaftRun {
  readonly seed: number;
  /** Each begins with the number of its invariant. */
  readonly problems: readonly string[];
  readonly traceHash: string;
  readonly eventCount: number;
  readonly simulatedMs: number;
  readonly counts: RaftCounts;
}

/**
 * A group of peers and nothing else, under everything that may happen to it: first all troubles at random, then a quorum is
 * healed and must come to life while the rest stays broken, then all are healed and must become equal.
 */
export function runRaft({ seed, underTest = RIGHT_RAFT, onLine }: RaftRunOptions): RaftRun {
  const run = new Run(seed, underTest, onLine);
  run.all();
  return run.result();
}

class Run {
  readonly #seed: number;
  readonly #group: RaftGroup;
  readonly #prng: Prng;
  readonly #troubles: RaftTroubles;
  readonly #operator: RaftOperator;

  constructor(seed: number, underTest: RaftUnderTest, onLine: ((line: string) => void) | undefined) {
    const group = new RaftGroup(seed, drawSettings, underTest, onLine);
    this.#seed = seed;
    this.#group = group;
    this.#prng = group.time.prng.fork();
    this.#troubles = new RaftTroubles(group);
    this.#operator = new RaftOperator(group, this.#troubles);
  }

  /** A peer that stops itself with a broken assertion has failed as well. */
  all(): void {
    try {
      this.#chaos();
      this.#troubles.end();
      const core = this.#pickCore();
      this.#comeToLife(core);
      this.#staySettled(core);
      this.#becomeEqual();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#group.watch.fail('stopped', 0, error.message);
    }
  }

  result(): RaftRun {
    const { watch, time, tally } = this.#group;
    const { nowMs: simulatedMs, eventCount, traceHash } = time;
    return { seed: this.#seed, problems: watch.problems, traceHash, eventCount, simulatedMs, counts: tally.counts };
  }

  /** Everything at random. */
  #chaos(): void {
    const { time } = this.#group;
    this.#troubles.drawNetwork();
    const troubleProbability = this.#prng.pick([0.2, 0.6, 0.9]);
    const changeProbability = this.#prng.pick([0.1, 0.4, 0.8]);
    const endMs = time.nowMs + this.#prng.between(CHAOS_MS_MIN, CHAOS_MS_MAX);
    while (time.nowMs < endMs && !this.#group.hasFailed) {
      if (this.#prng.chance(troubleProbability)) this.#troubles.disturb();
      if (this.#prng.chance(changeProbability)) this.#operator.operate();
      time.runFor(this.#prng.between(10, 200), () => this.#group.hasFailed);
    }
  }

  /** As few as can decide, in every configuration that may hold, of those whose disks are well. */
  #pickCore(): readonly RaftPeer[] {
    const core: RaftPeer[] = [];
    const shuffled = this.#group.peers.toSorted(() => this.#prng.fraction() - 0.5);
    for (const peer of shuffled) {
      if (this.#group.canDecide((id) => core.some((each) => each.id === id))) break;
      if (this.#group.isIntact(peer.id)) core.push(peer);
    }
    return core;
  }

  /**
   * I17: these run and reach each other, the rest is as broken as it was and breaks on: within twenty election timeouts
   * somebody leads, and a command that is asked for from now on is acknowledged.
   */
  #comeToLife(core: readonly RaftPeer[]): void {
    const { clients, time, settings, watch } = this.#group;
    if (this.#group.hasFailed) return;
    this.#group.say(`core: ${namesOf(core)}`);
    this.#group.heal(core);
    clients.startOver();
    const isAlive = (): boolean => clients.freshCount > 0;
    const endMs = time.nowMs + LIVELY_TIMEOUT_COUNT * electionTimeoutMsMax(settings);
    while (time.nowMs < endMs && !isAlive() && !this.#group.hasFailed) {
      if (this.#prng.chance(0.3)) this.#troubles.disturbOutside(core);
      time.runFor(electionTimeoutMsMax(settings) / 4, () => this.#group.hasFailed || isAlive());
    }
    if (!this.#group.hasFailed && !isAlive()) {
      watch.fail('I17', 0, `peers ${namesOf(core)} are well and do nothing new for ${LIVELY_TIMEOUT_COUNT} election timeouts`);
    }
  }

  /** I17: and then nobody elects again and again, neither these nor those that reach nobody. */
  #staySettled(core: readonly RaftPeer[]): void {
    const { time, settings, watch } = this.#group;
    if (this.#group.hasFailed) return;
    const termOf = (): number => Math.max(...this.#group.peers.map(({ raft }) => raft?.term ?? 0));
    const term = termOf();
    time.runFor(SETTLED_TIMEOUT_COUNT * electionTimeoutMsMax(settings), () => this.#group.hasFailed);
    if (this.#group.hasFailed || termOf() <= term + TERM_GROWTH_MAX) return;
    watch.fail('I17', 0, `the term goes from ${term} to ${termOf()}, and peers ${namesOf(core)} are in peace`);
  }

  /** I17: all are healed: members have everything soon, and no change is left half done. */
  #becomeEqual(): void {
    const { time, settings, watch, clients } = this.#group;
    if (this.#group.hasFailed) return;
    this.#group.network.heal();
    this.#group.heal(this.#group.peers);
    const lastIndex = watch.ghost.committedIndex;
    const hasAll = ({ raft }: RaftPeer): boolean => raft!.appliedIndex >= lastIndex && !raft!.isRecovering;
    clients.startOver();
    const isEqual = (): boolean => clients.freshCount > 0 && this.#group.membership.outgoing.length === 0 && this.#members().every(hasAll);
    time.runFor(LIVELY_TIMEOUT_COUNT * electionTimeoutMsMax(settings), () => this.#group.hasFailed || isEqual());
    if (this.#group.hasFailed || isEqual()) return;
    const states = this.#members().map(({ id, raft }) => `${id} has ${raft!.appliedIndex}${raft!.isRecovering ? ' and recovers' : ''}`);
    watch.fail('I17', 0, `all are well and have not come to ${lastIndex}, or a change has not come to its end: ${states.join(', ')}`);
  }

  #members(): readonly RaftPeer[] {
    const { voters, learners } = this.#group.membership;
    return this.#group.peers.filter(({ id }) => voters.includes(id) || learners.includes(id));
  }
}

const CHAOS_MS_MIN = 1_000;
const CHAOS_MS_MAX = 5_000;
const LIVELY_TIMEOUT_COUNT = 20;
const SETTLED_TIMEOUT_COUNT = 6;
const TERM_GROWTH_MAX = 5;

function namesOf(peers: readonly RaftPeer[]): string {
  return peers.map(({ id }) => id).join();
}
