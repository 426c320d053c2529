import type { Prng } from '@varve/base';
import type { Entry } from '@varve/raft';
import type { RaftGroup } from './raft-group.ts';
import type { RaftPeer } from './raft-peer.ts';
import { encodeSessionCommand, type SessionAnswer } from './session-machine.ts';

/** One that asks for a command at a time, until it knows that it is done. */
interface Client {
  readonly id: number;
  seq: number;
  /** Where it asked, and where the command was taken. */
  asked: { readonly peer: RaftPeer; readonly run: number; readonly index: number; readonly term: number } | undefined;
  /** When it asks again. */
  patienceEndsMs: number;
  /** Its newest command; -1: not asked for yet. */
  firstAskedMs: number;
}

/** Clients of the group: each sends its commands one after the other, the same one until it is acknowledged, and reads. */
export class RaftClients {
  readonly #group: RaftGroup;
  readonly #prng: Prng;
  readonly #clients: readonly Client[];
  /** Where the leader was, as far as they know. */
  #hint: RaftPeer | undefined;
  #isPaused = false;
  #readCount = 0;
  #freshCount = 0;
  #startedOverMs = 0;

  constructor(group: RaftGroup) {
    this.#group = group;
    this.#prng = group.time.prng.fork();
    this.#clients = Array.from({ length: group.settings.clientCount }, (_, at) => ({
      id: at + 1,
      seq: 1,
      asked: undefined,
      patienceEndsMs: 0,
      firstAskedMs: -1,
    }));
    for (const client of this.#clients) this.#workLater(client);
  }

  /** Commands that were first asked for since they started over, and are acknowledged. */
  get freshCount(): number {
    return this.#freshCount;
  }

  /** The peer has applied a command at its place: who asked there, and waits for that very entry, is told. */
  onApplied(peer: RaftPeer, { index, term }: Entry, { command, answer, isNew }: SessionAnswer): void {
    const { tally, watch } = this.#group;
    if (!isNew) tally.add('repeatedCommand');
    const client = this.#clients[command.client - 1];
    const asked = client?.asked;
    if (client === undefined || asked?.peer !== peer || asked.run !== peer.run || asked.index !== index) return;
    client.asked = undefined;
    client.patienceEndsMs = 0;
    if (asked.term !== term || client.seq !== command.seq) return;
    // The answer may be lost on its way; then the client asks again, and must get the same one.
    if (this.#prng.chance(this.#group.network.faults.lossProbability)) return;
    watch.onAck({ command, index, answer });
    tally.add('acked');
    if (client.firstAskedMs >= this.#startedOverMs) this.#freshCount += 1;
    client.seq += 1;
    client.firstAskedMs = -1;
  }

  onRead(peer: RaftPeer): void {
    this.#group.tally.add(peer.raft!.role === 'leader' ? 'readAtLeader' : 'readAtFollower');
  }

  /** They ask for nothing more until they go on. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** From now on nobody waits for what was asked before. */
  startOver(): void {
    this.#freshCount = 0;
    this.#startedOverMs = this.#group.time.nowMs;
    for (const client of this.#clients) client.patienceEndsMs = 0;
  }

  #workLater(client: Client): void {
    const { time, settings } = this.#group;
    time.after(this.#prng.between(1, settings.clientIntervalMsMax), () => {
      if (!this.#isPaused && this.#prng.chance(READ_PROBABILITY)) this.#read();
      if (!this.#isPaused) this.#propose(client);
      this.#workLater(client);
    });
  }

  #propose(client: Client): void {
    const { time, tally } = this.#group;
    if (client.patienceEndsMs > time.nowMs) return;
    const peer = this.#pickPeer();
    if (peer === undefined) return;
    const { run } = peer;
    const outcome = peer.propose(encodeSessionCommand({ client: client.id, seq: client.seq }));
    this.#hint = outcome.kind === 'notLeader' ? this.#leaderOf(peer) : peer;
    if (outcome.kind === 'full') tally.add('proposalFull');
    if (outcome.kind !== 'accepted') return;
    tally.add(client.firstAskedMs === -1 ? 'proposed' : 'retried');
    if (client.firstAskedMs === -1) client.firstAskedMs = time.nowMs;
    client.patienceEndsMs = time.nowMs + this.#prng.between(20, 400);
    client.asked = { peer, run, index: outcome.index, term: outcome.term };
  }

  /** Of those that believe to lead, half of the time: one of them may be wrong. */
  #read(): void {
    const leading = this.#group.peers.filter(({ isUp, raft }) => isUp && raft!.role === 'leader');
    const peer = leading.length > 0 && this.#prng.chance(0.5) ? this.#prng.pick(leading) : this.#pickAny();
    if (peer === undefined) return;
    this.#readCount += 1;
    this.#group.watch.onReadBegins(peer, this.#readCount);
    peer.read(this.#readCount);
  }

  /** Where the leader is thought to be, or anybody. */
  #pickPeer(): RaftPeer | undefined {
    const isKnown = this.#hint?.isUp === true && this.#prng.chance(0.9);
    return isKnown ? this.#hint : this.#pickAny();
  }

  #pickAny(): RaftPeer | undefined {
    const up = this.#group.peers.filter(({ isUp }) => isUp);
    return up.length === 0 ? undefined : this.#prng.pick(up);
  }

  #leaderOf({ raft }: RaftPeer): RaftPeer | undefined {
    return this.#group.peers.find(({ id }) => id === raft?.leaderId);
  }
}

const READ_PROBABILITY = 0.4;
