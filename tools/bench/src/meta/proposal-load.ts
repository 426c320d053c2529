import { DbError } from '@varve/base';
import type { CatalogClient } from '@varve/kit';
import type { RunningGroup } from './running-group.ts';

const CLIENT_COUNT = 8;
/** One proposal begins so often, whatever became of the ones before. */
const INTERVAL_MS = 5;

interface Asked {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly isAccepted: boolean;
}

/** Proposals at a steady rate, from clients that do not know of each other. */
export class ProposalLoad {
  readonly #clients: readonly CatalogClient[];
  readonly #asked: Asked[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #number = 0;

  constructor(group: RunningGroup) {
    this.#clients = Array.from({ length: CLIENT_COUNT }, (_, number) => group.openClient(`load ${number}`));
  }

  start(): void {
    this.#timer = setInterval(() => {
      const asking = this.#ask(this.#clients[(this.#number += 1) % CLIENT_COUNT]!, this.#number);
      this.#underWay.add(asking);
      void asking.finally(() => this.#underWay.delete(asking));
    }, INTERVAL_MS);
  }

  /** Resolves when every proposal has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  /** Until one that began then or later was accepted; undefined: none has been yet. */
  firstAcceptedAfter(sinceMs: number): number | undefined {
    const after = this.#asked.filter(({ startedMs, isAccepted }) => isAccepted && startedMs >= sinceMs);
    return after.length === 0 ? undefined : Math.min(...after.map(({ endedMs }) => endedMs)) - sinceMs;
  }

  /** The longest that nothing was accepted, of all gaps that end after `sinceMs`. */
  longestGapAfter(sinceMs: number): number {
    const ends = this.#asked.filter(({ isAccepted }) => isAccepted).map(({ endedMs }) => endedMs).toSorted((left, right) => left - right);
    return Math.max(0, ...ends.map((endedMs, at) => (at > 0 && endedMs >= sinceMs ? endedMs - ends[at - 1]! : 0)));
  }

  /** The longest that one took which was under way then. */
  slowestUnderWayAt(atMs: number): number {
    const underWay = this.#asked.filter(({ startedMs, endedMs }) => startedMs <= atMs && endedMs >= atMs);
    return Math.max(0, ...underWay.map(({ startedMs, endedMs }) => endedMs - startedMs));
  }

  failedCountAfter(sinceMs: number): number {
    return this.#asked.filter(({ endedMs, isAccepted }) => endedMs >= sinceMs && !isAccepted).length;
  }

  forget(): void {
    this.#asked.length = 0;
  }

  async #ask(client: CatalogClient, number: number): Promise<void> {
    const startedMs = performance.now();
    const isAccepted = await isAcceptedBy(client, number);
    this.#asked.push({ startedMs, endedMs: performance.now(), isAccepted });
  }
}

async function isAcceptedBy(client: CatalogClient, number: number): Promise<boolean> {
  try {
    const { result } = await client.propose({ kind: 'setSetting', key: 'default-replica-count', value: String(number) });
    if (result.kind === 'rejected') throw new Error(result.message);
    return true;
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    return false;
  }
}
