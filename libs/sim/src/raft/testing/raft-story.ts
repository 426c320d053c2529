import { expect } from 'vitest';
import { RaftGroup, RIGHT_RAFT } from '../raft-group.ts';
import type { RaftPeer } from '../raft-peer.ts';
import { electionTimeoutMsMax, PLAIN_SETTINGS, type RaftSettings } from '../raft-settings.ts';

/** A group to which one thing happens. Its clients work all the time, and every check looks at every step. */
export class RaftStory {
  readonly group: RaftGroup;

  /** Led, and with everything known to everybody. */
  constructor(settings: Partial<RaftSettings> = {}) {
    this.group = new RaftGroup(SEED, () => ({ ...PLAIN_SETTINGS, ...settings }), RIGHT_RAFT);
    this.expectProgress();
    this.passTimeouts(2);
  }

  /** Who leads; there is one. */
  get leader(): RaftPeer {
    const { leader } = this.group;
    expect(leader, 'a leader').toBeDefined();
    return leader!;
  }

  /** Those that do not lead, in the order of their ids. */
  get followers(): readonly RaftPeer[] {
    const { leader } = this;
    return this.group.peers.filter((peer) => peer !== leader);
  }

  /** The greatest one that anybody knows. */
  get term(): number {
    return Math.max(...this.group.peers.map(({ raft }) => raft?.term ?? 0));
  }

  passTimeouts(count: number): void {
    this.group.time.runFor(count * electionTimeoutMsMax(this.group.settings));
    this.expectRight();
  }

  /** I17: within twenty election timeouts commands are acknowledged that were asked for after now. */
  expectProgress(): void {
    const { clients, time, settings } = this.group;
    clients.startOver();
    time.runFor(20 * electionTimeoutMsMax(settings), () => clients.freshCount > 0);
    expect(clients.freshCount, 'commands acknowledged').toBeGreaterThan(0);
    this.expectRight();
  }

  /** Elections come to an end, and commands are acknowledged. */
  expectSettled(): void {
    this.expectProgress();
    const { term } = this;
    this.passTimeouts(10);
    expect(this.term - term, 'terms in ten election timeouts').toBeLessThanOrEqual(5);
    this.expectProgress();
  }

  expectRight(): void {
    expect(this.group.watch.problems).toEqual([]);
  }

  /** Everything is well again: all members have what was committed before now. */
  expectEqual(): void {
    const { group } = this;
    const lastIndex = group.watch.ghost.committedIndex;
    group.network.heal();
    group.heal(group.peers);
    this.passTimeouts(20);
    for (const { id, raft } of group.peers) {
      expect(raft!.appliedIndex, `applied by peer ${id}`).toBeGreaterThanOrEqual(lastIndex);
      expect(raft!.isRecovering, `peer ${id} recovers`).toBe(false);
    }
  }
}

const SEED = 1;
