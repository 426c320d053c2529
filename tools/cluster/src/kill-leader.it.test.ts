import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCatalog } from '@varve/model';
import type { AuditRow } from '@varve/ports';
import { expect, onTestFinished } from 'vitest';
import { startMetaGroup, type MetaGroup } from './meta-group.ts';
import { isProposer, Proposers } from './testing/proposers.ts';
import { readStoredGroup } from './testing/stored-groups.ts';
import { clusterTest, eventually } from './testing/test-cluster.ts';

const KILL_COUNT = 30;
const PROPOSER_COUNT = 4;
/** Proposals before each kill. */
const LOAD_MS = 200;
const BACK_TIMEOUT_MS = 60_000;

// Real processes over a real NATS: four clients create databases and open incarnations that nobody else asks for. The leader
// is killed and comes back, thirty times, and at last all three at once. Then the disks of the three are opened here.
clusterTest('M4: kill -9 of the leader thirty times, and of all at once: nothing acknowledged is lost, nothing is applied twice', async () => {
  const group = await startedGroup();
  const proposers = await Proposers.connect(PROPOSER_COUNT, group.natsServer);
  onTestFinished(() => proposers.close());
  const proposing = proposers.run();
  const acceptedMs: number[] = [];
  for (let kill = 0; kill < KILL_COUNT; kill += 1) acceptedMs.push(await killLeader(group, proposers));
  await killAll(group, proposers);
  proposers.stop();
  await proposing;
  await Promise.all(group.names.map((name) => group.stopOne(name)));

  const stored = await readStoredGroup(group.names.map((name) => group.directoryOf(name)));
  const [first] = stored;
  for (const { snapshot } of stored) {
    expect(snapshot.appliedIndex).toBe(first!.snapshot.appliedIndex);
    expect(Buffer.compare(encodeCatalog(snapshot.catalog), encodeCatalog(first!.snapshot.catalog)), 'catalogs are equal').toBe(0);
  }
  const { databases, incarnations } = first!.snapshot.catalog;
  const present = [...[...databases.values()].map(({ name, id }) => ({ name, id })), ...[...incarnations.values()].map(({ holder, id }) => ({ name: holder, id }))];
  expectOnce(present.map(({ name }) => name), proposers, 'in the catalog');
  const idByName = new Map(present.map(({ name, id }) => [name, id]));
  expect([...proposers.acked].filter(([name, id]) => idByName.get(name) !== id), 'answered with another id').toEqual([]);
  expect(new Set(proposers.acked.values()).size, 'no id is given twice').toBe(proposers.acked.size);
  expectOnce(auditedNames(stored.flatMap(({ audit }) => audit)), proposers, 'in the audit');
  const sorted = acceptedMs.toSorted((left, right) => left - right).map(Math.round);
  console.info(
    `${KILL_COUNT} kills of the leader: ${proposers.acked.size} proposals acknowledged, ${proposers.unknown.size} given up; none lost, none twice;` +
      ` from a kill to the next accepted proposal ${sorted[KILL_COUNT / 2]} ms (median), ${sorted.at(-1)} ms (longest)`,
  );
});

async function startedGroup(): Promise<MetaGroup> {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-meta-group-'));
  const group = await startMetaGroup({ voterCount: 3, dataDir, restartPauseMs: 0 });
  onTestFinished(async () => {
    await group.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await expectLed(group, 'at the start', new Map());
  return group;
}

/** @returns how long it took from then to the next proposal that was accepted */
async function killLeader(group: MetaGroup, proposers: Proposers): Promise<number> {
  proposers.resume();
  await sleep(LOAD_MS);
  const victim = group.leader()!;
  const before = new Map([[victim, group.readyCountOf(victim)]]);
  await group.kill(victim);
  const acceptedMs = await untilAccepted(group, proposers, performance.now());
  proposers.pause(); // the audit keeps a bounded number of rows, and the clients' share of this machine starts the victim
  await expectLed(group, `behind a kill of ${victim}`, before);
  return acceptedMs;
}

async function killAll(group: MetaGroup, proposers: Proposers): Promise<void> {
  proposers.resume();
  await sleep(LOAD_MS);
  const before = new Map(group.names.map((name) => [name, group.readyCountOf(name)]));
  await Promise.all(group.names.map((name) => group.kill(name)));
  const killedMs = performance.now();
  await expectLed(group, 'behind a kill of all', before);
  await untilAccepted(group, proposers, killedMs);
}

/** All have said that they are ready, those of `before` once more, and one leads. */
async function expectLed(group: MetaGroup, when: string, before: ReadonlyMap<string, number>): Promise<void> {
  const isLed = (): boolean => group.leader() !== undefined && group.names.every((name) => group.readyCountOf(name) > (before.get(name) ?? 0));
  await eventually(BACK_TIMEOUT_MS, `the group is whole ${when}`, isLed).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}\n${group.lines.slice(-100).join('\n')}`);
  });
}

async function untilAccepted(group: MetaGroup, proposers: Proposers, sinceMs: number): Promise<number> {
  await eventually(BACK_TIMEOUT_MS, `a proposal is accepted again, led by ${group.leader()}`, () => proposers.firstAcceptedAfter(sinceMs) !== undefined);
  return proposers.firstAcceptedAfter(sinceMs)!;
}

/** Each acknowledged name is there, and none is there twice. */
function expectOnce(names: readonly string[], { acked, unknown }: Proposers, where: string): void {
  const found = new Set(names);
  expect(names.filter((name, at) => names.indexOf(name) !== at), `twice ${where}`).toEqual([]);
  expect([...acked.keys()].filter((name) => !found.has(name)), `lost ${where}`).toEqual([]);
  expect(names.filter((name) => !acked.has(name) && !unknown.has(name)), `sent by nobody, but ${where}`).toEqual([]);
}

/** Of the proposers' entries that any node has noted. One that was down while the others went on has fewer. */
function auditedNames(rows: readonly AuditRow[]): readonly string[] {
  const commands = new Map<number, string>();
  for (const { logIndex, proposer, command } of rows) {
    if (!isProposer(proposer)) continue; // what meta nodes report of themselves
    expect(commands.get(logIndex) ?? command, `all nodes have noted the same at ${logIndex}`).toBe(command);
    commands.set(logIndex, command);
  }
  return [...commands.values()].map((text) => {
    const { name, holder } = JSON.parse(text) as { readonly name?: string; readonly holder?: string };
    return (name ?? holder)!;
  });
}
