import { Prng } from '@varve/base';
import { CatalogClient, CatalogFollower } from '@varve/kit';
import { decodeDelivery, encodeCatalog, encodeDelivery, type CatalogCommand } from '@varve/model';
import { SILENT_LOG, type Bus, type Log } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { decode, encode, subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import { busWith } from './bus-with.ts';
import { SimCatalogCache } from './sim-catalog-cache.ts';
import { SimClock } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimMetaGroup } from './sim-meta-group.ts';
import { SimMetrics } from './sim-metrics.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: three meta nodes, followers with a cached copy each, and clients that change the catalog, over a network and
// disks with faults. Meta nodes and followers are killed, stopped, paused and cut off. Each copy is watched: it never goes
// back, a linearizable read has what was acknowledged before it, and when all is healed every copy is what a new one gets.

const SUBJECTS = subjectsOf('sim');
const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 30, lossProbability: 0.05, duplicateProbability: 0.05, reorderProbability: 0.1 };
/** Longer than the interval at which followers ask, and than an election. */
const SETTLED_MS = 12_000;

interface Watched {
  readonly name: string;
  readonly disk: SimDisk;
  process: SimProcess;
  follower: CatalogFollower;
}

class World {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly metrics = new SimMetrics();
  readonly group: SimMetaGroup;
  readonly events: string[] = [];
  /** What a client was told to be there. */
  readonly acknowledged = new Set<string>();
  newestVersion = 0;

  constructor(seed: number, faults: NetworkFaults = CALM_NETWORK) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, faults);
    this.group = new SimMetaGroup(this.scheduler, this.network, { peerCount: 3, metrics: this.metrics });
  }

  async startMetas(): Promise<void> {
    await this.scheduler.runUntilSettled(Promise.all(this.group.peers.map((peer) => this.group.start(peer))));
    await this.scheduler.runFor(3_000); // they have reported their feature levels
  }

  until<Value>(promise: Promise<Value>): Promise<Value> {
    return this.scheduler.runUntilSettled(promise);
  }

  client(name: string): CatalogClient {
    const process = new SimProcess(this.scheduler, name);
    return new CatalogClient({ bus: this.network.connect(process), clock: new SimClock(process) }, { subjects: SUBJECTS, proposer: name });
  }

  /** A new run of a follower; its disk is the one it had. */
  follow(name: string, disk = new SimDisk(this.scheduler, name), seam: (bus: Bus) => Bus = (bus) => bus): Watched {
    const process = new SimProcess(this.scheduler, name);
    const note = (event: string): void => void this.events.push(event);
    const log: Log = { ...SILENT_LOG, warn: note, error: note, info: note };
    const ports = { bus: seam(this.network.connect(process)), clock: new SimClock(process), log, metrics: this.metrics, catalogCache: new SimCatalogCache(process, disk) };
    return { name, disk, process, follower: new CatalogFollower(ports, { subjects: SUBJECTS }) };
  }

  async propose(client: CatalogClient, command: CatalogCommand): Promise<void> {
    for (;;) {
      try {
        const { version, result } = await client.propose(command);
        this.newestVersion = Math.max(this.newestVersion, version);
        if (result.kind === 'applied' && command.kind === 'createDatabase') this.acknowledged.add(command.name);
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'META_UNAVAILABLE') throw error;
      }
    }
  }

  /** What a follower gets that has nothing. */
  async newest(): Promise<string> {
    const fresh = this.follow('fresh');
    await this.until(fresh.follower.start());
    const text = textOf(fresh.follower);
    await this.until(fresh.follower.stop());
    return text;
  }

  count(name: string): number {
    return this.metrics.sumOf(name);
  }
}

function textOf({ catalog }: CatalogFollower): string {
  return new TextDecoder().decode(encodeCatalog(catalog));
}

/** Of every kind: what followers see, what they do not, what is refused, what finds nothing to do. */
function commandOf(name: string, number: number): CatalogCommand {
  switch (number % 5) {
    case 0:
      return { kind: 'createDatabase', name: `${name}${number}` };
    case 1:
      return { kind: 'openIncarnation', holder: name, nowMs: 1_767_225_600_000, leaseMs: 10 };
    case 2:
      return { kind: 'registerFields', database: `${name}${number - 2}`, retentionPolicy: 'autogen', fields: [{ measurement: 'm', field: `f${number}`, type: 'float' }] };
    case 3:
      return { kind: 'dropDatabase', name: 'nowhere' };
    default:
      return { kind: 'enforceRetention', nowMs: 1_767_225_600_000 };
  }
}

test('F7, F8: in a calm run each new follower gets the whole catalog once, and a change is published once for all of them', async () => {
  const world = new World(1);
  await world.startMetas();
  const reports = world.count(names.catalogSentChanges);
  const client = world.client('a');
  await world.until(world.propose(client, commandOf('a', 0)));
  const watched = Array.from({ length: 10 }, (_, at) => world.follow(`f${at}`));
  await world.until(Promise.all(watched.map(({ follower }) => follower.start())));
  expect([world.count(names.catalogSentWhole), world.count(names.catalogSentChanges) - reports]).toEqual([10, 1]);

  const versions = new Set<number>();
  watched[0]!.follower.onChange(({ version }) => versions.add(version));
  for (let number = 5; number < 55; number += 1) {
    await world.until(world.propose(client, commandOf('a', number)));
    await world.until(Promise.all(watched.map(({ follower }) => follower.waitFor(world.newestVersion))));
  }
  expect(world.count(names.catalogSentWhole)).toBe(10);
  // Two of five are seen by nobody but the meta group; the rest is one publish each, and what was asked at an interval.
  expect(versions.size).toBe(30);
  expect(world.count(names.catalogSentChanges) - reports).toBeLessThan(30 + 10);
  await world.scheduler.runFor(SETTLED_MS);
  expect(new Set(watched.map(({ follower }) => textOf(follower)))).toEqual(new Set([await world.newest()]));
  expect(world.count(names.catalogDiverged)).toBe(0);
});

class FaultyRun extends World {
  readonly prng: Prng;
  readonly watched: Watched[] = [];
  readonly problems: string[] = [];
  readCount = 0;
  cachedCount = 0;
  isOver = false;

  constructor(seed: number) {
    super(seed, FAULTY);
    this.prng = this.scheduler.prngOf('test');
  }

  async run(): Promise<void> {
    for (const peer of this.group.peers) void this.group.start(peer);
    const clients = ['a', 'b'].map((name) => this.#change(name));
    for (const name of ['f1', 'f2', 'f3']) this.#begin(this.follow(name));
    for (let trouble = 0; trouble < 10; trouble += 1) await this.#trouble();
    this.isOver = true;
    this.network.heal();
    this.network.faults = CALM_NETWORK;
    for (const peer of this.group.peers) if (!this.group.running.has(peer)) void this.group.start(peer);
    await this.until(Promise.all(clients));
    await this.until(Promise.all(this.watched.map(({ follower }) => follower.waitFor(this.newestVersion, 60_000))));
    await this.scheduler.runFor(SETTLED_MS);
  }

  async #change(name: string): Promise<void> {
    const client = this.client(name);
    for (let number = 0; number < 40; number += 1) await this.propose(client, commandOf(name, number));
  }

  #begin(watched: Watched): void {
    this.watched.push(watched);
    const { follower, name } = watched;
    let newest = 0;
    follower.onChange((catalog) => {
      if (catalog.version <= newest) this.problems.push(`${name} went from version ${newest} to ${catalog.version}`);
      newest = catalog.version;
    });
    const started = follower.start().catch((error: unknown) => this.problems.push(`${name} did not start: ${String(error)}`));
    void started.then(() => this.#read(watched));
  }

  async #read({ follower, process, name }: Watched): Promise<void> {
    while (process.isAlive && !this.isOver && !follower.isStopped) {
      const acknowledged = [...this.acknowledged];
      try {
        const { databases } = await follower.readLinearizable();
        const missing = acknowledged.filter((database) => !databases.has(database));
        if (missing.length > 0) this.problems.push(`${name} read a catalog without ${missing.join()}`);
        this.readCount += 1;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'META_UNAVAILABLE') throw error;
      }
      await process.perform(this.prng.between(10, 300), 'reads again', () => undefined);
    }
  }

  async #trouble(): Promise<void> {
    await this.scheduler.runFor(this.prng.between(100, 2_000));
    const kind = this.prng.pick(['meta', 'meta', 'kill', 'stop', 'cut', 'pause', 'group'] as const);
    const at = this.prng.between(0, this.watched.length - 1);
    const watched = this.watched[at]!;
    const peer = this.prng.pick(this.group.peers);
    if (kind === 'meta' || kind === 'group') {
      const killed = kind === 'meta' ? [peer] : this.group.peers;
      for (const each of killed) this.group.kill(each);
      await this.scheduler.runFor(this.prng.between(0, 3_000));
      for (const each of killed) void this.group.start(each);
    } else if (kind === 'kill' || kind === 'stop') {
      const isStarted = watched.follower.catalog.version > 0;
      if (kind === 'stop' && isStarted) await this.until(watched.follower.stop());
      const before = watched.follower.catalog.version;
      watched.process.kill();
      this.watched.splice(at, 1);
      const again = this.follow(watched.name, watched.disk);
      this.#begin(again);
      if (kind === 'stop' && isStarted) {
        await this.scheduler.runFor(50);
        if (again.follower.catalog.version < before) this.problems.push(`${watched.name} stopped at ${before} and began at ${again.follower.catalog.version}`);
        this.cachedCount += 1;
      }
    } else if (kind === 'cut') {
      this.network.partition([watched.name, `meta${peer}`], this.group.peers.filter((each) => each !== peer).map((each) => `meta${each}`));
      await this.scheduler.runFor(this.prng.between(100, 8_000));
      this.network.heal();
    } else {
      watched.process.pause();
      await this.scheduler.runFor(this.prng.between(100, 5_000));
      watched.process.resume();
    }
  }
}

const seedOfSeeds = new Prng(29);
const seeds = Array.from({ length: 25 }, () => seedOfSeeds.uint32());

test('F1, F2, F4, F6, F10: copies never go back, reads are linearizable, and healed copies are what the meta nodes have', async () => {
  const totals = { reads: 0, cached: 0, whole: 0, changes: 0 };
  for (const seed of seeds) {
    const run = new FaultyRun(seed);
    await run.run();
    expect(run.problems, `seed ${seed}`).toEqual([]);
    expect(run.group.fatal, `seed ${seed}`).toEqual([]);
    const newest = await run.newest();
    for (const { follower, name } of run.watched) {
      expect(textOf(follower), `seed ${seed}: ${name}`).toBe(newest);
      expect(follower.problems(), `seed ${seed}: ${name}`).toEqual([]);
    }
    expect(run.count(names.catalogDiverged), `seed ${seed}`).toBe(0);
    totals.reads += run.readCount;
    totals.cached += run.cachedCount;
    totals.whole += run.count(names.catalogSentWhole);
    totals.changes += run.count(names.catalogSentChanges);
  }
  console.info(totals);
  expect(Object.values(totals).every((total) => total > 0), JSON.stringify(totals)).toBe(true);
});

test('the same seed gives the same run', async () => {
  const [first, second] = [new FaultyRun(7), new FaultyRun(7)];
  await first.run();
  await second.run();
  expect(second.scheduler.traceHash).toBe(first.scheduler.traceHash);
});

/** A follower that has followed for a while and whose copy is saved. */
async function worldWithCachedCopy(): Promise<{ readonly world: World; readonly client: CatalogClient; readonly watched: Watched }> {
  const world = new World(3);
  await world.startMetas();
  const client = world.client('a');
  const watched = world.follow('f');
  await world.until(watched.follower.start());
  for (let number = 0; number < 10; number += 1) await world.until(world.propose(client, commandOf('a', number)));
  await world.until(watched.follower.waitFor(world.newestVersion));
  return { world, client, watched };
}

test('F11: a follower that starts while all meta nodes are down begins with its cached copy, and catches up when they are back', async () => {
  const { world, client, watched } = await worldWithCachedCopy();
  const before = textOf(watched.follower);
  await world.until(watched.follower.stop());
  for (const peer of world.group.peers) world.group.kill(peer);

  const again = world.follow('f', watched.disk);
  await world.until(again.follower.start());
  expect(again.follower.hasBegunAlone).toBe(true);
  expect(textOf(again.follower)).toBe(before);
  await expect(world.until(again.follower.readLinearizable()), 'F6').rejects.toMatchObject({ code: 'META_UNAVAILABLE' });

  const whole = world.count(names.catalogSentWhole);
  await world.startMetas();
  await world.until(world.propose(client, { kind: 'createDatabase', name: 'later' }));
  await world.until(again.follower.waitFor(world.newestVersion));
  expect(again.follower.catalog.databases.has('later')).toBe(true);
  expect(world.count(names.catalogSentWhole), 'F7: changes were enough').toBe(whole);
});

test('F11: without a cached copy it waits, and says that no meta node has answered', async () => {
  const world = new World(4);
  const { follower } = world.follow('f');
  await expect(world.until(follower.start())).rejects.toMatchObject({ code: 'META_UNAVAILABLE' });
});

test('F10: a killed follower begins with what was saved; a broken disk is a line in the log', async () => {
  const { world, client, watched } = await worldWithCachedCopy();
  await world.scheduler.runFor(6_000);
  watched.disk.condition = 'broken';
  for (let number = 10; number < 20; number += 1) await world.until(world.propose(client, commandOf('a', number)));
  await world.scheduler.runFor(20_000);
  expect(world.events.filter((event) => event === 'The catalog cannot be cached; going on without')).toHaveLength(1);
  expect(watched.follower.catalog.version).toBe(world.newestVersion);
  watched.process.kill();

  watched.disk.condition = 'sound';
  const again = world.follow('f', watched.disk);
  await world.until(again.follower.start());
  expect(world.events).toContain('Catalog loaded from the cache');
  await world.scheduler.runFor(SETTLED_MS);
  expect(textOf(again.follower)).toBe(await world.newest());
});

test('F7: who is further back than the ring gets the whole catalog, and who is not gets changes', async () => {
  const { world, client, watched } = await worldWithCachedCopy();
  await world.until(watched.follower.stop());
  for (let number = 10; number < 40; number += 1) await world.until(world.propose(client, commandOf('a', number)));
  const check = async (isWhole: boolean): Promise<void> => {
    const whole = world.count(names.catalogSentWhole);
    const { follower } = world.follow('f', watched.disk);
    await world.until(follower.start());
    expect(world.count(names.catalogSentWhole) - whole).toBe(isWhole ? 1 : 0);
    await world.scheduler.runFor(SETTLED_MS);
    expect(textOf(follower)).toBe(await world.newest());
  };
  await check(false);
  for (const peer of world.group.peers) world.group.kill(peer); // their rings begin at their snapshots
  await world.startMetas();
  const { disk } = watched;
  const cached = disk.file('catalog cache', (): { documents: readonly Uint8Array[] } => ({ documents: [] }));
  cached.documents = cached.documents.slice(0, 1);
  await check(true);
});

/** The first announcement behind a moment says something else. */
function tampering(change: (payload: Uint8Array) => Uint8Array): { readonly seam: (bus: Bus) => Bus; readonly begin: () => void } {
  let isWanted = false;
  const seam = (bus: Bus): Bus =>
    busWith(bus, {
      subscribe: (subject, handler, queue) =>
        bus.subscribe(
          subject,
          (message) => {
            if (subject !== SUBJECTS.metaChanged || !isWanted) return handler(message);
            isWanted = false;
            const { header, payload } = decode(message.payload, 'metaChanged');
            handler({ ...message, payload: encode('metaChanged', header, change(payload)) });
          },
          queue,
        ),
    });
  return { seam, begin: () => (isWanted = true) };
}

test.each([
  ['another fingerprint', (payload: Uint8Array) => encodeDelivery({ ...decodeDelivery(payload), fingerprint: 1 })],
  ['a change that is missing', (payload: Uint8Array) => encodeDelivery({ ...decodeDelivery(payload), changes: new Uint8Array(0) })],
  ['a change that cannot be read', (payload: Uint8Array) => encodeDelivery({ ...decodeDelivery(payload), changes: new Uint8Array([1, 2, 3]) })],
])('F4: %s is noticed, and the whole catalog is taken', async (_, change) => {
  const world = new World(5);
  await world.startMetas();
  const client = world.client('a');
  const { seam, begin } = tampering(change);
  const { follower } = world.follow('f', undefined, seam);
  await world.until(follower.start());
  const whole = world.count(names.catalogSentWhole);
  begin();
  await world.until(world.propose(client, { kind: 'createDatabase', name: 'd' }));
  await world.until(follower.waitFor(world.newestVersion));
  expect(world.count(names.catalogDiverged)).toBe(1);
  expect(world.count(names.catalogSentWhole)).toBe(whole + 1);
  expect(world.events).toContain('A change of the catalog came to something else here than at the meta nodes; taking the whole catalog');
  await world.until(world.propose(client, { kind: 'createDatabase', name: 'e' }));
  await world.until(follower.waitFor(world.newestVersion));
  expect(world.count(names.catalogSentWhole), 'changes are trusted again').toBe(whole + 1);
});

test('an unreadable announcement is a line in the log', async () => {
  const { world, watched } = await worldWithCachedCopy();
  const stranger = world.network.connect(new SimProcess(world.scheduler, 'stranger'));
  stranger.publish(SUBJECTS.metaChanged, new Uint8Array([1, 2, 3]));
  stranger.publish(SUBJECTS.metaChanged, encode('metaChanged', { version: 1, index: 1 }, new Uint8Array([9])));
  const before = textOf(watched.follower);
  await world.scheduler.runFor(1_000);
  expect(world.events.filter((event) => event === 'Unreadable announcement of a catalog change')).toHaveLength(2);
  expect(textOf(watched.follower)).toBe(before);
});

test('a follower that has seen more than the meta nodes have stays with it, and reports them', async () => {
  const { world, watched } = await worldWithCachedCopy();
  await world.until(watched.follower.stop());
  const other = new World(6);
  await other.startMetas();
  const disk = new SimDisk(other.scheduler, 'f');
  disk.file('catalog cache', () => watched.disk.file('catalog cache', () => undefined));
  const { follower } = other.follow('f', disk);
  await other.until(follower.start());
  expect(follower.catalog.version).toBe(world.newestVersion);
  expect(follower.problems()).toHaveLength(1);
  expect(other.events).toContain('The meta nodes have an older catalog than this service; staying with the newer one');
});
