import type { Prng } from '@varve/base';
import type { SimNetwork } from '../sim-network.ts';
import type { SimScheduler } from '../sim-scheduler.ts';
import type { SimCluster } from './sim-cluster.ts';

type Node = SimCluster['nodes'][number];

/** What can go wrong; crashes do so most often. */
const KINDS = ['crash', 'crash', 'crash', 'pause', 'cutOff', 'partition', 'isolation', 'outage'] as const;
export type TroubleKind = (typeof KINDS)[number];

const LASTS_MS_MIN = 50;
const LASTS_MS_MAX = 6_000;

/** Breaks one thing after the other for a while; the next may begin before the last one is mended. */
export class Troubles {
  readonly counts: Record<TroubleKind, number> = { crash: 0, pause: 0, cutOff: 0, partition: 0, isolation: 0, outage: 0 };
  readonly #scheduler: SimScheduler;
  readonly #network: SimNetwork;
  readonly #cluster: SimCluster;
  readonly #prng: Prng;
  readonly #onCrash: () => void;

  /** @param onCrash is told of each process before it dies */
  constructor(scheduler: SimScheduler, network: SimNetwork, cluster: SimCluster, onCrash: () => void) {
    this.#scheduler = scheduler;
    this.#network = network;
    this.#cluster = cluster;
    this.#prng = scheduler.prngOf('troubles');
    this.#onCrash = onCrash;
  }

  next(): void {
    const kind = this.#prng.pick(KINDS);
    const lastsMs = this.#prng.between(LASTS_MS_MIN, LASTS_MS_MAX);
    const node = this.#prng.pick(this.#cluster.nodes);
    this.counts[kind] += 1;
    switch (kind) {
      case 'crash':
        return this.#crash(node, lastsMs);
      case 'pause':
        return this.#pause(node, lastsMs);
      case 'cutOff':
        return this.#cutOff(node, lastsMs);
      case 'partition':
        return this.#partition(node, lastsMs);
      case 'isolation':
        return this.#isolate(this.#prng.pick(this.#cluster.coordinators), lastsMs);
      case 'outage':
        return this.#outage(lastsMs);
    }
  }

  /** Everything works again from now on. */
  mend(): void {
    this.#network.heal();
    for (const node of this.#cluster.nodes) {
      node.process?.resume();
      node.reconnect();
      node.start();
    }
  }

  #crash(node: Node, lastsMs: number): void {
    this.#onCrash();
    node.kill();
    this.#later(lastsMs, `${node.name} comes back`, () => node.start());
  }

  #pause({ process, name }: Node, lastsMs: number): void {
    process?.pause();
    this.#later(lastsMs, `${name} goes on`, () => process?.resume());
  }

  #cutOff(node: Node, lastsMs: number): void {
    node.cutOff();
    this.#later(lastsMs, `${node.name} is connected again`, () => node.reconnect());
  }

  /** Between one node and some others, in one or both directions. */
  #partition(node: Node, lastsMs: number): void {
    const others = this.#cluster.nodes.filter((each) => each !== node && this.#prng.chance(0.6)).map(({ name }) => name);
    if (this.#prng.chance(0.5)) this.#network.partition([node.name], others);
    else this.#network.block([node.name], others);
    this.#later(lastsMs, 'the partition ends', () => this.#network.heal());
  }

  /** A coordinator speaks into the void and dies: numbers it has given are nowhere. */
  #isolate(coordinator: Node, lastsMs: number): void {
    const isFromAll = this.#prng.chance(0.5);
    const others = (isFromAll ? this.#cluster.nodes : this.#cluster.datas).filter((each) => each !== coordinator).map(({ name }) => name);
    this.#network.block([coordinator.name], others);
    this.#later(this.#prng.between(20, 800), `${coordinator.name} dies alone`, () => {
      this.#crash(coordinator, lastsMs);
      this.#network.heal();
    });
  }

  /** All data nodes at once, as in a power cut: what is accepted now is a hint only. Some hint stores go down with them. */
  #outage(lastsMs: number): void {
    for (const node of this.#cluster.datas) this.#crash(node, lastsMs + this.#prng.between(0, 500));
    for (const node of this.#cluster.repairs) if (this.#prng.chance(0.7)) this.#later(this.#prng.between(0, lastsMs), `${node.name} goes down too`, () => this.#crash(node, 300));
  }

  #later(delayMs: number, what: string, run: () => void): void {
    this.#scheduler.schedule(delayMs, what, run);
  }
}
