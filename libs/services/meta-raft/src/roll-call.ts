import { DbError, type DurationMs } from '@varve/base';
import { pause, request, serve } from '@varve/kit';
import type { Bus, Clock, Log, RaftLogStore, Subscription, Timer } from '@varve/ports';
import { isMember, type Membership } from '@varve/raft';
import type { Header, Subjects, WireMessage } from '@varve/wire';
import { olderStateOf, PeerDisks } from './peer-disks.ts';

/** What this peer knows of the group: from its disk before it takes part, from Raft then. */
export interface GroupView {
  /** Without voters on a blank disk. */
  readonly membership: Membership;
  readonly membershipIndex: number;
  /** Where this peer's log ends, or ended before it was damaged. */
  readonly promisedIndex: number;
  hasLeft(peer: number): boolean;
  /** What that peer's log must hold: committed entries that it is known to have; 0 when nothing is known. */
  keptIndexOf(peer: number): number;
}

export interface RollCallParts {
  readonly disks: PeerDisks;
  readonly view: () => GroupView;
  /** Whom this peer was told to found the group with. */
  readonly voters: readonly number[];
  readonly subjects: Subjects;
}

export interface RollCallPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly raftLog: Pick<RaftLogStore, 'remember'>;
}

type Answer = Header<'raftHelloIs'>;

const ANSWER_TIMEOUT_MS: DurationMs = 500;
const PAUSE_MS: DurationMs = 100;
/** Between two lines that say whom it waits for. */
const SAY_EVERY_MS: DurationMs = 5_000;
/** While a peer takes part it goes on making itself known to those that have not answered yet. */
const LATER_INTERVAL_MS: DurationMs = 1_000;

/**
 * Before a peer takes part it makes itself known to the others, and hears who it is to them (M11–M14).
 *
 *   disk with a log     goes on once a quorum has heard which disk it is, and nobody knows better
 *   blank, a founder    the least of the configured voters founds the group, once all of them have said that they are blank
 *   blank otherwise     waits until the group counts it as a member, and a quorum has heard which disk it is
 */
export class RollCall {
  readonly #ports: RollCallPorts;
  readonly #parts: RollCallParts;
  readonly #answers = new Map<number, Answer>();
  /** Peers with a log that have called: there is a group. */
  readonly #haveLogs = new Set<number>();
  #onLateRefusal: (refusal: DbError) => void = () => undefined;
  #later: Timer | undefined;
  #isOver = false;

  constructor(ports: RollCallPorts, parts: RollCallParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  /** Answers the calls of others, from now on. */
  serve(): Subscription {
    const { bus, log } = this.#ports;
    const { disks, subjects } = this.#parts;
    const at = { subject: subjects.raftHello(disks.self.peerId), askedKind: 'raftHello', answerKind: 'raftHelloIs' } as const;
    return serve({ bus, log }, at, (asked) => this.#answer(asked));
  }

  /**
   * Resolves when this peer may take part: with the group as it is, or as the one that founds it. A peer that answers only
   * later may still know better.
   * @throws DbError META_IDENTITY when the group knows that this is not, or no longer, the peer that it says it is
   */
  async call(onLateRefusal: (refusal: DbError) => void): Promise<'takesPart' | 'founds'> {
    const { clock, log } = this.#ports;
    this.#onLateRefusal = onLateRefusal;
    let saidMs = -Infinity;
    for (;;) {
      await this.#askAll();
      if (this.#isOver) throw new DbError('STOPPING', 'this meta node is stopping');
      const verdict = this.#verdict();
      if (typeof verdict === 'string') return verdict;
      if (clock.monotonicMs() - saidMs >= SAY_EVERY_MS) {
        saidMs = clock.monotonicMs();
        log.info(verdict.text, { peerId: this.#parts.disks.self.peerId, missing: verdict.missing.join() });
      }
      await pause(clock, PAUSE_MS);
    }
  }

  /** Goes on calling those that have not answered, in the background, for as long as this peer takes part. */
  callTheRest(): void {
    if (this.#isOver) return;
    this.#later = this.#ports.clock.after(LATER_INTERVAL_MS, () => void this.#askTheRest());
  }

  stop(): void {
    this.#isOver = true;
    this.#later?.cancel();
  }

  async #askTheRest(): Promise<void> {
    await this.#askAll();
    const refusal = this.#refusal();
    if (refusal !== undefined && !this.#isOver) this.#onLateRefusal(refusal);
    else this.callTheRest();
  }

  #refusal(): DbError | undefined {
    const text = [...this.#answers.values()].find((answer) => answer.refusal !== undefined)?.refusal;
    return text === undefined ? undefined : new DbError('META_IDENTITY', text);
  }

  /** Everybody that this peer has heard of and that has not answered yet. */
  get #missing(): readonly number[] {
    const { disks, voters, view } = this.#parts;
    const { membership } = view();
    const heard = [...this.#haveLogs, ...[...this.#answers.values()].flatMap(({ members }) => members)];
    const all = new Set([...voters, ...membership.voters, ...membership.outgoing, ...membership.learners, ...heard]);
    return [...all].filter((peer) => peer !== disks.self.peerId && !this.#answers.has(peer)).sort((left, right) => left - right);
  }

  /** Who waits to be a member, or for a founder, asks everybody again. */
  async #askAll(): Promise<void> {
    const again = this.#newest().members.includes(this.#parts.disks.self.peerId) ? [] : [...this.#answers.keys()];
    await Promise.all([...new Set([...this.#missing, ...again])].map((peer) => this.#ask(peer)));
  }

  async #ask(peer: number): Promise<void> {
    if (this.#isOver) return;
    const { disks, view, voters, subjects } = this.#parts;
    const { peerId: from, diskId, boot, run } = disks.self;
    const { membership, promisedIndex } = view();
    const header = { from, diskId, boot, run, isBlank: membership.voters.length === 0, lastIndex: promisedIndex, voters, known: disks.texts };
    const to = { subject: subjects.raftHello(peer), timeoutMs: ANSWER_TIMEOUT_MS, answerKind: 'raftHelloIs' } as const;
    try {
      const { header: answer } = await request(this.#ports.bus, to, { kind: 'raftHello', header });
      const claim = { peerId: peer, diskId: answer.diskId, boot: answer.boot };
      if (membership.voters.length > 0 && disks.problemOf(claim) !== undefined) return; // it speaks for nobody
      await this.#learn([claim, ...PeerDisks.read(answer.known)]);
      this.#answers.set(peer, answer);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      // It has not answered, whatever it said: a message that cannot be read is its own mistake, or that of an upgrade.
      this.#ports.log.debug('A meta node has not answered', { peer, code: error.code, reason: error.message });
    }
  }

  #verdict(): 'takesPart' | 'founds' | { readonly text: string; readonly missing: readonly number[] } {
    const { disks, voters, view } = this.#parts;
    const { self } = disks;
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
    const missing = this.#missing;
    const newest = this.#newest();
    if (newest.voters.length === 0) return this.#verdictOnFounding(missing);
    if ([...this.#answers.values()].some(({ standing }) => standing === 'left')) throw new DbError('META_IDENTITY', leftText(self.peerId));
    if (!newest.members.includes(self.peerId)) return { text: 'Waiting to be made a member of the meta group: POST /join?peer= at one of its nodes', missing };
    const isBlank = view().membership.voters.length === 0;
    const counted = newest.voters.filter((voter) => this.#answers.has(voter) || (voter === self.peerId && !isBlank));
    const hasAllOthers = newest.voters.every((voter) => voter === self.peerId || this.#answers.has(voter));
    if (2 * counted.length > newest.voters.length || hasAllOthers) return 'takesPart';
    return { text: 'Waiting for a quorum of the meta group', missing: voters.length === 1 ? newest.voters : missing };
  }

  #verdictOnFounding(missing: readonly number[]): 'founds' | { readonly text: string; readonly missing: readonly number[] } {
    const { disks, voters } = this.#parts;
    if (missing.length > 0) return { text: 'Waiting for the other meta nodes, to found the group', missing };
    const { peerId } = disks.self;
    if (this.#haveLogs.size > 0) return { text: 'Waiting to be made a member of the meta group that is there: POST /join?peer= at one of its nodes', missing: [...this.#haveLogs] };
    const isFounder = voters.includes(peerId) && peerId === Math.min(...voters);
    return isFounder ? 'founds' : { text: 'Waiting for the meta group to be founded', missing: [Math.min(...voters)] };
  }

  /** The membership that is furthest in anybody's log. */
  #newest(): Pick<Answer, 'membershipIndex' | 'members' | 'voters'> {
    const own = membershipOf(this.#parts.view());
    return [...this.#answers.values()].reduce<Pick<Answer, 'membershipIndex' | 'members' | 'voters'>>((newest, answer) => (answer.membershipIndex > newest.membershipIndex ? answer : newest), own);
  }

  async #answer({ header }: WireMessage<'raftHello'>): Promise<{ readonly header: Answer }> {
    const { disks, view } = this.#parts;
    const { membership, hasLeft } = view();
    const isBlank = membership.voters.length === 0;
    const refusal = this.#refusalOf(header, isBlank);
    if (!header.isBlank) this.#haveLogs.add(header.from);
    if (refusal === undefined) {
      const { from: peerId, diskId, boot, run } = header;
      await this.#learn([{ peerId, diskId, boot, run }, ...PeerDisks.read(header.known)]);
    }
    const standing = isBlank ? 'blank' : isMember(membership, header.from) ? 'member' : hasLeft(header.from) ? 'left' : 'stranger';
    const { diskId, boot } = disks.self;
    return { header: { diskId, boot, standing, ...membershipOf(view()), known: disks.texts, refusal } };
  }

  /** Among blank peers a disk may be replaced, since none has promised anything yet; but they must be told the same. */
  #refusalOf(header: Header<'raftHello'>, isBlank: boolean): string | undefined {
    const { disks, voters, view } = this.#parts;
    const { from: peerId, diskId, boot, run, lastIndex } = header;
    if (peerId === disks.self.peerId) return `two processes run as meta peer ${peerId}`;
    if (isBlank && header.isBlank) {
      if (header.voters.toSorted().join() === voters.toSorted().join()) return undefined;
      return `peer ${peerId} was told to found the meta group with the voters ${header.voters.join()}, peer ${disks.self.peerId} with ${voters.join()}: give both the same`;
    }
    const problem = isBlank ? undefined : disks.problemOf({ peerId, diskId, boot, run });
    return problem ?? (lastIndex < view().keptIndexOf(peerId) ? olderStateOf(peerId) : undefined);
  }

  /** Durable before anybody relies on it. What is not believed was refused, or is hearsay that is older than what is known. */
  async #learn(claims: readonly { readonly peerId: number; readonly diskId: string; readonly boot: number; readonly run?: string }[]): Promise<void> {
    const { disks } = this.#parts;
    const isBlank = this.#parts.view().membership.voters.length === 0;
    for (const claim of claims) {
      if (!isBlank && disks.problemOf(claim) !== undefined) continue;
      const { peerId, diskId, boot } = claim;
      if (disks.isNews(claim)) await this.#ports.raftLog.remember({ peerId, diskId, boot });
      disks.learn(claim);
    }
  }
}

function membershipOf({ membership, membershipIndex }: GroupView): Pick<Answer, 'membershipIndex' | 'members' | 'voters'> {
  const { voters, outgoing, learners } = membership;
  return { membershipIndex, voters, members: [...new Set([...voters, ...outgoing, ...learners])] };
}

/** For people. */
export function leftText(peerId: number): string {
  return `peer ${peerId} was removed from the meta group; a new peer with a new id and an empty data directory can take its place`;
}
