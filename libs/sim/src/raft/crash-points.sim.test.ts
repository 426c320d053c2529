import { expect, test } from 'vitest';
import { CRASH_POINTS } from './raft-peer.ts';
import { RaftStory } from './testing/raft-story.ts';

test.each(CRASH_POINTS)('P01: peers crash at %s while they vote, and nobody votes twice', (point) => {
  for (const peerCount of [1, 2]) {
    const story = new RaftStory();
    const voters = story.followers.slice(0, peerCount);
    story.leader.crash();
    for (const voter of voters) voter.crashAt(point);
    story.expectProgress();
    story.expectEqual();
    expect(story.group.tally.counts[point]).toBe(peerCount);
  }
});

test.each(CRASH_POINTS)('P02: followers crash at %s while they take entries, and nothing acknowledged is lost', (point) => {
  const story = new RaftStory({ voterCount: 5 });
  for (const follower of story.followers) {
    follower.crashAt(point);
    story.expectProgress();
  }
  story.expectEqual();
  expect(story.group.tally.counts[point]).toBe(4);
});

test.each(CRASH_POINTS)('P02: the leader crashes at %s', (point) => {
  const story = new RaftStory();
  for (let round = 0; round < 5; round += 1) {
    story.leader.crashAt(point);
    story.passTimeouts(2);
    story.expectProgress();
  }
  story.expectEqual();
  expect(story.group.tally.counts[point]).toBe(5);
});

test('P03: a leader commits what a quorum of others has on disk, before its own is through', () => {
  const story = new RaftStory();
  const { leader } = story;
  const { group } = story;
  leader.writeMsMax = 100_000;
  group.time.runFor(1_000, () => leader.raft!.commitIndex > leader.disk.lastIndex);
  expect(leader.raft!.commitIndex).toBeGreaterThan(leader.disk.lastIndex);
  const { commitIndex } = leader.raft!;
  leader.crash();
  story.expectProgress();
  expect(story.leader.raft!.commitIndex).toBeGreaterThan(commitIndex);
  story.expectEqual();
});

test('P06: a transaction that was torn by a crash is cut, and the peer takes part again', () => {
  const story = new RaftStory();
  const { tally } = story.group;
  for (let round = 0; round < 20; round += 1) {
    story.followers[round % 2]!.crashAt('crashBeforeSync');
    story.passTimeouts(2);
  }
  expect(tally.counts.tornCut).toBeGreaterThan(0);
  expect(tally.counts.damageFound).toBe(0);
  story.expectEqual();
});

test('P07: a peer whose log is damaged in the middle neither leads nor helps a shorter log to lead, until it has all again', () => {
  const story = new RaftStory();
  const { leader, group } = story;
  const [damaged, other] = story.followers;
  const promised = damaged!.disk.lastIndex;
  other!.crash();
  damaged!.crash();
  while (!damaged!.disk.flipBit());
  group.network.part([damaged!.id], [leader.id]);
  damaged!.start();
  story.passTimeouts(10);
  expect(damaged!.raft!.isRecovering).toBe(true);
  expect(damaged!.raft!.role).toBe('follower');
  expect(damaged!.raft!.lastIndex).toBeLessThan(promised);
  story.expectEqual();
  expect(group.tally.counts.damageHealed).toBe(1);
});

test.each([
  ['P08', 'a minority', 2],
  ['P09', 'all but one', 4],
] as const)('%s: the logs of %s are damaged, and nothing acknowledged is lost', (_name, _who, count) => {
  const story = new RaftStory({ voterCount: 5, snapshotEntryCount: 10_000 });
  const [, ...others] = story.group.peers;
  story.group.clients.pause();
  story.passTimeouts(4);
  for (const peer of others.slice(0, count)) {
    peer.crash();
    while (!peer.disk.flipBit());
  }
  for (const peer of others.slice(0, count)) peer.start();
  story.group.clients.resume();
  story.expectEqual();
  story.expectProgress();
  expect(story.group.tally.counts.damageHealed).toBe(count);
});

test.each(CRASH_POINTS)('P20: the power of all is cut again and again, once at %s', (point) => {
  const story = new RaftStory({ voterCount: 5 });
  for (let round = 0; round < 10; round += 1) {
    story.leader.crashAt(point);
    story.group.time.runFor(30);
    for (const peer of story.group.peers) if (peer.raft !== undefined) peer.crash();
    for (const peer of story.group.peers) story.group.restart(peer);
    story.expectProgress();
  }
  story.expectEqual();
});
