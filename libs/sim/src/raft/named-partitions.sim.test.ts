import { expect, test } from 'vitest';
import { CALM_RAFT_NETWORK } from './raft-network.ts';
import { RaftStory } from './testing/raft-story.ts';

const idsOf = (peers: readonly { readonly id: number }[]): number[] => peers.map(({ id }) => id);

test('N01: a follower that a switch has cut off from the leader only deposes nobody', () => {
  const story = new RaftStory();
  const { leader, term } = story;
  story.group.network.part([leader.id], [story.followers[0]!.id]);
  story.expectSettled();
  expect(story.term).toBe(term);
});

test('N02: a peer that was alone for long comes back with the term that it left with', () => {
  const story = new RaftStory({ voterCount: 5 });
  const { leader, term } = story;
  const [alone] = story.followers;
  story.group.network.part([alone!.id], idsOf(story.group.peers));
  story.passTimeouts(20);
  expect(alone!.raft!.term).toBe(term);
  story.expectEqual();
  expect(story.leader).toBe(leader);
  expect(story.term).toBe(term);
});

test.each([1, 2, 3, 4, 5])('N03: three that reach each other lead, whoever led before: peer %i', (led) => {
  const story = new RaftStory({ voterCount: 5 });
  if (story.leader.id !== led) story.leader.transfer(led);
  story.passTimeouts(2);
  const { network } = story.group;
  network.part([4], [1, 3, 5]);
  network.part([5], [1, 2, 4]);
  story.expectSettled();
});

test.each([3, 5])('N05: each of %i reaches two neighbours only', (voterCount) => {
  const story = new RaftStory({ voterCount });
  story.group.network.ring(idsOf(story.group.peers));
  story.expectSettled();
});

test('N06: a link that comes and goes every second deposes nobody', () => {
  const story = new RaftStory();
  const { leader, term } = story;
  const [follower] = story.followers;
  for (let round = 0; round < 10; round += 1) {
    if (round % 2 === 0) story.group.network.part([leader.id], [follower!.id]);
    else story.group.network.heal();
    story.group.time.runFor(1_000);
    story.expectProgress();
  }
  expect(story.term).toBe(term);
});

test('N07: a quorum that needs the one slow peer is slow, and works', () => {
  const story = new RaftStory();
  const [slow, gone] = story.followers;
  gone!.crash();
  slow!.writeMsMax = 80;
  story.group.network.slow(story.leader.id, slow!.id, 20);
  story.expectSettled();
});

test('N08: a leader that stands still is replaced, and knows it before it answers anything', () => {
  const story = new RaftStory();
  const { leader, term } = story;
  leader.pause(1_000);
  story.passTimeouts(3);
  expect(story.leader).not.toBe(leader);
  expect(story.term).toBeGreaterThan(term);
  story.group.time.runFor(1_000);
  expect(leader.raft!.role).toBe('follower');
  story.expectEqual();
});

test('N08: a follower that stands still changes nothing', () => {
  const story = new RaftStory();
  const { leader, term } = story;
  story.followers[0]!.pause(1_000);
  story.passTimeouts(10);
  expect(story.leader).toBe(leader);
  expect(story.term).toBe(term);
});

test('N09: clocks jump forward and back, and nothing that was promised is lost', () => {
  const story = new RaftStory();
  for (const peer of story.group.peers) {
    peer.jumpClock(100);
    story.expectProgress();
    peer.stopClock(1_000);
    story.expectProgress();
  }
  story.expectEqual();
});

test('N11: with a minority down for ever the others go on', () => {
  const story = new RaftStory({ voterCount: 5 });
  for (const peer of [story.leader, story.followers[0]!]) peer.crash();
  story.expectSettled();
});

test('N12: every message comes twice', () => {
  const story = new RaftStory();
  const { term } = story;
  story.group.network.faults = { ...CALM_RAFT_NETWORK, duplicateProbability: 1 };
  story.expectSettled();
  expect(story.term).toBe(term);
});

test('N13: half of all messages are lost', () => {
  const story = new RaftStory();
  story.group.network.faults = { ...CALM_RAFT_NETWORK, lossProbability: 0.5 };
  for (let round = 0; round < 10; round += 1) story.expectProgress();
  story.expectEqual();
});
