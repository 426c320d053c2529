import { Prng } from '@varve/base';
import { CatalogClient, CatalogFollower, type Service } from '@varve/kit';
import { createMetaRaft, type MetaRaftConfig } from '@varve/meta-raft-service';
import type { Catalog, CatalogCommand, CommandResult } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS } from '@varve/ports';
import { subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import { SimCatalogStore } from './sim-catalog-store.ts';
import { SimClock, SimRandom } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimRaftLogStore } from './sim-raft-log-store.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: the meta node, clients and a follower run over a network and a disk with faults; the meta node is killed
// again and again, while clients change the catalog. What clients were told, with when they asked and heard, is compared
// with the catalog that is there at the end.
const SUBJECTS = subjectsOf('sim');
const CONFIG: MetaRaftConfig = {
  clusterId: 'sim',
  peerId: 1,
  voters: [1],
  snapshotEntryCount: 7, raftHeartbeatIntervalMs: 100, raftElectionTimeoutMs: 500,
  proposalCountMax: 64,
  proposalSizeBytesMax: 1_000,
  leaseAheadMsMax: 60_000,
};
const FAULTY: NetworkFaults = {
  delayMsMin: 0.05,
  delayMsMax: 30,
  lossProbability: 0.05,
  duplicateProbability: 0.05,
  reorderProbability: 0.05,
};
/** So slow that crashes find writes under way. */
const SLOW_DISK_MS_MAX = 20;

class World {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly fatal: unknown[] = [];
  meta: { readonly process: SimProcess; readonly service: Service } | undefined;

  constructor(seed: number, faults: NetworkFaults) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, faults);
    this.disk = new SimDisk(this.scheduler, 'meta');
  }

  /** A new run of the meta node on its disk. */
  startMeta(config: Partial<MetaRaftConfig> = {}): Promise<void> {
    const process = new SimProcess(this.scheduler, 'meta');
    const service = createMetaRaft(
      {
        bus: this.network.connect(process),
        clock: new SimClock(process),
        random: new SimRandom(process),
        log: SILENT_LOG,
        metrics: SILENT_METRICS,
        raftLog: new SimRaftLogStore(process, this.disk),
        catalogStore: new SimCatalogStore(process, this.disk),
        onFatal: (error) => this.fatal.push(error),
      },
      { ...CONFIG, ...config },
    );
    this.meta = { process, service };
    return service.start();
  }

  client(name: string): { readonly client: CatalogClient; readonly follower: CatalogFollower } {
    const process = new SimProcess(this.scheduler, name);
    const ports = {
      bus: this.network.connect(process),
      clock: new SimClock(process),
      log: SILENT_LOG,
      metrics: SILENT_METRICS,
    };
    return {
      client: new CatalogClient(ports, { subjects: SUBJECTS, proposer: name }),
      follower: new CatalogFollower(ports, { subjects: SUBJECTS }),
    };
  }
}

/** One operation as its client saw it, in virtual time. */
interface Seen {
  readonly command: CatalogCommand;
  readonly fromMs: number;
  readonly toMs: number;
  readonly result: CommandResult;
}

interface Outcome {
  readonly catalog: Catalog;
  readonly seen: readonly Seen[];
  readonly versions: readonly number[];
  readonly interruptedCount: number;
  readonly hash: string;
}

async function runFaulty(seed: number): Promise<Outcome> {
  const world = new World(seed, FAULTY);
  const { scheduler } = world;
  world.disk.latencyMsMax = SLOW_DISK_MS_MAX;
  const prng = scheduler.prngOf('test');
  const seen: Seen[] = [];
  const versions: number[] = [];
  let newestVersion = 0;
  const { follower } = world.client('watcher');
  follower.onChange(({ version }) => versions.push(version));

  void world.startMeta();
  const clientRuns = ['a', 'b', 'c'].map(async (name) => {
    const { client } = world.client(name);
    for (let number = 0; number < 15; number += 1) {
      const command: CatalogCommand =
        number % 2 === 0
          ? { kind: 'createDatabase', name: `${name}${number}` }
          : { kind: 'openIncarnation', holder: `${name}${number}`, nowMs: 1_767_225_600_000, leaseMs: 10 };
      const fromMs = scheduler.nowMs;
      const { result, version } = await client.propose(command);
      newestVersion = Math.max(newestVersion, version);
      seen.push({ command, fromMs, toMs: scheduler.nowMs, result });
    }
  });
  const started = follower.start();
  for (let crash = 0; crash < 12; crash += 1) {
    await scheduler.runFor(prng.between(20, 400));
    world.meta!.process.kill();
    await scheduler.runFor(prng.between(0, 100));
    void world.startMeta();
  }
  world.network.faults = CALM_NETWORK;
  await scheduler.runUntilSettled(Promise.all([...clientRuns, started]));
  await scheduler.runUntilSettled(follower.waitFor(newestVersion));
  expect(world.fatal).toEqual([]);
  return {
    catalog: follower.catalog,
    seen,
    versions,
    interruptedCount: world.disk.interruptedWrites.length,
    hash: scheduler.traceHash,
  };
}

const prng = new Prng(3);
const seeds = Array.from({ length: 20 }, () => prng.uint32());

test.each(seeds)('P5, M3, M4: what clients were told is in the catalog, once and in order (seed %i)', async (seed) => {
  const { catalog, seen, versions } = await runFaulty(seed);

  const holders = [...catalog.incarnations.values()].map(({ holder }) => holder);
  expect(new Set(holders).size, 'M4: nothing is applied twice').toBe(holders.length);
  expect(seen).toHaveLength(45);
  for (const { command, result } of seen) {
    if (result.kind === 'rejected') throw new Error(result.message);
    if (command.kind === 'createDatabase') expect(catalog.databases.get(command.name)?.id).toBe(result.id);
    if (command.kind === 'openIncarnation')
      expect(catalog.incarnations.get(result.id!)).toMatchObject({ holder: command.holder });
  }
  const opens = seen.flatMap(({ command, result, ...times }) =>
    command.kind === 'openIncarnation' && result.kind === 'applied' ? [{ ...result, ...times }] : [],
  );
  for (const earlier of opens) {
    for (const later of opens.filter(({ fromMs }) => fromMs >= earlier.toMs))
      expect(later.floorMs, 'P5: later sees earlier').toBeGreaterThanOrEqual(earlier.ceilingMs!);
  }
  expect(versions, 'M3: versions come in order').toEqual(versions.toSorted((left, right) => left - right));
});

test('the same seed gives the same run, and crashes hit writes under way', async () => {
  const [first, second] = [await runFaulty(7), await runFaulty(7)];
  expect(second.hash).toBe(first.hash);
  let interruptedCount = 0;
  for (const seed of seeds.slice(0, 5)) interruptedCount += (await runFaulty(seed)).interruptedCount;
  expect(interruptedCount).toBeGreaterThan(0);
});

test('a log that cannot be written ends the meta node: who waits is told, and nobody is answered later', async () => {
  const world = new World(1, CALM_NETWORK);
  await world.scheduler.runUntilSettled(world.startMeta());
  const { client } = world.client('a');
  await world.scheduler.runUntilSettled(client.propose({ kind: 'createDatabase', name: 'd' }));
  world.disk.condition = 'broken';
  const proposed = client.propose({ kind: 'createDatabase', name: 'e' });
  await expect(world.scheduler.runUntilSettled(proposed)).rejects.toMatchObject({ code: 'META_UNAVAILABLE' });
  expect(world.fatal).toHaveLength(1);
  expect(world.meta!.service.problems()).toHaveLength(1);
  world.disk.condition = 'sound';
  await expect(
    world.scheduler.runUntilSettled(client.propose({ kind: 'createDatabase', name: 'f' })),
  ).rejects.toMatchObject({ code: 'META_UNAVAILABLE' });
  expect(world.fatal).toHaveLength(1);
});

test('proposals that arrive during a persist share the next one', async () => {
  const world = new World(1, CALM_NETWORK);
  world.disk.latencyMsMin = 50;
  world.disk.latencyMsMax = 50;
  await world.scheduler.runUntilSettled(world.startMeta({ snapshotEntryCount: 1_000 }));
  const { client } = world.client('a');
  await world.scheduler.runUntilSettled(client.propose({ kind: 'createDatabase', name: 'first' })); // opens the session
  const fromMs = world.scheduler.nowMs;
  const names = Array.from({ length: 40 }, (_, index) => `d${index}`);
  await world.scheduler.runUntilSettled(
    Promise.all(names.map((name) => client.propose({ kind: 'createDatabase', name }))),
  );
  expect(world.scheduler.nowMs - fromMs).toBeLessThan(3 * 50);
});

test('what a meta node cannot take is refused with the reason, and changes nothing', async () => {
  const world = new World(1, CALM_NETWORK);
  await world.scheduler.runUntilSettled(world.startMeta({ proposalCountMax: 2 }));
  await world.scheduler.runFor(1_000); // it has reported its feature level
  const { client, follower } = world.client('a');
  await world.scheduler.runUntilSettled(follower.start());
  const { version } = follower.catalog;
  const nowMs = new SimClock(world.meta!.process).wallMs();
  const check = (command: CatalogCommand, code: string): Promise<void> =>
    expect(world.scheduler.runUntilSettled(client.propose(command))).rejects.toMatchObject({ code });

  await check({ kind: 'createDatabase', name: 'x'.repeat(2_000) }, 'REQUEST_TOO_LARGE');
  await check({ kind: 'openIncarnation', holder: 'a', nowMs: nowMs + 59_999, leaseMs: 1_000 }, 'CLOCK_SKEWED');
  await check({ kind: 'renewIncarnation', incarnation: 1, ceilingMs: nowMs + 70_000 }, 'CLOCK_SKEWED');
  await check({ kind: 'renewIncarnation', incarnation: -1, ceilingMs: nowMs }, 'MESSAGE_INVALID');
  await world.scheduler.runUntilSettled(follower.readLinearizable());
  expect(follower.catalog.version).toBe(version);

  const crowd = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => client.propose({ kind: 'createDatabase', name }));
  await world.scheduler.runUntilSettled(Promise.all(crowd)); // two at a time: the others come again
});

test('a meta node takes proposals while it drains, and finishes what it accepted when it stops', async () => {
  const world = new World(1, CALM_NETWORK);
  await world.scheduler.runUntilSettled(world.startMeta());
  const { client } = world.client('a');
  await world.scheduler.runUntilSettled(client.propose({ kind: 'createDatabase', name: 'first' })); // opens the session
  await world.scheduler.runUntilSettled(world.meta!.service.drain());
  world.disk.latencyMsMin = 50;
  world.disk.latencyMsMax = 50;
  const accepted = client.propose({ kind: 'createDatabase', name: 'd' });
  await world.scheduler.runFor(0.6); // it is there, and not yet on disk
  await world.scheduler.runUntilSettled(world.meta!.service.stop());
  expect((await world.scheduler.runUntilSettled(accepted)).result.kind).toBe('applied');

  const late = client.propose({ kind: 'createDatabase', name: 'e' });
  await world.scheduler.runFor(100);
  await world.scheduler.runUntilSettled(world.startMeta());
  expect((await world.scheduler.runUntilSettled(late)).result.kind).toBe('applied');
});

test('a follower that misses the announcement finds the change by itself', async () => {
  const world = new World(1, CALM_NETWORK);
  await world.scheduler.runUntilSettled(world.startMeta());
  const { client } = world.client('a');
  const { follower } = world.client('b');
  await world.scheduler.runUntilSettled(follower.start());
  world.network.partition(['b'], ['meta']);
  const { version } = await world.scheduler.runUntilSettled(client.propose({ kind: 'createDatabase', name: 'd' }));
  await expect(world.scheduler.runUntilSettled(follower.waitFor(version, 1_000))).rejects.toMatchObject({
    code: 'META_UNAVAILABLE',
  });
  world.network.heal();
  await world.scheduler.runUntilSettled(follower.waitFor(version));
  expect(follower.catalog.databases.has('d')).toBe(true);
  await follower.waitFor(version);
  await world.scheduler.runUntilSettled(follower.stop());
});

test.each(seeds.slice(0, 5))(
  'a catalog of many pieces comes over whole, though pieces are lost, repeated and late (seed %i)',
  async (seed) => {
    const world = new World(seed, CALM_NETWORK);
    await world.scheduler.runUntilSettled(world.startMeta({ proposalSizeBytesMax: 1_000_000 }));
    const { client, follower } = world.client('a');
    await world.scheduler.runUntilSettled(client.propose({ kind: 'createDatabase', name: 'd' }));
    for (const measurement of ['m', 'n']) {
      const fields = Array.from({ length: 10_000 }, (_, index) => ({
        measurement,
        field: `a field with a long name ${index}`,
        type: 'float' as const,
      }));
      await world.scheduler.runUntilSettled(
        client.propose({ kind: 'registerFields', database: 'd', retentionPolicy: 'autogen', fields }),
      );
    }
    world.network.faults = FAULTY;
    await world.scheduler.runUntilSettled(follower.start());
    const { measurements } = follower.catalog.databases.get('d')!.retentionPolicies.get('autogen')!;
    expect([...measurements.values()].map(({ size }) => size)).toEqual([10_000, 10_000]);
  },
);

test('the audit has each accepted command once, with who asked for it; renewals, refusals and secrets are left out', async () => {
  const world = new World(1, CALM_NETWORK);
  await world.scheduler.runUntilSettled(world.startMeta({ snapshotEntryCount: 13 }));
  await world.scheduler.runFor(1_000); // it has reported its feature level
  const { client } = world.client('a');
  const nowMs = new SimClock(world.meta!.process).wallMs();
  const commands: CatalogCommand[] = [
    { kind: 'createDatabase', name: 'd' },
    { kind: 'createDatabase', name: '..' },
    { kind: 'openIncarnation', holder: 'a', nowMs, leaseMs: 10 },
    { kind: 'renewIncarnation', incarnation: 3, ceilingMs: nowMs + 20 },
    { kind: 'createUser', name: 'u', passwordHash: 'secret', isAdmin: true },
    { kind: 'enforceRetention', nowMs },
    { kind: 'dropDatabase', name: 'd' },
  ];
  for (const command of commands) await world.scheduler.runUntilSettled(client.propose(command));
  await world.scheduler.runFor(100); // the snapshot is written
  const rows = await world.scheduler.runUntilSettled(
    new SimCatalogStore(world.meta!.process, world.disk).readAudit(10),
  );
  expect(rows.map(({ logIndex, proposer, kind }) => `${logIndex} ${proposer} ${kind}`)).toEqual([
    '13 a dropDatabase',
    '11 a createUser',
    '9 a openIncarnation',
    '7 a createDatabase',
    '5 meta/1 raiseFeatureLevel',
    '4 meta/1 reportFeatureLevel',
  ]);
  expect(rows.map(({ command }) => command).join()).not.toMatch(/secret/);
});
