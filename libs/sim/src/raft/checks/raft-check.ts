import type { Entry, RaftMessage, Ready } from '@varve/raft';
import type { DiskRecord, StoredSnapshot } from '../raft-disk.ts';
import type { RaftPeer } from '../raft-peer.ts';
import type { SessionAnswer, SessionCommand } from '../session-machine.ts';
import type { RaftStep } from './raft-ghost.ts';

/** Something is wrong at this peer. */
export type Fail = (peerId: number, what: string) => void;

/** A command whose client was told that it is done. */
export interface Ack {
  readonly command: SessionCommand;
  readonly index: number;
  readonly answer: number;
}

/** One invariant: told of everything that happens, it says when it is broken. It sees peers from outside, and changes nothing. */
export interface RaftCheck {
  /** A peer begins to run, from what was on its disk. */
  onStart?(peer: RaftPeer): void;
  /** A peer has done something that can be seen. */
  onStep?(step: RaftStep): void;
  /** A peer is about to do what this says. */
  onReady?(peer: RaftPeer, ready: Ready): void;
  onDurable?(peer: RaftPeer, records: readonly DiskRecord[]): void;
  /** What is durable on a disk has become less than it was. */
  onDiskLoss?(peer: RaftPeer): void;
  onSend?(peer: RaftPeer, message: RaftMessage): void;
  /** A peer is about to take this in. */
  onDeliver?(peer: RaftPeer, message: RaftMessage): void;
  onTick?(peer: RaftPeer): void;
  onApply?(peer: RaftPeer, entry: Entry, answer: SessionAnswer | undefined): void;
  onInstall?(peer: RaftPeer, snapshot: StoredSnapshot): void;
  onAck?(ack: Ack): void;
  onReadBegins?(peer: RaftPeer, id: number): void;
  onRead?(peer: RaftPeer, id: number): void;
}
