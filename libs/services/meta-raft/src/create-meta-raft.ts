import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { newBootId, serve, serveStream, type Service } from '@varve/kit';
import type { BusMessage, Random, Subscription, Timer } from '@varve/ports';
import { decodeRaftMessage, encodeRaftMessage, type NeededSnapshot, type Raft, type RaftConfig } from '@varve/raft';
import { metrics as names } from '@varve/telemetry';
import { subjectsOf, type Subjects } from '@varve/wire';
import type { CatalogMachine } from './catalog-machine.ts';
import type { MetaRaftConfig, MetaRaftPorts } from './ports.ts';
import { ProposePath } from './propose-path.ts';
import { CatalogPublisher } from './publish-catalog.ts';
import { RaftLoop } from './raft-loop.ts';
import { fetchSnapshot, serveSnapshots } from './snapshot-path.ts';
import { restore, Snapshots } from './snapshot.ts';

/**
 * A meta node: a voter of the Raft group that decides every change to the catalog. Whoever leads takes proposals and shows
 * the catalog, once it has applied the first entry of its own term; the others copy the log.
 */
export function createMetaRaft(ports: MetaRaftPorts, config: MetaRaftConfig): Service {
  return new MetaRaft(ports, config);
}

/** A follower of the catalog that takes no more of it for so long is left. */
const STREAM_IDLE_TIMEOUT_MS = 2_000;
/** Two peers may believe to lead for a moment; a stream has one producer. */
const LEADERS_QUEUE = 'leaders';

interface Running {
  readonly raft: Raft;
  readonly machine: CatalogMachine;
  readonly loop: RaftLoop;
  readonly proposals: ProposePath;
}

/** What a leader serves. */
interface Reign {
  readonly publisher: CatalogPublisher;
  readonly subscriptions: readonly Subscription[];
}

class MetaRaft implements Service {
  readonly #ports: MetaRaftPorts;
  readonly #config: MetaRaftConfig;
  readonly #subjects: Subjects;
  #running: Running | undefined;
  #reign: Reign | undefined;
  #subscriptions: readonly Subscription[] = [];
  #ticking: Timer | undefined;
  #isFetching = false;
  #isStopped = false;

  constructor(ports: MetaRaftPorts, config: MetaRaftConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#subjects = subjectsOf(config.clusterId);
  }

  /** Alone it resolves when it leads and has applied everything that was committed before; in a group, when it takes part. */
  async start(): Promise<void> {
    const { clusterId, peerId } = this.#config;
    await this.#ports.raftLog.begin({ clusterId, peerId, newDiskId: newDiskId(this.#ports.random) });
    const { raft, machine } = await restore(this.#ports, raftConfigOf(this.#config, this.#ports.random), this.#config.voters);
    const snapshots = new Snapshots({ raft, machine }, this.#ports, { entryCount: this.#config.snapshotEntryCount });
    const loop = new RaftLoop({ raft, machine, snapshots }, {
      raftLog: this.#ports.raftLog,
      send: (message) => this.#ports.bus.publish(this.#subjects.raft(message.to), encodeRaftMessage(message)),
      onApplied: (entry, result) => {
        proposals.onApplied(entry, result, machine.catalog.version);
        this.#reign?.publisher.maybePublish(machine.catalog);
      },
      onAdvanced: () => this.#followRole(),
      onSnapshotNeeded: (needed) => void this.#fetch(needed),
      onFailure: (error) => this.#fail(error),
    });
    const proposals = new ProposePath({ raft, clock: this.#ports.clock, onAppended: () => loop.wake() }, this.#config);
    this.#running = { raft, machine, loop, proposals };
    if (this.#config.voters.length === 1) await this.#leadAlone(this.#running);
    else this.#takePart(snapshots);
    await this.#ports.bus.subscribed();
  }

  /** Proposals are taken until it stops: other services need them to drain. */
  async drain(): Promise<void> {
    const loop = this.#running?.loop;
    if (loop !== undefined && loop.failure === undefined) await loop.run();
  }

  /** What was accepted is finished. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#ticking?.cancel();
    this.#endReign();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.drain();
  }

  problems(): readonly string[] {
    const failed = this.#running?.loop.failure === undefined ? [] : ['the catalog log cannot be written or read any more'];
    const hasLeader = this.#running === undefined || this.#running.raft.leaderId !== 0;
    return [...failed, ...(hasLeader ? [] : ['the meta group has no leader that this node knows of'])];
  }

  async #leadAlone({ raft, loop }: Running): Promise<void> {
    raft.campaign();
    await loop.run();
  }

  #takePart(snapshots: Snapshots): void {
    const { bus } = this.#ports;
    const { peerId } = this.#config;
    this.#subscriptions = [
      bus.subscribe(this.#subjects.raft(peerId), (message) => this.#onMessage(message)),
      serveSnapshots(this.#ports, { subjects: this.#subjects, peer: peerId }, () => snapshots.current()),
    ];
    this.#tickLater();
    this.#ports.log.info('Taking part in the meta group', { peerId, voters: this.#config.voters.join() });
  }

  #onMessage({ payload }: BusMessage): void {
    const { raft } = this.#running!;
    try {
      if (raft.step(decodeRaftMessage(payload)) === 'foreign') this.#ports.metrics.add(names.raftMessagesRefused, 1);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.metrics.add(names.raftMessagesRefused, 1);
      this.#ports.log.warn('Unreadable message of a meta node dropped', { reason: error.message });
    }
    this.#goOn();
  }

  #tickLater(): void {
    this.#ticking = this.#ports.clock.after(LIMITS.raftTickIntervalMs, () => {
      this.#running!.raft.tick();
      this.#goOn();
      if (!this.#isStopped) this.#tickLater();
    });
  }

  #goOn(): void {
    this.#running!.loop.wake();
    this.#followRole();
  }

  /** Takes over once everything that was committed before its term is applied here, and gives way when it leads no more. */
  #followRole(): void {
    const { raft, machine, proposals } = this.#running!;
    const { metrics, log } = this.#ports;
    metrics.set(names.raftTerm, raft.term);
    metrics.set(names.raftAppliedIndex, raft.appliedIndex);
    const leads = !this.#isStopped && raft.role === 'leader' && raft.termAt(raft.appliedIndex) === raft.term;
    if (leads === (this.#reign !== undefined)) return;
    metrics.set(names.raftIsLeader, leads ? 1 : 0);
    if (leads) {
      metrics.add(names.raftElectionsWon, 1);
      log.info('Leading the meta group', { term: raft.term, catalogVersion: machine.catalog.version });
      this.#beginReign({ machine, proposals });
    } else {
      log.info('Leading the meta group no more', { term: raft.term });
      this.#endReign();
      proposals.giveWay();
    }
  }

  #beginReign({ machine, proposals }: Pick<Running, 'machine' | 'proposals'>): void {
    const { bus, clock, log } = this.#ports;
    const { metaPropose, metaCatalog } = this.#subjects;
    const publisher = new CatalogPublisher(bus, this.#subjects, machine.catalog);
    this.#reign = {
      publisher,
      subscriptions: [
        serve({ bus, log }, { subject: metaPropose, askedKind: 'metaPropose', answerKind: 'metaProposed' }, (asked) => proposals.propose(asked)),
        serveStream(
          { bus, clock, log },
          { subject: metaCatalog, queue: LEADERS_QUEUE, askedKind: 'metaCatalog', idleTimeoutMs: STREAM_IDLE_TIMEOUT_MS },
          ({ header }) => publisher.pieces(header.afterVersion),
        ),
      ],
    };
    publisher.announce(); // what was committed before and nobody has heard of
  }

  #endReign(): void {
    for (const subscription of this.#reign?.subscriptions ?? []) subscription.unsubscribe();
    this.#reign = undefined;
  }

  /** Raft asks again while it needs one, so a fetch that fails is only noted. */
  async #fetch(needed: NeededSnapshot): Promise<void> {
    if (this.#isFetching || this.#isStopped) return;
    this.#isFetching = true;
    try {
      this.#running!.loop.install(await fetchSnapshot(this.#ports, this.#subjects, needed));
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('The catalog was not taken over from another meta node; trying again', { ...needed, code: error.code, reason: error.message });
    } finally {
      this.#isFetching = false;
    }
  }

  /** Every waiting proposal is told, and the process ends. */
  #fail(error: unknown): void {
    this.#running!.proposals.fail(new DbError('META_UNAVAILABLE', 'this meta node has failed; retry', {}, { cause: error }));
    this.#ports.log.error('The catalog log has failed; this meta node ends', { error });
    this.#ports.onFatal(error);
  }
}

function raftConfigOf({ peerId }: MetaRaftConfig, random: Random): RaftConfig {
  return {
    id: peerId,
    electionTickCount: LIMITS.raftElectionTickCount,
    heartbeatTickCount: LIMITS.raftHeartbeatTickCount,
    appendSizeBytesMax: LIMITS.raftAppendSizeBytesMax,
    inFlightCountMax: LIMITS.raftInFlightCountMax,
    inFlightSizeBytesMax: LIMITS.raftInFlightSizeBytesMax,
    uncommittedSizeBytesMax: LIMITS.raftUncommittedSizeBytesMax,
    pendingReadCountMax: LIMITS.raftPendingReadCountMax,
    randomUint32: () => random.uint32(),
  };
}

/** 32 hexadecimal digits. */
function newDiskId(random: Random): string {
  return newBootId(random) + newBootId(random);
}
