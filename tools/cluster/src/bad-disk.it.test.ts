import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, type NatsServer } from '@varve/nats-adapter/server';
import { testThatNeeds } from '@varve/testkit';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually } from './testing/test-cluster.ts';
import { MetaNodes, refusalOf } from './testing/meta-nodes.ts';

// Meta nodes on disks that are not theirs, not as they left them, or at their end, as real processes. Each is refused with
// one sentence, or helped by the others; and after each the group still takes commands.

const SEEN_TIMEOUT_MS = 30_000;
/** More than stay in a log behind its snapshot. */
const MANY_DATABASES = 600;
const BALLAST_PIECE = new Uint8Array(4_096);
/** Where no disk may be mounted, the full disk is simulated only, in libs/sim. */
const diskTest = canMount() ? clusterTest : testThatNeeds('the right to mount a small disk', false);

async function startedNats(): Promise<NatsServer> {
  const nats = await startNatsServer();
  onTestFinished(() => nats.kill());
  return nats;
}

async function startedNodes(): Promise<MetaNodes> {
  const nodes = new MetaNodes(await startedNats());
  await nodes.startAll();
  return nodes;
}

function change(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

clusterTest('O4: a copied, restored, wiped, damaged or foreign data directory is refused with one sentence, and the others go on', async () => {
  const nodes = await startedNodes();
  let count = 0;
  const goesOn = (): Promise<void> => nodes.createDatabase(`d${(count += 1)}`);
  await goesOn();
  await nodes.stop(3);
  const backup = nodes.copyOf(3, 'backup');
  const damaged = nodes.copyOf(3, 'damaged');
  await goesOn();
  const third = nodes.start(3);
  await third.url();
  await goesOn();

  const own = nodes.directoryOf(3);
  expect(await refusalOf(nodes.startBeside(3, { directory: own }))).toMatch(new RegExp(`^data directory ${own} is in use by another Varve process \\(pid \\d+\\)$`));
  expect(await refusalOf(nodes.startBeside(3, { directory: backup }))).toBe('another meta process runs under the name "peer 3"; stop it, or choose another name');
  await goesOn();
  expect(await refusalOf(nodes.startBeside(4, { directory: backup }))).toMatch(/peer 3\b.*peer 4\b|peer 4\b.*peer 3\b/);
  expect(await refusalOf(nodes.startBeside(3, { directory: backup, flags: ['--cluster-id', 'elsewhere'] }))).toMatch(/cluster "?operated"?/);
  await goesOn();

  await nodes.stop(3);
  expect(await refusalOf(nodes.startBeside(3, { directory: backup }))).toMatch(/^the data directory of peer 3 is an older state than the group knows/);
  await goesOn();
  expect(await refusalOf(nodes.startBeside(3, { directory: join(own, 'wiped') }))).toMatch(/^peer 3 is known with another disk/);
  await goesOn();
  change(join(damaged, 'raft.sqlite'), 'UPDATE state SET term = term + 1');
  expect(await refusalOf(nodes.startBeside(3, { directory: damaged }))).toMatch(/raft\.sqlite.*damaged/);
  await goesOn();

  // None of that has cost peer 3 its place.
  await nodes.start(3).url();
  await nodes.kill(await nodes.leader());
  await goesOn();
});

clusterTest('O4: nodes of a new group that are told of different voters refuse each other; told the same, they found it', async () => {
  const nodes = new MetaNodes(await startedNats());
  const [first, second] = [nodes.start(1), nodes.start(2, { flags: ['--meta-voters', '1,2'] })];
  await Promise.race([first.ended, second.ended]);
  const refused = await Promise.race([first.ended.then(() => first), second.ended.then(() => second)]);
  expect(await refusalOf(refused)).toMatch(/^peer \d was told to found the meta group with the voters 1,2(,3)?, peer \d with 1,2(,3)?: give both the same$/);
  for (const each of [first, second]) {
    await each.stop();
    expect(each.said()).not.toContain('Ready: ');
  }
  await nodes.startAll();
  await nodes.createDatabase('founded');
});

clusterTest('two meta groups on one NATS do not meet: neither elections nor catalogs nor operators of the one reach the other', async () => {
  const nats = await startedNats();
  const [left, right] = [new MetaNodes(nats, { clusterId: 'left' }), new MetaNodes(nats, { clusterId: 'right' })];
  await Promise.all([left.startAll(), right.startAll()]);
  await left.createDatabase('only_left');
  // A new group's nodes enter their feature level into the catalog, each in its own time.
  const hasReported = (peer: number): boolean => right.processOf(peer).said().includes('Feature level reported');
  await eventually(SEEN_TIMEOUT_MS, 'the right group has settled', async () => right.voters.every(hasReported));
  const before = await right.status(await right.leader());
  await left.kill(await left.leader());
  await left.leader();
  await left.createDatabase('after_an_election');
  const after = await right.status(await right.leader());
  expect([after.term, after.leaderId, after.catalogVersion]).toEqual([before.term, before.leaderId, before.catalogVersion]);
  const text = await right.get(after.peerId, '/metrics');
  expect(text).toMatch(/^varve_raft_messages_refused_total 0$/m);
});

clusterTest('P11: a damaged catalog file is set aside, and another node has what it held', async () => {
  const nodes = await startedNodes();
  await Promise.all(Array.from({ length: MANY_DATABASES }, (_, number) => nodes.createDatabase(`d${number}`)));
  const peer = ((await nodes.leader()) % 3) + 1;
  expect(await nodes.operate(peer, '/snapshot')).toMatchObject({ status: 200 });
  expect((await nodes.status(peer)).compactedIndex).toBeGreaterThan(0);
  await nodes.stop(peer);
  const file = join(nodes.directoryOf(peer), 'catalog.sqlite');
  truncateSync(file, 5_000);
  const damaged = readFileSync(file);
  const again = nodes.start(peer);
  await again.url();
  expect(again.said()).toContain('The catalog file is damaged; it was set aside, and a new one is begun');
  expect(again.said()).toContain('it was taken over from another one');
  expect(readFileSync(`${file}.damaged-1`)).toEqual(damaged);
  await nodes.createDatabase('after');
  const { catalogVersion } = await nodes.status(await nodes.leader());
  await eventually(SEEN_TIMEOUT_MS, 'it has the whole catalog', async () => (await nodes.status(peer)).catalogVersion === catalogVersion);
});

diskTest('P13: a leader whose disk is full hands over and ends with a sentence; the others go on', async () => {
  const small = smallDisk();
  const nodes = new MetaNodes(await startedNats());
  await nodes.startAll(new Map([[1, join(small, 'meta1')]]));
  await nodes.leader();
  await eventually(SEEN_TIMEOUT_MS, 'peer 1 leads', async () => (await nodes.operate(await nodes.leader(), '/transfer?peer=1')).status === 200 || (await nodes.leader()) === 1);
  await nodes.createDatabase('before');
  fill(small);
  for (let number = 0; number < 50; number += 1) await nodes.createDatabase(`d${number}`);
  expect(await refusalOf(nodes.processOf(1))).toMatch(/no space is left/);
  nodes.forget(1);
  expect(await nodes.leader()).not.toBe(1);
  await nodes.createDatabase('after');
});

/** A file system of its own that is soon full. */
function smallDisk(): string {
  const path = mkdtempSync(join(tmpdir(), 'varve-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** In a mount namespace of its own, which ends with it. */
function canMount(): boolean {
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' }).status === 0;
}

/** To the last block. */
function fill(path: string): void {
  const file = join(path, 'ballast');
  expect(existsSync(file)).toBe(false);
  while (statfsSync(path).bavail > 0) writeFileSync(file, BALLAST_PIECE, { flag: 'a' });
}
