import type { Prng } from '@varve/base';
import type { SimMetaGroup } from '../sim-meta-group.ts';
import type { SimNetwork } from '../sim-network.ts';
import type { SimScheduler } from '../sim-scheduler.ts';

/** How often what went wrong. */
export interface TroubleCounts {
  crashes: number;
  outages: number;
  partitions: number;
  deafPeers: number;
  clientsCutOff: number;
  pauses: number;
  slowDisks: number;
}

type Trouble = keyof TroubleCounts;

const TROUBLES: readonly Trouble[] = ['crashes', 'crashes', 'partitions', 'partitions', 'deafPeers', 'clientsCutOff', 'pauses', 'slowDisks', 'outages'];
const DISK_LATENCY_MS_MAX = 10;
const SLOW_DISK_LATENCY_MS_MAX = 300;

/** Longer than a proposal is tried: what became of it is unknown then. */
const LONG_MS_MAX = 12_000;
const LONG_PROBABILITY = 0.4;

/** One thing goes wrong at a time, lasts for a while, and is mended. */
export class CatalogTroubles {
  readonly counts: TroubleCounts = { crashes: 0, outages: 0, partitions: 0, deafPeers: 0, clientsCutOff: 0, pauses: 0, slowDisks: 0 };
  readonly #scheduler: SimScheduler;
  readonly #network: SimNetwork;
  readonly #group: SimMetaGroup;
  readonly #clients: readonly string[];
  readonly #prng: Prng;

  constructor(scheduler: SimScheduler, parts: { readonly network: SimNetwork; readonly group: SimMetaGroup; readonly clients: readonly string[] }) {
    this.#scheduler = scheduler;
    this.#network = parts.network;
    this.#group = parts.group;
    this.#clients = parts.clients;
    this.#prng = scheduler.prngOf('troubles');
    for (const disk of this.#group.disks.values()) disk.latencyMsMax = DISK_LATENCY_MS_MAX;
  }

  async next(): Promise<void> {
    const trouble = this.#prng.pick(TROUBLES);
    const peer = this.#prng.pick(this.#group.peers);
    this.counts[trouble] += 1;
    await this.#lasting(50, 1_200);
    await this.#happen(trouble, peer);
  }

  #happen(trouble: Trouble, peer: number): Promise<void> {
    switch (trouble) {
      case 'crashes':
        return this.#down([peer], 2_000);
      case 'outages':
        return this.#down(this.#group.peers.filter((each) => each !== peer), this.#prng.chance(LONG_PROBABILITY) ? LONG_MS_MAX : 2_500);
      case 'partitions':
        return this.#cutOff(peer);
      case 'deafPeers':
        return this.#deaf(peer);
      case 'clientsCutOff':
        return this.#cutOffClients();
      case 'pauses':
        return this.#pause(peer);
      case 'slowDisks':
        return this.#slowDown(peer);
    }
  }

  async #down(peers: readonly number[], durationMsMax: number): Promise<void> {
    for (const each of peers) this.#group.kill(each);
    await this.#lasting(0, durationMsMax);
    for (const each of peers) void this.#group.start(each);
  }

  /** From the other peers; from the clients as well, or not: then they may still ask it. */
  async #cutOff(peer: number): Promise<void> {
    const others = this.#othersThan(peer);
    this.#network.partition([nameOf(peer)], this.#prng.chance(0.5) ? others : [...others, ...this.#clients]);
    await this.#lasting(100, 3_000);
    this.#network.heal();
  }

  /** It speaks and does not hear, or hears and is not heard. */
  async #deaf(peer: number): Promise<void> {
    const others = this.#othersThan(peer);
    if (this.#prng.chance(0.5)) this.#network.block(others, [nameOf(peer)]);
    else this.#network.block([nameOf(peer)], others);
    await this.#lasting(100, 3_000);
    this.#network.heal();
  }

  async #cutOffClients(): Promise<void> {
    const clients = this.#clients.filter(() => this.#prng.chance(0.5));
    this.#network.partition(clients, this.#group.peers.filter(() => this.#prng.chance(0.7)).map(nameOf));
    await this.#lasting(100, 4_000);
    this.#network.heal();
  }

  async #pause(peer: number): Promise<void> {
    const { process } = this.#group.running.get(peer)!;
    process.pause();
    await this.#lasting(100, 2_500);
    process.resume();
  }

  async #slowDown(peer: number): Promise<void> {
    const disk = this.#group.disks.get(peer)!;
    disk.latencyMsMax = SLOW_DISK_LATENCY_MS_MAX;
    await this.#lasting(500, 3_000);
    disk.latencyMsMax = DISK_LATENCY_MS_MAX;
  }

  #othersThan(peer: number): readonly string[] {
    return this.#group.peers.filter((each) => each !== peer).map(nameOf);
  }

  #lasting(msMin: number, msMax: number): Promise<void> {
    return this.#scheduler.runFor(this.#prng.between(msMin, msMax));
  }
}

function nameOf(peer: number): string {
  return `meta${peer}`;
}
