import { assert, DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { newBootId, pause, type Service } from '@varve/kit';
import type { AuditRow, CatalogSnapshot, MetaControl, MetaStatus, Random, Subscription } from '@varve/ports';
import { foundingState, isMember, membersOf, storedMembership, type NeededSnapshot, type RaftConfig } from '@varve/raft';
import { subjectsOf, type Subjects } from '@varve/wire';
import { FeatureReport } from './feature-report.ts';
import { statusOf } from './meta-status.ts';
import { PeerDisks } from './peer-disks.ts';
import type { MetaRaftConfig, MetaRaftPorts } from './ports.ts';
import { readDisk, restore, type StoredPeer } from './restore.ts';
import { RollCall, type GroupView } from './roll-call.ts';
import { RunningPeer } from './running-peer.ts';
import { fetchSnapshot } from './snapshot-path.ts';
import { termWith } from './snapshot.ts';
import { tickIntervalMsOf, TICKS_PER_HEARTBEAT } from './ticks.ts';

/**
 * A meta node: a member of the Raft group that decides every change to the catalog. Before it takes part it makes itself
 * known to the others; whoever leads takes proposals, the others copy the log.
 */
export function createMetaRaft(ports: MetaRaftPorts, config: MetaRaftConfig): Service & MetaControl {
  return new MetaRaft(ports, config);
}

const REFETCH_PAUSE_MS = 200;

class MetaRaft implements Service, MetaControl {
  readonly #ports: MetaRaftPorts;
  readonly #config: MetaRaftConfig;
  readonly #subjects: Subjects;
  readonly #features: FeatureReport;
  #disks: PeerDisks | undefined;
  #stored: StoredPeer | undefined;
  #rollCall: RollCall | undefined;
  #hello: Subscription | undefined;
  #peer: RunningPeer | undefined;
  #isStopped = false;

  constructor(ports: MetaRaftPorts, config: MetaRaftConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#subjects = subjectsOf(config.clusterId);
    this.#features = new FeatureReport(ports, { subjects: this.#subjects, peerId: config.peerId });
  }

  /**
   * Alone it resolves when it leads and has applied everything that was committed before; in a group, when it takes part.
   * @throws DbError META_IDENTITY when its disk is not, or no longer, that of the peer that it is to be
   */
  async start(): Promise<void> {
    const { raftLog, bus, random } = this.#ports;
    const { clusterId, peerId, voters } = this.#config;
    const { identity, known } = await raftLog.begin({ clusterId, peerId, newDiskId: newDiskId(random) });
    this.#disks = new PeerDisks({ ...identity, run: newBootId(random) }, known);
    this.#stored = await readDisk(this.#ports, voters, peerId);
    this.#rollCall = new RollCall(this.#ports, { disks: this.#disks, view: () => this.#view(), voters, subjects: this.#subjects });
    this.#hello = this.#rollCall.serve();
    await bus.subscribed();
    if ((await this.#rollCall.call((refusal) => this.#ports.onFatal(refusal))) === 'founds') await this.#found();
    else if (this.#stored.isSnapshotLost) await this.#refetch();
    if (this.#isStopped) throw new DbError('STOPPING', 'this meta node is stopping');
    await this.#takePart(this.#stored, this.#disks);
    this.#rollCall.callTheRest();
    void this.#features.report(() => this.#running().machine.catalog);
  }

  /** Proposals are taken until it stops: other services need them to drain. */
  async drain(): Promise<void> {
    await this.#peer?.drain();
  }

  /** What was accepted is finished. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#rollCall?.stop();
    this.#features.stop();
    this.#hello?.unsubscribe();
    await this.#peer?.stop();
  }

  problems(): readonly string[] {
    return this.#peer?.problems() ?? [];
  }

  metaStatus(): MetaStatus {
    const { raft, machine } = this.#running();
    return statusOf({ raft, catalogVersion: machine.catalog.version, identity: this.#disks!.self });
  }

  async joinPeer(peer: number): Promise<void> {
    await this.#running().control.act('join', peer);
  }

  async removePeer(peer: number): Promise<void> {
    await this.#running().control.act('remove', peer);
    await this.#features.forget(peer);
  }

  transferLeadership(peer: number): Promise<number> {
    return this.#running().control.act('transfer', peer);
  }

  async takeSnapshot(): Promise<number> {
    return this.#running().loop.takeSnapshot();
  }

  readAudit(rowCountMax: number): Promise<readonly AuditRow[]> {
    return this.#ports.catalogStore.readAudit(rowCountMax);
  }

  /** The first membership, on this disk alone: the others get it with the log. */
  async #found(): Promise<void> {
    const { voters, peerId } = this.#config;
    const { hardState, entries } = foundingState(voters);
    this.#ports.log.info('Founding the meta group', { voters: voters.join() });
    await this.#ports.raftLog.persist(hardState, entries);
    this.#stored = await readDisk(this.#ports, voters, peerId);
  }

  /** Another peer's catalog takes the place of the one that was lost (P11): nothing is deleted for that, and nothing begins anew. */
  async #refetch(): Promise<void> {
    const { clock, log, catalogStore, raftLog } = this.#ports;
    const { voters, peerId } = this.#config;
    const { state } = this.#stored!;
    const others = membersOf(storedMembership(state).membership).filter((id) => id !== peerId);
    for (let attempt = 0; this.#stored!.isSnapshotLost && !this.#isStopped; attempt += 1) {
      const from = others[attempt % others.length]!;
      const snapshot = await this.#maybeFetch({ from, index: state.compactedIndex });
      if (snapshot === undefined) await pause(clock, REFETCH_PAUSE_MS);
      else {
        await raftLog.persist(termWith(state.hardState, snapshot), []);
        await catalogStore.save(snapshot, []);
        log.warn('The catalog snapshot of this node was lost or damaged; it was taken over from another one', { from, appliedIndex: snapshot.appliedIndex });
        this.#stored = await readDisk(this.#ports, voters, peerId);
      }
    }
  }

  /** Who needs one asks again, so a fetch that fails is only noted. */
  async #maybeFetch(needed: NeededSnapshot): Promise<CatalogSnapshot | undefined> {
    try {
      return await fetchSnapshot(this.#ports, this.#subjects, needed);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('The catalog was not taken over from another meta node; trying again', { ...needed, code: error.code, reason: error.message });
      return undefined;
    }
  }

  async #takePart(stored: StoredPeer, disks: PeerDisks): Promise<void> {
    const { log, random } = this.#ports;
    const { raft, machine } = restore(stored, raftConfigOf(this.#config, random));
    log.info('Catalog log restored', { appliedIndex: raft.appliedIndex, entryCount: raft.lastIndex - raft.compactedIndex, term: raft.term });
    const parts = { raft, machine, disks, subjects: this.#subjects, fetch: (needed: NeededSnapshot) => this.#maybeFetch(needed) };
    this.#peer = new RunningPeer(this.#ports, this.#config, parts);
    await this.#peer.start();
  }

  #running(): RunningPeer {
    if (this.#peer === undefined) throw new DbError('STARTING', 'this meta node does not take part in its group yet; retry');
    return this.#peer;
  }

  #view(): GroupView {
    if (this.#peer !== undefined) return this.#peer.view();
    const { state } = this.#stored!;
    const { membership, membershipIndex } = storedMembership(state);
    const { membership: committed } = storedMembership({ ...state, entries: state.entries.filter(({ index }) => index <= state.hardState.commitIndex) });
    const promisedIndex = Math.max(state.compactedIndex + state.entries.length, state.damage?.lastIndex ?? 0);
    const hasLeft = (id: number): boolean => id <= committed.greatestId && !isMember(committed, id);
    return { membership, membershipIndex, promisedIndex, hasLeft, keptIndexOf: () => 0 };
  }
}

function raftConfigOf({ peerId, raftElectionTimeoutMs, raftHeartbeatIntervalMs }: MetaRaftConfig, random: Random): RaftConfig {
  const tickMs = tickIntervalMsOf({ raftHeartbeatIntervalMs });
  const electionTickCount = Math.round(raftElectionTimeoutMs / tickMs);
  assert(electionTickCount > 2 * TICKS_PER_HEARTBEAT, `an election timeout of ${raftElectionTimeoutMs} ms holds no two heartbeats of ${raftHeartbeatIntervalMs} ms`);
  return {
    id: peerId,
    electionTickCount,
    heartbeatTickCount: TICKS_PER_HEARTBEAT,
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
