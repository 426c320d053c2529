import { setTimeout as sleep } from 'node:timers/promises';
import { DbError, type DurationMs } from '@varve/base';
import { CatalogClient } from '@varve/kit';
import type { CatalogCommand, CommandResult } from '@varve/model';
import { connectNats } from '@varve/nats-adapter';
import type { Bus } from '@varve/ports';
import { openLog, systemClock } from '@varve/system-adapter';
import { subjectsOf } from '@varve/wire';

/** Between two proposals of a client. */
const PAUSE_MS = 40;

const NAME_PREFIX = 'proposer ';

/** Whether it is one of these clients. */
export function isProposer(name: string): boolean {
  return name.startsWith(NAME_PREFIX);
}

/** Clients of the meta group, each with a connection and a session of its own, that never ask for the same thing twice. */
export class Proposers {
  /** The id that each name was answered with. */
  readonly acked = new Map<string, number>();
  /** Names whose command was given up: it may have been applied, or not. */
  readonly unknown = new Set<string>();
  readonly #buses: readonly Bus[];
  readonly #accepted: { readonly startedMs: number; readonly endedMs: number }[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #isPaused = false;
  #isStopped = false;

  private constructor(buses: readonly Bus[]) {
    this.#buses = buses;
  }

  static async connect(count: number, natsServer: string): Promise<Proposers> {
    const log = openLog({ level: 'error', format: 'console' });
    const connecting = Array.from({ length: count }, (_, number) => connectNats({ servers: [natsServer], name: `${NAME_PREFIX}${number}`, log }));
    return new Proposers(await Promise.all(connecting));
  }

  /** Resolves when all have stopped. */
  async run(): Promise<void> {
    await Promise.all(this.#buses.map((bus, number) => this.#propose(number, bus)));
  }

  /** What is under way goes on. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.close()));
  }

  /** From `sinceMs` to the first acknowledgement of a command that was first sent after it; undefined: none yet. */
  firstAcceptedAfter(sinceMs: number): DurationMs | undefined {
    const first = this.#accepted.find(({ startedMs }) => startedMs >= sinceMs);
    return first === undefined ? undefined : first.endedMs - sinceMs;
  }

  /** A proposal begins every so often, whatever became of the ones before: one is always on its way soon after a kill. */
  async #propose(number: number, bus: Bus): Promise<void> {
    const client = new CatalogClient({ bus, clock: systemClock }, { subjects: subjectsOf('varve'), proposer: `${NAME_PREFIX}${number}` });
    for (let count = 0; !this.#isStopped; await sleep(PAUSE_MS)) {
      if (this.#isPaused) continue;
      const name = `n${number}_${(count += 1)}`;
      const command: CatalogCommand = count % 2 === 0 ? { kind: 'createDatabase', name } : { kind: 'openIncarnation', holder: name, nowMs: 0, leaseMs: 1 };
      const asking = this.#ask(client, name, command);
      this.#underWay.add(asking);
      void asking.finally(() => this.#underWay.delete(asking));
    }
    await Promise.all(this.#underWay);
  }

  async #ask(client: CatalogClient, name: string, command: CatalogCommand): Promise<void> {
    const startedMs = performance.now();
    try {
      const { result } = await client.propose(command);
      this.acked.set(name, idOf(result));
      this.#accepted.push({ startedMs, endedMs: performance.now() });
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== 'META_UNAVAILABLE') throw error;
      this.unknown.add(name);
    }
  }
}

function idOf(result: CommandResult): number {
  if (result.kind === 'applied' && result.id !== undefined) return result.id;
  throw new Error(`a command that nobody else sends came to ${JSON.stringify(result)}`);
}
