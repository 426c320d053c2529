import type { DurationMs, Prng } from '@varve/base';
import { EMPTY_MEMBERSHIP, foundingState, Raft, type Membership, type RaftMessage, type StoredState } from '@varve/raft';
import { isQuorum } from './checks/quorums.ts';
import { RaftWatch } from './checks/raft-watch.ts';
import { RaftClients } from './raft-clients.ts';
import { BLANK_STATE, RaftDisk, type StoredSnapshot } from './raft-disk.ts';
import { CALM_RAFT_NETWORK, RaftNetwork } from './raft-network.ts';
import { RaftPeer, WRITE_MS_MAX, type MachineClass, type RaftClass, type RaftPeerWorld } from './raft-peer.ts';
import type { RaftSettings } from './raft-settings.ts';
import { RaftTally } from './raft-tally.ts';
import { RaftTime } from './raft-time.ts';
import { SessionMachine } from './session-machine.ts';

/** What is under test: the right classes, or some with a planted bug. */
export interface RaftUnderTest {
  readonly RaftClass: RaftClass;
  readonly MachineClass: MachineClass;
}

/** As it is. */
export const RIGHT_RAFT: RaftUnderTest = { RaftClass: Raft, MachineClass: SessionMachine };

/** Peers with their disks, the network between them, their clients, and everything that is remembered of them. */
export class RaftGroup {
  readonly settings: RaftSettings;
  readonly time: RaftTime;
  readonly tally = new RaftTally();
  readonly watch: RaftWatch;
  readonly network: RaftNetwork;
  readonly clients: RaftClients;
  /** Where a line is written for everything that happens, if anybody wants to read it. */
  readonly onLine: ((line: string) => void) | undefined;
  readonly #world: RaftPeerWorld;
  readonly #peers: RaftPeer[] = [];
  readonly #prng: Prng;
  #greatestId = 0;

  constructor(seed: number, settings: (prng: Prng) => RaftSettings, underTest: RaftUnderTest, onLine?: (line: string) => void) {
    this.onLine = onLine;
    this.time = new RaftTime(seed);
    this.#prng = this.time.prng.fork();
    this.settings = settings(this.#prng);
    this.watch = new RaftWatch(this.settings);
    this.network = new RaftNetwork(this.time, this.tally, this.#deliver.bind(this));
    this.#world = {
      ...underTest,
      settings: this.settings,
      time: this.time,
      watch: this.watch,
      tally: this.tally,
      send: this.network.send.bind(this.network),
      snapshotOf: this.#snapshotOf.bind(this),
      onApplied: (peer, entry, answer) => this.clients.onApplied(peer, entry, answer),
      onRead: (peer, id) => {
        this.watch.onRead(peer, id);
        this.clients.onRead(peer);
      },
      onCrashed: (peer) => this.restartLater(peer),
    };
    this.#found();
    this.clients = new RaftClients(this);
    for (const peer of this.#peers) peer.start();
  }

  /** All that there ever were and whose disk is not gone, in the order of their ids. */
  get peers(): readonly RaftPeer[] {
    return this.#peers;
  }

  /** Nobody has had a greater one. */
  get greatestId(): number {
    return this.#greatestId;
  }

  get hasFailed(): boolean {
    return this.watch.problems.length > 0;
  }

  /** Who leads in the greatest term, among those that run. */
  get leader(): RaftPeer | undefined {
    const leading = this.#peers.filter(({ raft }) => raft?.role === 'leader');
    return leading.toSorted((left, right) => right.raft!.term - left.raft!.term)[0];
  }

  /** The newest that was ever committed. */
  get membership(): Membership {
    return this.watch.ghost.membership;
  }

  peer(id: number): RaftPeer {
    return this.#peers.find((each) => each.id === id)!;
  }

  say(line: string): void {
    this.onLine?.(`${this.time.nowMs.toFixed(1).padStart(9)} ${line}`);
  }

  /** A new peer with a blank disk and an id that nobody has had. */
  addPeer(): RaftPeer {
    const peer = this.#newPeer(this.#greatestId + 1, BLANK_STATE);
    peer.start();
    return peer;
  }

  /** Whose disk is gone, or whom nobody needs any more: it is never heard of again. */
  forget(peer: RaftPeer): void {
    if (peer.raft !== undefined) peer.crash();
    peer.disk.wipe();
    this.#peers.splice(this.#peers.indexOf(peer), 1);
    this.watch.ghost.gone.add(peer.id);
    this.watch.onDiskLoss(peer);
  }

  restartLater(peer: RaftPeer, delayMsMax: DurationMs = RESTART_MS_MAX): void {
    this.say(`peer ${peer.id} has crashed`);
    this.time.after(this.#prng.between(10, delayMsMax), () => this.restart(peer));
  }

  restart(peer: RaftPeer): void {
    if (peer.raft !== undefined || peer.disk.isWiped) return;
    this.say(`peer ${peer.id} starts`);
    peer.start();
  }

  /** From now on these peers are well and reach each other; whatever else is as it is. */
  heal(peers: readonly RaftPeer[]): void {
    this.network.faults = CALM_RAFT_NETWORK;
    for (const peer of peers) {
      peer.pause(0);
      peer.stopClock(0);
      peer.crashAt(undefined);
      peer.writeMsMax = WRITE_MS_MAX;
      peer.tickRate = 1;
      this.restart(peer);
      for (const other of peers) this.network.open(peer.id, other.id);
    }
  }

  /**
   * Every configuration that may decide from here on: the committed one, those in any log behind it, and what they become
   * when they are no longer joint.
   */
  configurations(): readonly Pick<Membership, 'voters' | 'outgoing'>[] {
    const known = this.#peers.map((peer) => peer.raft?.membership ?? this.watch.ghost.seenOf(peer)?.membership ?? EMPTY_MEMBERSHIP);
    return [this.membership, ...known].filter(({ voters }) => voters.length > 0).flatMap((each) => [each, { voters: each.voters, outgoing: [] }]);
  }

  /** Whether these peers can decide, whichever configuration turns out to hold. In the beginning the founder alone knows of one. */
  canDecide(ids: (id: number) => boolean): boolean {
    return (ids(FOUNDER_ID) || this.watch.ghost.committedIndex > 1) && this.configurations().every((each) => isQuorum(each, ids));
  }

  /** Its disk has everything that it ever promised. */
  isIntact(id: number): boolean {
    const peer = this.#peers.find((each) => each.id === id);
    return peer !== undefined && !peer.disk.isDamaged && peer.raft?.isRecovering !== true;
  }

  /** One peer founds the group, the others begin with nothing and learn of it. */
  #found(): void {
    const ids = Array.from({ length: this.settings.voterCount }, (_, at) => at + 1);
    for (const id of ids) this.#newPeer(id, id === FOUNDER_ID ? foundingState(ids) : BLANK_STATE);
    this.watch.ghost.peers = this.#peers;
  }

  #newPeer(id: number, founding: StoredState): RaftPeer {
    const peer = new RaftPeer(id, new RaftDisk(founding, this.#prng.fork(), this.tally), this.#world);
    this.#peers.push(peer);
    this.#greatestId = Math.max(this.#greatestId, id);
    return peer;
  }

  #deliver(message: RaftMessage): void {
    this.time.note(message.from, message.to, message.term);
    const peer = this.#peers.find(({ id }) => id === message.to);
    if (peer?.raft === undefined) return;
    if (this.onLine !== undefined) this.say(`${message.from} → ${message.to} ${describe(message)}`);
    peer.deliver(message);
  }

  #snapshotOf(from: number, asker: number): StoredSnapshot | undefined {
    const isReachable = this.network.isOpen(asker, from) && this.network.isOpen(from, asker);
    const peer = this.#peers.find(({ id }) => id === from);
    return isReachable && peer?.isUp === true ? peer.appliedSnapshot : undefined;
  }
}

const FOUNDER_ID = 1;
const RESTART_MS_MAX: DurationMs = 300;

function describe(message: RaftMessage): string {
  const facts = Object.entries(message).filter(([name]) => !['kind', 'from', 'to', 'entries'].includes(name));
  const entries = message.kind === 'append' ? ` entries ${message.entries.map(({ index, term }) => `${term}:${index}`).join()}` : '';
  return `${message.kind} ${facts.map(([name, fact]) => `${name} ${JSON.stringify(fact)}`).join(' ')}${entries}`;
}
