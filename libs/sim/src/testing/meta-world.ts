import { CatalogClient } from '@varve/kit';
import { SILENT_LOG } from '@varve/ports';
import { subjectsOf } from '@varve/wire';
import { SimClock, SimRandom } from '../sim-clock.ts';
import { SimMetaGroup, type SimMeta } from '../sim-meta-group.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from '../sim-network.ts';
import { SimProcess } from '../sim-process.ts';
import { SimScheduler } from '../sim-scheduler.ts';

/** A meta group with one client, for tests that tell a story. */
export class MetaWorld {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly group: SimMetaGroup;
  readonly #client: CatalogClient;

  constructor({ seed = 1, peerCount = 3, faults = CALM_NETWORK }: { readonly seed?: number; readonly peerCount?: number; readonly faults?: NetworkFaults } = {}) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, faults);
    this.group = new SimMetaGroup(this.scheduler, this.network, { peerCount });
    const process = new SimProcess(this.scheduler, 'client');
    const ports = { bus: this.network.connect(process), clock: new SimClock(process), random: new SimRandom(process), log: SILENT_LOG };
    this.#client = new CatalogClient(ports, { subjects: subjectsOf('sim'), proposer: 'client' });
  }

  async startAll(): Promise<void> {
    await this.scheduler.runUntilSettled(Promise.all(this.group.peers.map((peer) => this.group.start(peer))));
  }

  async createDatabase(name: string): Promise<void> {
    await this.scheduler.runUntilSettled(this.#client.propose({ kind: 'createDatabase', name }));
  }

  /** What its start comes to within a while: it takes part, waits, or is refused with a sentence. */
  async outcomeOf(start: Promise<void>, forMs = 5_000): Promise<string> {
    let outcome = 'waits';
    start.then(
      () => (outcome = 'takes part'),
      (error: unknown) => (outcome = `${(error as { code?: string }).code}: ${(error as Error).message}`),
    );
    await this.scheduler.runFor(forMs);
    return outcome;
  }

  kill(peer: number): void {
    this.group.kill(peer);
  }

  /** Each peer's members, as texts. */
  members(): readonly string[] {
    return [...this.group.running].map(([peer, { service }]) => `${peer}: ${service.metaStatus().members.map(({ id, role }) => `${id} ${role}`).join(', ')}`);
  }

  get leader(): number {
    return [...this.group.running].find(([, { service }]) => service.metaStatus().role === 'leader')![0];
  }

  control(peer = this.leader): SimMeta['service'] {
    return this.group.running.get(peer)!.service;
  }
}
