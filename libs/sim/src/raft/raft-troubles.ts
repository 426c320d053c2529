import type { Prng } from '@varve/base';
import type { RaftGroup } from './raft-group.ts';
import type { RaftNetworkFaults } from './raft-network.ts';
import { CRASH_POINTS, type RaftPeer } from './raft-peer.ts';

/** Everything that may be done to a group, one thing at a time, by chance. */
export class RaftTroubles {
  readonly #group: RaftGroup;
  readonly #prng: Prng;
  /** Makes some runs rich in one kind of trouble. */
  readonly #kinds: readonly ((peer: RaftPeer) => void)[];

  /** What is parted stays so. */
  #isOver = false;

  constructor(group: RaftGroup) {
    this.#group = group;
    this.#prng = group.time.prng.fork();
    const all: readonly (readonly [number, (peer: RaftPeer) => void])[] = [
      [6, (peer) => this.#crash(peer)],
      [5, (peer) => this.#crashAtPoint(peer)],
      [1, () => this.#cutPowerOfAll()],
      [2, (peer) => this.#damage(peer)],
      [1, (peer) => this.#wipe(peer)],
      [1, (peer) => this.#failSync(peer)],
      [2, (peer) => this.#slowDisk(peer)],
      [3, (peer) => this.#pause(peer)],
      [2, (peer) => this.#shiftClock(peer)],
      [6, (peer) => this.#part(peer)],
      [2, () => this.drawNetwork()],
    ];
    const favourite = this.#prng.between(0, all.length - 1);
    this.#kinds = all.flatMap(([weight, act], at) => Array.from({ length: at === favourite ? 3 * weight : weight }, () => act));
  }

  /**
   * Most troubles pass by themselves; some stay until something else ends them. They prefer the leader, whose absence
   * matters most, and like company.
   */
  disturb(): void {
    this.disturbOne(this.#pickVictim());
    if (this.#prng.chance(0.25)) this.disturbOne(this.#pickVictim());
  }

  disturbOne(peer: RaftPeer | undefined): void {
    if (peer !== undefined) this.#prng.pick(this.#kinds)(peer);
  }

  /** What is broken stays broken, and often something is. */
  end(): void {
    this.#isOver = true;
    const victim = this.#pickVictim();
    if (victim !== undefined && this.#prng.chance(0.7)) this.#part(victim);
  }

  /** Not these, and nothing that reaches them. */
  disturbOutside(core: readonly RaftPeer[]): void {
    const outside = this.#group.peers.filter((peer) => !core.includes(peer));
    if (outside.length === 0) return;
    const peer = this.#prng.pick(outside);
    this.#prng.pick([this.#crash, this.#crashAtPoint, this.#slowDisk, this.#pause, this.#shiftClock]).call(this, peer);
  }

  /** For all messages from now on. */
  drawNetwork(): void {
    this.#group.network.faults = drawFaults(this.#prng);
  }

  #pickVictim(): RaftPeer | undefined {
    const { leader, peers } = this.#group;
    if (leader !== undefined && this.#prng.chance(0.4)) return leader;
    return peers.length === 0 ? undefined : this.#prng.pick(peers);
  }

  #crash(peer: RaftPeer): void {
    if (peer.raft === undefined) return this.#group.restart(peer);
    this.#did('crashBetween', peer);
    peer.crash();
    if (this.#prng.chance(0.85)) this.#group.restartLater(peer);
  }

  #crashAtPoint(peer: RaftPeer): void {
    if (peer.raft !== undefined) peer.crashAt(this.#prng.pick(CRASH_POINTS));
  }

  #cutPowerOfAll(): void {
    const running = this.#group.peers.filter(({ raft }) => raft !== undefined);
    this.#group.tally.add('powerLoss');
    this.#group.say('the power of all is cut');
    for (const peer of running) peer.crash();
    for (const peer of running) this.#group.restartLater(peer);
  }

  /** Not of so many that what is left could not decide any more. */
  #damage(peer: RaftPeer): void {
    if (!this.#maySpare(peer)) return;
    if (peer.raft !== undefined) peer.crash();
    const isLoss = this.#prng.chance(0.5);
    if (isLoss ? peer.disk.loseEntries() : peer.disk.flipBit()) this.#did(isLoss ? 'writesLost' : 'bitFlip', peer);
    this.#group.watch.onDiskLoss(peer);
    this.#group.restartLater(peer);
  }

  #wipe(peer: RaftPeer): void {
    if (!this.#maySpare(peer)) return;
    this.#did('diskWiped', peer);
    this.#group.forget(peer);
  }

  /** An error of the disk ends the process: whether the data is there, the next start will show. */
  #failSync(peer: RaftPeer): void {
    if (peer.raft === undefined) return;
    this.#did('syncError', peer);
    peer.crash();
    this.#group.restartLater(peer, 2_000);
  }

  #slowDisk(peer: RaftPeer): void {
    this.#did('diskSlow', peer);
    peer.writeMsMax = this.#prng.pick([2, 20, 60, 150]);
    this.#later(1_500, () => (peer.writeMsMax = 5));
  }

  #pause(peer: RaftPeer): void {
    if (peer.raft === undefined) return;
    this.#did('pause', peer);
    peer.pause(this.#prng.between(20, 600));
  }

  #shiftClock(peer: RaftPeer): void {
    const { electionTickCount, tickMs } = this.#group.settings;
    const kind = this.#prng.pick(['clockForward', 'clockStopped', 'tickRate'] as const);
    this.#did(kind, peer);
    if (kind === 'clockForward') peer.jumpClock(this.#prng.between(1, 4 * electionTickCount));
    else if (kind === 'clockStopped') peer.stopClock(this.#prng.between(1, 4 * electionTickCount) * tickMs);
    else peer.tickRate = this.#prng.pick([0.4, 0.8, 1.25, 2.5]);
  }

  #part(peer: RaftPeer): void {
    const { network, peers } = this.#group;
    if (peers.length < 2) return;
    const ids = peers.map(({ id }) => id).toSorted(() => this.#prng.fraction() - 0.5);
    const others = ids.filter((id) => id !== peer.id);
    const kind = this.#prng.pick(['partition', 'isolation', 'oneWay', 'oneWay', 'linkCut', 'bridge', 'ring'] as const);
    const half = this.#prng.between(1, ids.length - 1);
    this.#did(kind, peer);
    if (kind === 'partition') network.part(ids.slice(0, half), ids.slice(half));
    else if (kind === 'isolation') network.part([peer.id], others);
    else if (kind === 'oneWay') network.cutAll(...this.#prng.pick<[number[], number[]]>([[[peer.id], others], [others, [peer.id]]]));
    else if (kind === 'linkCut') network.part([peer.id], [this.#prng.pick(others)]);
    else if (kind === 'bridge') network.bridge(others);
    else network.ring(ids);
    if (this.#prng.chance(0.85)) this.#later(800, () => this.#isOver || network.heal());
  }

  /** Without this one's promises the others can still decide, whatever becomes of the changes under way. */
  #maySpare(peer: RaftPeer): boolean {
    return this.#group.canDecide((id) => id !== peer.id && this.#group.isIntact(id));
  }

  #later(delayMsMax: number, act: () => void): void {
    this.#group.time.after(this.#prng.between(50, delayMsMax), act);
  }

  #did(what: Parameters<RaftGroup['tally']['add']>[0], peer: RaftPeer): void {
    this.#group.tally.add(what);
    this.#group.time.note(peer.id, what.length);
    this.#group.say(`trouble: ${what} at peer ${peer.id}`);
  }
}

function drawFaults(prng: Prng): RaftNetworkFaults {
  return {
    delayMsMax: prng.pick([2, 10, 40]),
    lossProbability: prng.pick([0, 0.05, 0.3]),
    duplicateProbability: prng.pick([0, 0.1, 0.5]),
    lateProbability: prng.pick([0, 0.02]),
  };
}
