import type { AuditRow } from './catalog-store.ts';

/** A member of the meta group, as the asked node knows it. What only a leader knows is absent elsewhere. */
export interface MetaMember {
  readonly id: number;
  /** `outgoing`: its vote counts until the change of membership that is under way is complete. */
  readonly role: 'voter' | 'outgoing' | 'learner';
  readonly isLeader: boolean;
  /** Up to here its log is durable and the leader's. */
  readonly matchIndex?: number | undefined;
  /** Entries that it lacks. */
  readonly lag?: number | undefined;
  readonly state?: 'probing' | 'replicating' | 'snapshot' | undefined;
  /** It has answered the leader within an election timeout. */
  readonly isActive?: boolean | undefined;
}

/** How a meta node is. */
export interface MetaStatus {
  readonly clusterId: string;
  readonly peerId: number;
  /** Of its disk: another disk is another peer. */
  readonly diskId: string;
  /** Starts on this disk so far. */
  readonly boot: number;
  readonly role: 'follower' | 'preCandidate' | 'candidate' | 'leader';
  readonly term: number;
  /** 0: not known. */
  readonly leaderId: number;
  readonly compactedIndex: number;
  readonly appliedIndex: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
  readonly catalogVersion: number;
  /** Where the membership stands in the log. */
  readonly membershipIndex: number;
  /** Its log was damaged and has not been restored by the others yet. */
  readonly isRecovering: boolean;
  readonly members: readonly MetaMember[];
}

/** What an operator may ask of any meta node; what only the leader can do is passed on to it. */
export interface MetaControl {
  metaStatus(): MetaStatus;
  /**
   * Makes the peer a member: a learner first, a voter once it has the log. Resolves when it votes. Asked again, it goes on.
   * @throws DbError META_UNAVAILABLE, META_NOT_LEADER when it must be asked again, META_CONTROL when it cannot be
   */
  joinPeer(peer: number): Promise<void>;
  /** Resolves when the peer has no vote any more, and never will again. @throws as `joinPeer` */
  removePeer(peer: number): Promise<void>;
  /** Hands leadership over; 0: to the voter that is most up to date. @returns who leads @throws as `joinPeer` */
  transferLeadership(peer: number): Promise<number>;
  /** Takes a snapshot of this node's catalog now and cuts its log. @returns how far it reaches */
  takeSnapshot(): Promise<number>;
  /** Accepted commands, newest first, of this node. */
  readAudit(rowCountMax: number): Promise<readonly AuditRow[]>;
}
