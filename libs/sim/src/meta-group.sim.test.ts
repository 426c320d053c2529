import { Prng } from '@varve/base';
import { CatalogClient, CatalogFollower, NO_PAYLOAD, openStream, type FollowerPorts } from '@varve/kit';
import type { Catalog, CatalogCommand, CommandResult } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS } from '@varve/ports';
import { subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import { SimClock } from './sim-clock.ts';
import { SimMetaGroup } from './sim-meta-group.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: three meta nodes whose processes die and come back, are paused and cut off from each other, over a network
// that loses, repeats and delays, while clients change the catalog through whoever leads. At the end all is healed: every
// client has its answers, what it was told is in the catalog, and each meta node's disk holds the same.
const SUBJECTS = subjectsOf('sim');
const FAULTY: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 15, lossProbability: 0.03, duplicateProbability: 0.05, reorderProbability: 0.05 };
const COMMAND_COUNT = 25;
const CLIENTS = ['a', 'b', 'c'];

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
  readonly hash: string;
  readonly problems: readonly string[];
  readonly counts: { readonly crashes: number; readonly crashesInWrite: number; readonly partitions: number; readonly pauses: number; readonly installs: number; readonly reigns: number };
}

class Run {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly group: SimMetaGroup;
  readonly #prng: Prng;
  readonly #seen: Seen[] = [];
  readonly #versions: number[] = [];
  readonly #counts = { crashes: 0, partitions: 0, pauses: 0, installs: 0, reigns: 0 };
  #newestVersion = 0;

  constructor(seed: number) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, FAULTY);
    this.group = new SimMetaGroup(this.scheduler, this.network, { peerCount: 3, log: { ...SILENT_LOG, info: (event) => this.#note(event) } });
    this.#prng = this.scheduler.prngOf('test');
    for (const disk of this.group.disks.values()) disk.latencyMsMax = 10;
  }

  async run(): Promise<Outcome> {
    for (const peer of this.group.peers) void this.group.start(peer);
    const follower = this.#follower();
    const work = Promise.all([...CLIENTS.map((name) => this.#change(name)), follower.start()]);
    for (let round = 0; round < 14; round += 1) await this.#trouble();
    this.network.heal();
    this.network.faults = CALM_NETWORK;
    await this.scheduler.runUntilSettled(work);
    await this.scheduler.runUntilSettled(follower.waitFor(this.#newestVersion));
    await this.scheduler.runFor(5_000);
    return {
      catalog: follower.catalog,
      seen: this.#seen,
      versions: this.#versions,
      hash: this.scheduler.traceHash,
      problems: [...this.group.fatal.map(String), ...(await this.#differences())],
      counts: { ...this.#counts, crashesInWrite: this.#interruptedCount() },
    };
  }

  /** One thing goes wrong, lasts for a while, and is mended. */
  async #trouble(): Promise<void> {
    const peer = this.#prng.pick(this.group.peers);
    const others = this.group.peers.filter((each) => each !== peer).map((each) => `meta${each}`);
    const kind = this.#prng.pick(['crash', 'crash', 'partition', 'pause'] as const);
    await this.scheduler.runFor(this.#prng.between(50, 1_500));
    if (kind === 'crash') {
      this.#counts.crashes += 1;
      this.group.kill(peer);
      await this.scheduler.runFor(this.#prng.between(0, 2_500));
      void this.group.start(peer);
    } else if (kind === 'partition') {
      this.#counts.partitions += 1;
      this.network.partition([`meta${peer}`], this.#prng.chance(0.5) ? others : [...others, ...CLIENTS]);
      await this.scheduler.runFor(this.#prng.between(100, 4_000));
      this.network.heal();
    } else {
      this.#counts.pauses += 1;
      const { process } = this.group.running.get(peer)!;
      process.pause();
      await this.scheduler.runFor(this.#prng.between(100, 3_000));
      process.resume();
    }
  }

  async #change(name: string): Promise<void> {
    const client = new CatalogClient(this.#portsOf(name), { subjects: SUBJECTS, proposer: name });
    for (let number = 0; number < COMMAND_COUNT; number += 1) {
      const command: CatalogCommand =
        number % 2 === 0
          ? { kind: 'createDatabase', name: `${name}${number}` }
          : { kind: 'openIncarnation', holder: `${name}${number}`, nowMs: 1_767_225_600_000, leaseMs: 10 };
      const fromMs = this.scheduler.nowMs;
      const { result, version } = await this.#untilTold(client, command);
      this.#newestVersion = Math.max(this.#newestVersion, version);
      this.#seen.push({ command, fromMs, toMs: this.scheduler.nowMs, result });
    }
  }

  /** A command whose outcome is unknown is not sent again under another name: both kinds tell whether it is there. */
  async #untilTold(client: CatalogClient, command: CatalogCommand): ReturnType<CatalogClient['propose']> {
    for (;;) {
      try {
        return await client.propose(command);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'META_UNAVAILABLE') throw error;
      }
    }
  }

  #follower(): CatalogFollower {
    const follower = new CatalogFollower(this.#portsOf('watcher'), { subjects: SUBJECTS });
    follower.onChange(({ version }) => this.#versions.push(version));
    return follower;
  }

  #portsOf(name: string): ConstructorParameters<typeof CatalogClient>[0] & FollowerPorts {
    const process = new SimProcess(this.scheduler, name);
    return { bus: this.network.connect(process), clock: new SimClock(process), log: SILENT_LOG, metrics: SILENT_METRICS };
  }

  /** Whoever is healed and left alone for a while knows of a leader, and has applied the same. */
  async #differences(): Promise<readonly string[]> {
    const troubles = [...this.group.running].flatMap(([peer, { service }]) => service.problems().map((problem) => `meta${peer}: ${problem}`));
    const states = await Promise.all(this.group.peers.map((peer) => this.scheduler.runUntilSettled(this.#stateOf(peer))));
    return new Set(states).size === 1 ? troubles : [...troubles, 'the meta nodes have applied different commands'];
  }

  /** All that a peer has applied, as a text. */
  async #stateOf(peer: number): Promise<string> {
    const asked = { kind: 'raftSnapshot', header: { index: 1 }, payload: NO_PAYLOAD } as const;
    const pieces: string[] = [];
    const to = { subject: SUBJECTS.raftSnapshot(peer), idleTimeoutMs: 2_000 };
    for await (const piece of openStream(this.#portsOf('watcher'), to, asked)) pieces.push(new TextDecoder().decode(piece));
    return pieces.join('');
  }

  #interruptedCount(): number {
    return [...this.group.disks.values()].reduce((count, disk) => count + disk.interruptedWrites.length, 0);
  }

  #note(event: string): void {
    if (event === 'Catalog taken over from another meta node') this.#counts.installs += 1;
    if (event === 'Leading the meta group') this.#counts.reigns += 1;
  }
}

const prng = new Prng(11);
const seeds = Array.from({ length: 40 }, () => prng.uint32());

test('P5, M3, M4: a group of three loses nothing it has confirmed, applies nothing twice and shows nothing out of order', async () => {
  const totals = { crashes: 0, crashesInWrite: 0, partitions: 0, pauses: 0, installs: 0, reigns: 0 };
  for (const seed of seeds) {
    const { catalog, seen, versions, problems, counts } = await new Run(seed).run();
    expect(problems, `seed ${seed}`).toEqual([]);
    expect(seen, `seed ${seed}`).toHaveLength(CLIENTS.length * COMMAND_COUNT);
    for (const { command, result } of seen) {
      if (command.kind === 'createDatabase') expect(catalog.databases.has(command.name), `seed ${seed}: ${command.name}`).toBe(true);
      if (command.kind === 'openIncarnation' && result.kind === 'applied') expect(catalog.incarnations.get(result.id!)).toMatchObject({ holder: command.holder });
    }
    const opens = seen.flatMap(({ command, result, ...times }) => (command.kind === 'openIncarnation' && result.kind === 'applied' ? [{ ...result, ...times }] : []));
    for (const earlier of opens) {
      for (const later of opens.filter(({ fromMs }) => fromMs >= earlier.toMs)) {
        expect(later.floorMs, `seed ${seed}: later sees earlier`).toBeGreaterThanOrEqual(earlier.ceilingMs!);
      }
    }
    expect(versions, `seed ${seed}`).toEqual(versions.toSorted((left, right) => left - right));
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += counts[name];
  }
  console.info(totals);
  expect(Object.values(totals).every((total) => total > 0), JSON.stringify(totals)).toBe(true);
});

test('the same seed gives the same run', async () => {
  expect((await new Run(7).run()).hash).toBe((await new Run(7).run()).hash);
});
