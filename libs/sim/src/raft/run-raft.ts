import type { Prng } from '@varve/base';
import { Raft } from '@varve/raft';
import { RaftChecks } from './raft-checks.ts';
import { CALM_RAFT_NETWORK, RaftNetwork, type RaftNetworkFaults } from './raft-network.ts';
import { RaftPeer, type Applied, type RaftClass } from './raft-peer.ts';
import { RaftTime } from './raft-time.ts';

export interface RaftRunOptions {
  readonly seed: number;
  readonly peerCount: number;
  /** One with a planted bug; the right one when absent. */
  readonly RaftClass?: RaftClass;
}

/** What a run came to. No problem: every invariant held at every step, nothing acknowledged was lost, and it came to life again. */
export interface RaftRun {
  readonly problems: readonly string[];
  readonly traceHash: string;
  readonly counts: {
    readonly events: number;
    readonly terms: number;
    readonly acked: number;
    readonly crashesInWrite: number;
    readonly installs: number;
    readonly lost: number;
    readonly duplicated: number;
    readonly cutOff: number;
  };
}

const CHAOS_MS = 4_000;
/** Twenty of the longest election timeouts. */
const LIVENESS_MS = 20 * 240;

/**
 * A group of peers and nothing else, under everything that may happen to it: first all faults at random, then a quorum
 * is healed and must make progress while the rest stays as it is, then all are healed and must become equal.
 */
export function runRaft(options: RaftRunOptions): RaftRun {
  const run = new Run(options);
  try {
    run.chaos();
    run.heal(run.pickQuorum());
    run.heal(run.ids);
    run.compare();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    run.checks.problems.push(`a peer stopped: ${error.message}`);
  }
  return run.result();
}

class Run {
  readonly ids: readonly number[];
  readonly checks = new RaftChecks();
  readonly #time: RaftTime;
  readonly #prng: Prng;
  readonly #network: RaftNetwork;
  readonly #peers: readonly RaftPeer[];
  /** Commands that a peer has taken, until it applies them at their place. */
  readonly #waiting = new Map<number, { readonly peer: RaftPeer; readonly index: number; readonly term: number; readonly run: number }>();
  readonly #acked: { readonly index: number; readonly command: number }[] = [];
  #command = 0;

  constructor({ seed, peerCount, RaftClass = Raft }: RaftRunOptions) {
    this.#time = new RaftTime(seed);
    this.#prng = this.#time.prng;
    this.#network = new RaftNetwork(this.#time, (message) => {
      this.#time.note(message.from, message.to, message.term);
      this.#peer(message.to).deliver(message);
    });
    this.ids = Array.from({ length: peerCount }, (_, at) => at + 1);
    const world = {
      RaftClass,
      time: this.#time,
      checks: this.checks,
      send: this.#network.send.bind(this.#network),
      appliedOf: this.#appliedOf.bind(this),
    };
    this.#peers = this.ids.map((id) => new RaftPeer(id, this.ids, world));
    this.checks.watch(this.#peers);
    for (const peer of this.#peers) peer.start();
    this.#proposeLater();
  }

  /** Everything at random. */
  chaos(): void {
    this.#network.faults = pickFaults(this.#prng);
    const endMs = this.#time.nowMs + CHAOS_MS;
    while (this.#time.nowMs < endMs && !this.#hasFailed) {
      this.#disturb();
      this.#time.runFor(this.#prng.between(10, 200), () => this.#hasFailed);
    }
  }

  pickQuorum(): readonly number[] {
    const shuffled = this.ids.toSorted(() => this.#prng.fraction() - 0.5);
    return shuffled.slice(0, Math.floor(this.ids.length / 2) + 1);
  }

  /**
   * From now on these peers run and reach each other. If they are a quorum, a new command must be acknowledged, whatever
   * becomes of the others; if they are all, it must be applied everywhere.
   */
  heal(ids: readonly number[]): void {
    this.#network.faults = CALM_RAFT_NETWORK;
    for (const id of ids) {
      const peer = this.#peer(id);
      peer.pause(0);
      peer.writeMsMax = 5;
      if (peer.raft === undefined) peer.start();
      for (const other of ids) this.#network.open(id, other);
    }
    const lastCommand = this.#command;
    const isAlive = (): boolean => {
      const newest = this.#acked.at(-1);
      if (newest === undefined || newest.command <= lastCommand) return false;
      return ids.length < this.ids.length || this.#peers.every(({ applied }) => applied.index >= newest.index);
    };
    this.#time.runFor(LIVENESS_MS, () => this.#hasFailed || isAlive());
    if (!this.#hasFailed && !isAlive()) this.checks.problems.push(`${ids.join()} are well and do nothing new within ${LIVENESS_MS} ms`);
  }

  /** What was acknowledged is there, once, and all peers are the same. */
  compare(): void {
    if (this.#hasFailed) return;
    for (const { index, command } of this.#acked) {
      if (this.checks.commands.get(index) !== command) this.checks.problems.push(`the acknowledged command ${command} at ${index} is lost`);
    }
    const commands = [...this.checks.commands.values()];
    if (new Set(commands).size !== commands.length) this.checks.problems.push('a command was applied twice');
  }

  result(): RaftRun {
    const { lost, duplicated, cutOff } = this.#network.counts;
    const sum = (countOf: (peer: RaftPeer) => number): number => this.#peers.reduce((total, peer) => total + countOf(peer), 0);
    return {
      problems: this.checks.problems,
      traceHash: this.#time.traceHash,
      counts: {
        events: this.#time.eventCount,
        terms: this.checks.leaders.size,
        acked: this.#acked.length,
        crashesInWrite: sum(({ counts }) => counts.crashesInWrite),
        installs: sum(({ counts }) => counts.installs),
        lost,
        duplicated,
        cutOff,
      },
    };
  }

  get #hasFailed(): boolean {
    return this.checks.problems.length > 0;
  }

  #peer(id: number): RaftPeer {
    return this.#peers[id - 1]!;
  }

  #appliedOf(from: number, asker: number): Applied | undefined {
    const isReachable = this.#network.isOpen(asker, from) && this.#network.isOpen(from, asker);
    return isReachable && this.#peer(from).raft !== undefined ? this.#peer(from).applied : undefined;
  }

  #proposeLater(): void {
    this.#time.after(this.#prng.between(1, 20), () => {
      this.#acknowledge();
      const peer = this.#prng.pick(this.#peers);
      this.#command += 1;
      const taken = peer.propose(this.#command);
      if (taken !== undefined) this.#waiting.set(this.#command, { ...taken, peer, run: peer.run });
      this.#proposeLater();
    });
  }

  /** As the service does: the peer that took it says so once it has applied it. */
  #acknowledge(): void {
    for (const [command, { peer, index, term, run }] of this.#waiting) {
      if (peer.run === run && peer.applied.index < index) continue;
      this.#waiting.delete(command);
      if (peer.run === run && this.checks.committed.get(index) === term) this.#acked.push({ index, command });
    }
  }

  /** Most faults pass by themselves; some stay until something else heals them. */
  #disturb(): void {
    const prng = this.#prng;
    const peer = prng.pick(this.#peers);
    const others = this.ids.filter((id) => id !== peer.id);
    const drawn = prng.between(0, 99);
    this.#time.note(peer.id, drawn);
    if (drawn < 30) this.#crash(peer);
    else if (drawn < 40) peer.pause(prng.between(20, 400));
    else if (drawn < 50) peer.writeMsMax = prng.pick([2, 5, 20, 150]);
    else if (drawn < 58) this.#cut([peer.id], others);
    else if (drawn < 66) this.#cut(others, [peer.id]);
    else if (drawn < 74) this.#cut([peer.id], [prng.pick(others)]);
    else if (drawn < 82) this.#split();
    else if (drawn < 90) this.#network.faults = pickFaults(prng);
    else for (const each of this.#peers) each.writeMsMax = 5;
  }

  #crash(peer: RaftPeer): void {
    if (peer.raft === undefined) return peer.start();
    peer.crash();
    if (this.#prng.chance(0.8)) this.#time.after(this.#prng.between(10, 300), () => peer.raft === undefined && peer.start());
  }

  #cut(from: readonly number[], to: readonly number[]): void {
    for (const sender of from) for (const receiver of to) this.#network.cut(sender, receiver);
    if (this.#prng.chance(0.8)) this.#time.after(this.#prng.between(50, 600), () => this.#network.heal());
  }

  #split(): void {
    const left = this.ids.filter(() => this.#prng.chance(0.5));
    const right = this.ids.filter((id) => !left.includes(id));
    this.#cut(left, right);
    this.#cut(right, left);
  }
}

function pickFaults(prng: Prng): RaftNetworkFaults {
  return {
    delayMsMax: prng.pick([2, 10, 40]),
    lossProbability: prng.pick([0, 0.05, 0.3]),
    duplicateProbability: prng.pick([0, 0.1, 0.5]),
    lateProbability: prng.pick([0, 0.02]),
  };
}
