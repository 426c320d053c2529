import { DbError, type DurationMs, type Prng } from '@varve/base';
import { CatalogClient, CatalogFollower } from '@varve/kit';
import type { Catalog } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS } from '@varve/ports';
import type { Subjects } from '@varve/wire';
import { SimClock } from '../sim-clock.ts';
import type { SimNetwork } from '../sim-network.ts';
import { SimProcess } from '../sim-process.ts';
import type { SimScheduler } from '../sim-scheduler.ts';
import type { CatalogAsked, CatalogInput, CatalogOutput, SeenThing } from './catalog-model.ts';
import type { HistoryRecorder, Outcome } from './history.ts';

/** How a client reads the catalog. */
export type CatalogRead = (follower: CatalogFollower) => Promise<Catalog>;

/** What a client lives in. */
export interface ClientWorld {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly subjects: Subjects;
  readonly recorder: HistoryRecorder<CatalogInput, CatalogOutput>;
  /** At the follower of the client. */
  readonly read: CatalogRead;
}

/** From start to crash, or to an outcome that nobody knows. */
interface Life {
  /** In the history: never the same again. */
  readonly name: string;
  readonly process: SimProcess;
  readonly clock: SimClock;
  readonly client: CatalogClient;
  readonly follower: CatalogFollower;
  readonly killed: Promise<typeof UNHEARD>;
}

/** No answer: of a command the outcome is unknown then. */
const UNHEARD = { kind: 'unknown' } as const;

const DATABASES = ['d', 'e', 'f'];
const HOLDERS = ['h', 'i'];
const THINK_MS_MAX = 400;
const SKEW_MS_MAX = 2_000;
const LEASE_MS_MAX = 3_000;
/** A client dies while it waits for an answer. */
const DEATH_PROBABILITY = 0.05;
const DEATH_AFTER_MS_MAX = 60;

/** Asks for one thing after the other, and lives again when it dies. */
export class CatalogHistoryClient {
  readonly #world: ClientWorld;
  readonly #name: string;
  readonly #prng: Prng;
  readonly #skewMs: DurationMs;
  /** Incarnations that it was told. */
  readonly #incarnations: number[] = [];
  #lifeCount = 0;

  constructor(world: ClientWorld, name: string) {
    this.#world = world;
    this.#name = name;
    this.#prng = world.scheduler.prngOf(`client ${name}`);
    this.#skewMs = this.#prng.between(-SKEW_MS_MAX, SKEW_MS_MAX);
  }

  async run(operationCount: number): Promise<void> {
    let life = await this.#begin();
    for (let number = 0; number < operationCount; number += 1) {
      await Promise.race([life.process.perform(this.#prng.between(0, THINK_MS_MAX), 'thinks', () => undefined), life.killed]);
      if (!life.process.isAlive) life = await this.#begin(life);
      const input = this.#draw(life);
      if (this.#prng.chance(DEATH_PROBABILITY)) this.#dieSoon(life);
      const outcome = await this.#operate(life, input);
      if (outcome === UNHEARD) life = await this.#begin(life);
    }
    this.#end(life);
  }

  #dieSoon({ process }: Life): void {
    this.#world.scheduler.schedule(this.#prng.between(0, DEATH_AFTER_MS_MAX), `${this.#name} dies`, () => process.kill());
  }

  /** Reads until an answer is heard. */
  async readOnce(): Promise<void> {
    const life = await this.#begin();
    while ((await this.#operate(life, { kind: 'read' })) === UNHEARD);
    this.#end(life);
  }

  async #operate(life: Life, input: CatalogAsked): Promise<Outcome<CatalogOutput>> {
    const end = this.#world.recorder.call(life.name, input);
    const outcome = await Promise.race([this.#outcomeOf(life, input), life.killed]);
    const saysNothing = input.kind === 'read' && outcome.kind === 'unknown';
    if (!saysNothing) end(outcome);
    return outcome;
  }

  async #outcomeOf({ client, follower }: Life, input: CatalogAsked): Promise<Outcome<CatalogOutput>> {
    try {
      if (input.kind === 'read') return { kind: 'ok', output: outputOf(await this.#world.read(follower)) };
      const { result, version } = await client.propose(input);
      if (result.kind === 'rejected') return { kind: 'rejected', reason: result.reason };
      const { id, floorMs, ceilingMs } = result;
      if (input.kind === 'openIncarnation' && id !== undefined) this.#incarnations.push(id);
      return { kind: 'ok', output: { version, id, floorMs, ceilingMs } };
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== 'META_UNAVAILABLE') throw error;
      return UNHEARD;
    }
  }

  #draw({ clock }: Life): CatalogAsked {
    const prng = this.#prng;
    const nowMs = clock.wallMs();
    const leaseMs = prng.between(1, LEASE_MS_MAX);
    const kind = prng.pick(['createDatabase', 'createDatabase', 'dropDatabase', 'openIncarnation', 'renewIncarnation', 'read', 'read'] as const);
    if (kind === 'createDatabase' || kind === 'dropDatabase') return { kind, name: prng.pick(DATABASES) };
    if (kind === 'openIncarnation') return { kind, holder: prng.pick(HOLDERS), nowMs, leaseMs };
    if (kind === 'read' || this.#incarnations.length === 0) return { kind: 'read' };
    return { kind, incarnation: prng.pick(this.#incarnations.slice(-3)), ceilingMs: nowMs + leaseMs };
  }

  /** What the last one still does goes on, with nobody who listens. */
  async #begin(last?: Life): Promise<Life> {
    last?.process.kill();
    const { scheduler, network, subjects } = this.#world;
    this.#lifeCount += 1;
    const name = `${this.#name}.${this.#lifeCount}`;
    const process = new SimProcess(scheduler, this.#name);
    const clock = new SimClock(process, { skewMs: this.#skewMs });
    const ports = { bus: network.connect(process), clock, log: SILENT_LOG, metrics: SILENT_METRICS };
    const killed = new Promise<typeof UNHEARD>((resolve) => process.onKill(() => resolve(UNHEARD)));
    const follower = new CatalogFollower(ports, { subjects });
    await this.#started(follower);
    return { name, process, clock, client: new CatalogClient(ports, { subjects, proposer: name }), follower, killed };
  }

  /** A follower that finds no meta node for long tries again, as a service that is started again. */
  async #started(follower: CatalogFollower): Promise<void> {
    for (;;) {
      try {
        return await follower.start();
      } catch (error) {
        if (!(error instanceof DbError) || error.code !== 'META_UNAVAILABLE') throw error;
      }
    }
  }

  #end({ process }: Life): void {
    process.kill();
  }
}

/** Databases and incarnations of a catalog, by ascending ids. */
export function seenOf({ databases, incarnations }: Catalog): readonly SeenThing[] {
  const seen: readonly SeenThing[] = [
    ...[...databases.values()].map(({ id, name }) => ({ kind: 'database' as const, id, name, isOpen: true })),
    ...[...incarnations.values()].map(({ id, holder, isOpen }) => ({ kind: 'incarnation' as const, id, name: holder, isOpen })),
  ];
  return seen.toSorted((left, right) => left.id - right.id);
}

function outputOf(catalog: Catalog): CatalogOutput {
  return { version: catalog.version, seen: seenOf(catalog) };
}
