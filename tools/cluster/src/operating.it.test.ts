import { startNatsServer } from '@varve/nats-adapter/server';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually } from './testing/test-cluster.ts';
import { MetaNodes, refusalOf } from './testing/meta-nodes.ts';

// A group of real processes, operated over HTTP. docs/specs/operating.md has O1 to O6.

const SEEN_TIMEOUT_MS = 30_000;
/** What dashboards and alerts of the meta group are made of. */
const METRICS = [
  ...['raft_term', 'raft_applied_index', 'raft_leader', 'raft_log_length', 'raft_log_size_bytes'],
  ...['raft_elections_won_total', 'raft_leader_changes_total', 'raft_messages_refused_total', 'raft_ticks_late_total'],
  ...['raft_persist_duration_seconds_count', 'raft_apply_duration_seconds_count', 'raft_commit_duration_seconds_count', 'raft_tick_delay_seconds_count'],
].map((name) => `varve_${name}`);

async function startedNodes(): Promise<MetaNodes> {
  const nats = await startNatsServer();
  onTestFinished(() => nats.kill());
  const nodes = new MetaNodes(nats);
  await nodes.startAll();
  return nodes;
}

function valueOf(text: string, name: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(' ')[1]);
}

function lagsIn(text: string): readonly string[] {
  return [...text.matchAll(/^varve_raft_follower_lag\{peer="(\d+)"\} \d+$/gm)].map(([, peer]) => peer!).sort();
}

clusterTest('O2, O4: a fourth node joins, leads, is removed and ends; every node passes on what only the leader can do', async () => {
  const nodes = await startedNodes();
  await nodes.createDatabase('before');
  const leader = await nodes.leader();
  const [follower] = nodes.voters.filter((peer) => peer !== leader);
  const fourth = nodes.start(4);
  await fourth.untilSaid('Waiting to be made a member of the meta group');
  expect(await nodes.operate(follower!, '/join?peer=4')).toMatchObject({ status: 200, body: { peer: 4 } });
  await fourth.url();
  const { members } = await nodes.status(await nodes.leader());
  expect(members.map(({ id, role }) => [id, role])).toEqual([[1, 'voter'], [2, 'voter'], [3, 'voter'], [4, 'voter']]);

  expect(await nodes.operate(follower!, '/transfer?peer=4')).toMatchObject({ status: 200, body: { leaderId: 4 } });
  expect(await nodes.leader()).toBe(4);
  await nodes.createDatabase('led by the fourth');

  expect(await nodes.operate(4, '/remove?peer=4')).toMatchObject({ status: 200, body: { peer: 4 } });
  expect(await refusalOf(fourth)).toMatch(/^peer 4 was removed from the meta group/);
  nodes.forget(4);
  await nodes.createDatabase('without the fourth');
  expect(await nodes.leader()).not.toBe(4);

  const again = await nodes.operate(follower!, '/join?peer=4');
  expect([again.status, again.body['error']]).toEqual([400, expect.stringMatching(/4/)]);
  const unknown = await nodes.operate(follower!, '/remove?peer=9');
  expect([unknown.status, unknown.body['error'], unknown.retryAfter]).toEqual([400, 'peer 9 is no member of the meta group', null]);
  expect(await refusalOf(nodes.start(4))).toMatch(/^peer 4 was removed from the meta group/);
});

clusterTest('O6: status, audit and metrics show the group as it is; a follower shows no lag, nor does a leader that has handed over', async () => {
  const nodes = await startedNodes();
  await nodes.createDatabase('d');
  const first = await nodes.leader();
  const others = nodes.voters.filter((peer) => peer !== first);
  await eventually(SEEN_TIMEOUT_MS, 'the leader sees both followers at its end', async () => {
    const { members } = await nodes.status(first);
    return members.every(({ lag, isActive }) => lag === 0 && isActive === true);
  });
  const seen = await nodes.status(others[0]!);
  expect(seen).toMatchObject({ clusterId: 'operated', role: 'follower', leaderId: first, isRecovering: false, boot: 1 });
  expect(seen.members.every(({ lag, matchIndex }) => lag === undefined && matchIndex === undefined)).toBe(true);

  const text = await nodes.get(first, '/metrics');
  for (const name of METRICS) expect(valueOf(text, name), name).toBeDefined();
  expect(valueOf(text, 'varve_raft_commit_duration_seconds_count')).toBeGreaterThan(0);
  expect(valueOf(text, 'varve_raft_leader')).toBe(1);
  expect(valueOf(text, 'varve_raft_log_size_bytes')).toBeGreaterThan(0);
  expect(lagsIn(text)).toEqual(others.map(String));
  expect(lagsIn(await nodes.get(others[0]!, '/metrics'))).toEqual([]);

  const { body } = await nodes.operate(first, '/transfer');
  const second = Number(body['leaderId']);
  expect(others).toContain(second);
  await eventually(SEEN_TIMEOUT_MS, 'the new leader shows lag, the old one does not', async () => {
    const [old, now] = await Promise.all([nodes.get(first, '/metrics'), nodes.get(second, '/metrics')]);
    return lagsIn(old).length === 0 && lagsIn(now).length === 2;
  });

  const { status, body: taken } = await nodes.operate(second, '/snapshot');
  expect([status, Number(taken['appliedIndex']) > 0]).toEqual([200, true]);
  const { rows } = JSON.parse(await nodes.get(second, '/audit?limit=20')) as { readonly rows: readonly { readonly kind: string }[] };
  // The group raises its feature level by itself, before the database or behind it.
  const asked = rows.filter(({ kind }) => kind === 'createDatabase');
  expect(asked).toMatchObject([{ kind: 'createDatabase', proposer: 'operator', command: { kind: 'createDatabase', name: 'd' } }]);
});

clusterTest('O2, O5: without a quorum an action is told to come again; a node that waits for its group ends well at SIGTERM', async () => {
  const nodes = await startedNodes();
  const leader = await nodes.leader();
  const [left, ...others] = [leader, ...nodes.voters.filter((peer) => peer !== leader)] as const;
  for (const peer of others) await nodes.kill(peer);
  await eventually(SEEN_TIMEOUT_MS, 'the leader gives up', async () => (await nodes.status(left)).role !== 'leader');
  for (const target of ['/join?peer=4', `/remove?peer=${others[0]}`, '/transfer']) {
    expect(await nodes.operate(left, target), target).toMatchObject({ status: 503, retryAfter: '1', body: { error: 'the meta group has no leader that this node knows of; retry' } });
  }
  await nodes.kill(left);
  const waiting = nodes.start(left);
  await waiting.untilSaid('Waiting for a quorum of the meta group');
  await nodes.stop(left);
});
