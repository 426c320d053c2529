import { DbError } from '@varve/base';
import { serve } from '@varve/kit';
import type { BusMessage, CatalogSnapshot, Subscription, Timer } from '@varve/ports';
import type { NeededSnapshot, Raft, RaftMessage } from '@varve/raft';
import { metrics as names } from '@varve/telemetry';
import type { Subjects } from '@varve/wire';
import type { CatalogMachine } from './catalog-machine.ts';
import { ControlPath } from './control-path.ts';
import { openMessage, sealMessage } from './envelope.ts';
import type { PeerDisks } from './peer-disks.ts';
import type { MetaRaftConfig, MetaRaftPorts } from './ports.ts';
import { PeerFigures } from './peer-figures.ts';
import { ProposePath } from './propose-path.ts';
import { CatalogPublisher } from './publish-catalog.ts';
import { RaftLoop } from './raft-loop.ts';
import { ReadPath } from './read-path.ts';
import { leftText, type GroupView } from './roll-call.ts';
import { serveSnapshots } from './snapshot-path.ts';
import { Snapshots } from './snapshot.ts';
import { tickIntervalMsOf } from './ticks.ts';

/** What a peer is made of when it takes part. */
export interface RunningPeerParts {
  readonly raft: Raft;
  readonly machine: CatalogMachine;
  readonly disks: PeerDisks;
  readonly subjects: Subjects;
  /** Another peer's snapshot; undefined when it could not be had. */
  readonly fetch: (needed: NeededSnapshot) => Promise<CatalogSnapshot | undefined>;
}

/** For the message that asks another peer to lead. */
const HAND_OVER_GRACE_MS = 200;
/** For the answer to who has removed this peer: it comes behind a proposal of its own, which may have to be sent twice. */
const REMOVED_GRACE_MS = 3_000;

/**
 * A peer that takes part: messages, ticks and proposals go into Raft, and the loop does what comes out. It serves as a
 * leader once it has applied the first entry of its own term, and gives way when it leads no more.
 */
export class RunningPeer {
  readonly raft: Raft;
  readonly machine: CatalogMachine;
  readonly loop: RaftLoop;
  readonly control: ControlPath;
  readonly reads: ReadPath;
  readonly #ports: MetaRaftPorts;
  readonly #config: MetaRaftConfig;
  readonly #parts: RunningPeerParts;
  readonly #proposals: ProposePath;
  readonly #snapshots: Snapshots;
  readonly #figures: PeerFigures;
  readonly #publisher: CatalogPublisher;
  /** While it leads. */
  #proposing: Subscription | undefined;
  #subscriptions: readonly Subscription[] = [];
  #ticking: Timer | undefined;
  #ending: Timer | undefined;
  #isFetching = false;
  #isStopped = false;

  constructor(ports: MetaRaftPorts, config: MetaRaftConfig, parts: RunningPeerParts) {
    const { raft, machine, subjects } = parts;
    const { clock, metrics, tracer, raftLog } = ports;
    this.raft = raft;
    this.machine = machine;
    this.#ports = ports;
    this.#config = config;
    this.#parts = parts;
    this.#figures = new PeerFigures(ports, { raft, heartbeatIntervalMs: config.raftHeartbeatIntervalMs });
    this.#snapshots = new Snapshots({ raft, machine }, ports, { entryCount: config.snapshotEntryCount });
    this.loop = new RaftLoop({ raft, machine, snapshots: this.#snapshots }, {
      ...{ raftLog, clock, metrics },
      send: (message) => this.#send(message),
      onApplied: (entry, result) => this.#proposals.onApplied(entry, result, machine.catalog.version),
      onRead: (read) => this.reads.onConfirmed(read),
      onAdvanced: () => this.#onAdvanced(),
      onSnapshotNeeded: (needed) => void this.#fetch(needed),
      onFailure: (error) => this.#fail(error),
    });
    const onAppended = (): void => this.loop.wake();
    this.#proposals = new ProposePath({ raft, clock, metrics, tracer, onAppended }, config);
    this.reads = new ReadPath({ raft, clock, random: ports.random, onAsked: onAppended });
    this.#publisher = new CatalogPublisher(ports, { machine, subjects, linearize: () => this.reads.linearize() });
    this.control = new ControlPath(ports, { raft, subjects, onChanged: onAppended });
  }

  /** Alone it resolves when it leads and everything that was committed before is applied. */
  async start(): Promise<void> {
    const { bus, log } = this.#ports;
    const { subjects } = this.#parts;
    const { id } = this.raft;
    this.#subscriptions = [
      bus.subscribe(subjects.raft(id), (message) => this.#onMessage(message)),
      serveSnapshots(this.#ports, { subjects, peer: id }, () => this.#snapshots.current()),
      this.control.serve(),
      this.#publisher.serve(),
    ];
    if (this.#isAlone()) this.raft.campaign();
    else log.info('Taking part in the meta group', { peerId: id, voters: this.raft.membership.voters.join() });
    await this.loop.run();
    this.#tickUnlessAlone();
    await bus.subscribed();
  }

  async drain(): Promise<void> {
    if (this.loop.failure === undefined) await this.loop.finish();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (!this.#isAlone()) this.#handOver();
    this.#ticking?.cancel();
    this.#ending?.cancel();
    this.reads.stop();
    this.#endReign();
    this.#publisher.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.drain();
  }

  /** Another one leads at once, and who waits for an answer asks it. */
  #handOver(): void {
    const message = this.raft.resign();
    if (message !== undefined) this.#send(message);
    this.#proposals.giveWay();
  }

  problems(): readonly string[] {
    if (this.loop.failure !== undefined) return ['the catalog log cannot be written or read any more'];
    const leaderless = this.raft.leaderId === 0 ? ['the meta group has no leader that this node knows of'] : [];
    const recovering = this.raft.isRecovering ? ['the catalog log of this node was damaged and is not whole again yet'] : [];
    return [...leaderless, ...recovering];
  }

  /** What others are told when they make themselves known. */
  view(): GroupView {
    const { raft } = this;
    const kept = new Map(raft.followers().map(({ id, matchIndex }) => [id, Math.min(matchIndex, raft.commitIndex)]));
    return {
      membership: raft.membership,
      membershipIndex: raft.membershipIndex,
      promisedIndex: Number.MAX_SAFE_INTEGER, // its log grows while a question is on its way: who takes part has been asked before
      hasLeft: (id) => raft.hasLeft(id),
      keptIndexOf: (id) => kept.get(id) ?? 0,
    };
  }

  #send(message: RaftMessage): void {
    this.#ports.bus.publish(this.#parts.subjects.raft(message.to), sealMessage(message, this.#parts.disks.self));
  }

  /** Only from a disk that is known: whoever has lost what it promised does not speak for that peer. */
  #onMessage({ payload }: BusMessage): void {
    const { metrics, log } = this.#ports;
    const { disks } = this.#parts;
    try {
      const { message, sender } = openMessage(payload, disks.self.clusterId);
      if (!disks.isBelieved(sender) || this.raft.step(message) === 'foreign') metrics.add(names.raftMessagesRefused, 1);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      metrics.add(names.raftMessagesRefused, 1);
      log.warn('Unreadable message of a meta node dropped', { reason: error.message });
    }
    this.#goOn();
  }

  #isAlone(): boolean {
    const { membership, id } = this.raft;
    return membership.voters.join() === String(id) && membership.outgoing.length === 0 && membership.learners.length === 0;
  }

  /** Who is alone and leads has nobody to wait for. */
  #tickUnlessAlone(): void {
    if (this.#ticking !== undefined || this.#isStopped || (this.#isAlone() && this.raft.role === 'leader')) return;
    const { clock } = this.#ports;
    const intervalMs = tickIntervalMsOf(this.#config);
    const dueMs = clock.monotonicMs() + intervalMs;
    this.#ticking = clock.after(intervalMs, () => {
      this.#ticking = undefined;
      const lateMs = Math.max(0, clock.monotonicMs() - dueMs);
      this.#figures.ofTick(lateMs, clock.monotonicMs());
      if (lateMs > this.#config.raftElectionTimeoutMs) this.#resign('Stood still for longer than an election timeout', { lateMs });
      this.raft.tick();
      this.#goOn();
      this.#figures.ofFollowers();
      this.#tickUnlessAlone();
    });
  }

  /** What it knows of the group may be out of date (R30). */
  #resign(why: string, facts: object): void {
    if (this.raft.role !== 'leader') return;
    this.#ports.log.warn(`${why}; giving up the lead of the meta group`, { ...facts, term: this.raft.term });
    this.raft.resign();
  }

  #goOn(): void {
    this.loop.wake();
    this.#followRole();
    this.#maybeEnd();
  }

  #onAdvanced(): void {
    this.reads.onApplied();
    this.#publisher.onApplied();
    this.#followRole();
    this.#tickUnlessAlone();
    this.#maybeEnd();
  }

  /** It was removed, perhaps by itself: whoever asked for that is answered first. */
  #maybeEnd(): void {
    if (!this.raft.isRemoved || this.#ending !== undefined || this.#isStopped) return;
    const left = new DbError('META_IDENTITY', leftText(this.raft.id));
    this.#proposals.fail(left);
    this.#ending = this.#ports.clock.after(REMOVED_GRACE_MS, () => this.#ports.onFatal(left));
  }

  /** Takes over once everything that was committed before its term is applied here, and gives way when it leads no more. */
  #followRole(): void {
    const { raft, machine } = this;
    const { metrics, log } = this.#ports;
    this.#figures.ofPeer();
    const leads = !this.#isStopped && raft.role === 'leader' && raft.termAt(raft.appliedIndex) === raft.term;
    if (leads === (this.#proposing !== undefined)) return;
    metrics.set(names.raftIsLeader, leads ? 1 : 0);
    if (leads) {
      metrics.add(names.raftElectionsWon, 1);
      log.info('Leading the meta group', { term: raft.term, catalogVersion: machine.catalog.version });
      this.#beginReign();
    } else {
      log.info('Leading the meta group no more', { term: raft.term });
      this.#endReign();
      this.#proposals.giveWay();
    }
  }

  #beginReign(): void {
    const { bus, log } = this.#ports;
    const at = { subject: this.#parts.subjects.metaPropose, askedKind: 'metaPropose', answerKind: 'metaProposed' } as const;
    this.#proposing = serve({ bus, log }, at, (asked) => this.#proposals.propose(asked));
    this.#publisher.lead();
  }

  #endReign(): void {
    this.#proposing?.unsubscribe();
    this.#proposing = undefined;
    this.#publisher.giveWay();
    this.#figures.ofFollowers();
  }

  async #fetch(needed: NeededSnapshot): Promise<void> {
    if (this.#isFetching || this.#isStopped) return;
    this.#isFetching = true;
    const snapshot = await this.#parts.fetch(needed);
    this.#isFetching = false;
    if (snapshot !== undefined) this.loop.install(snapshot);
  }

  /** Every waiting proposal is told, a leader asks another one to lead at once, and the process ends. */
  #fail(error: unknown): void {
    const { log, bus, clock, onFatal } = this.#ports;
    this.#proposals.fail(new DbError('META_UNAVAILABLE', 'this meta node has failed; retry', {}, { cause: error }));
    this.#endReign();
    log.error('The catalog log has failed; this meta node ends', { error });
    const handOver = this.raft.resign();
    if (handOver === undefined) return onFatal(error);
    this.#send(handOver);
    // After a round trip the message has left; without NATS there is none, and nothing is waited for.
    const end = once(() => onFatal(error));
    bus.subscribed().then(end, end);
    clock.after(HAND_OVER_GRACE_MS, end);
  }
}

function once(call: () => void): () => void {
  let isCalled = false;
  return () => {
    if (!isCalled) call();
    isCalled = true;
  };
}
