import { ByteWriter, DbError, type DurationMs } from '@varve/base';
import { CatalogView } from '@varve/catalog';
import { decodeCatalog, EMPTY_CATALOG, type Catalog } from '@varve/model';
import type { Bus, Clock, Log, Subscription, Timer } from '@varve/ports';
import { decode, type Subjects } from '@varve/wire';
import { pause } from './pause.ts';
import { RetryBudget } from './retry-budget.ts';
import { openStream } from './stream.ts';

/** Between two pieces of a catalog. */
const FETCH_IDLE_TIMEOUT_MS = 2_000;
const NO_PAYLOAD = new Uint8Array(0);
/** Changes are announced; this finds those whose announcement was lost. */
const POLL_INTERVAL_MS = 5_000;
/** After a fetch that failed. */
const RETRY_INTERVAL_MS = 250;
const WAIT_TIMEOUT_MS = 10_000;
/** A service may start before the meta nodes do. */
const START_BOUNDS = { attemptCountMax: 60, firstPauseMs: 10, pauseMsMax: 500 };

/** What a follower needs of the outside. */
export interface FollowerPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps the newest catalog that the meta nodes have shown to this service: fetched at the start, when a change is
 * announced, and every few seconds in case an announcement was lost. Reading it costs nothing. K4: it never goes back.
 */
export class CatalogFollower {
  readonly #ports: FollowerPorts;
  readonly #subjects: Subjects;
  readonly #view = new CatalogView(EMPTY_CATALOG);
  #subscription: Subscription | undefined;
  #poll: Timer | undefined;
  #isFetching = false;
  /** A fetch under way may have been answered before the change that is asked for now. */
  #isFetchWanted = false;
  #isStopped = false;

  constructor(ports: FollowerPorts, config: { readonly subjects: Subjects }) {
    this.#ports = ports;
    this.#subjects = config.subjects;
  }

  get catalog(): Catalog {
    return this.#view.catalog;
  }

  /** Resolves with the first catalog there. @throws DbError META_UNAVAILABLE when no meta node answers for long */
  async start(): Promise<void> {
    this.#subscription = this.#ports.bus.subscribe(this.#subjects.metaChanged, ({ payload }) =>
      this.#onChanged(payload),
    );
    const retries = new RetryBudget(START_BOUNDS);
    for (;;) {
      try {
        await this.#fetch();
        break;
      } catch (error) {
        if (!(error instanceof DbError) || !error.traits.retryable || error.code === 'BUS_CLOSED') throw error;
        const pauseMs = retries.nextPauseMs();
        if (pauseMs === undefined)
          throw new DbError('META_UNAVAILABLE', 'no meta node has shown its catalog', {}, { cause: error });
        await pause(this.#ports.clock, pauseMs);
      }
    }
    this.#pollAfter(POLL_INTERVAL_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#subscription?.unsubscribe();
    this.#poll?.cancel();
  }

  /** Called with each newer catalog, before anybody who waits for it goes on. Returns how to stop listening. */
  onChange(listener: (catalog: Catalog) => void): () => void {
    return this.#view.onChange(listener);
  }

  /** Resolves once the catalog has this version or a newer one. @throws DbError META_UNAVAILABLE after the timeout */
  waitFor(version: number, timeoutMs: DurationMs = WAIT_TIMEOUT_MS): Promise<void> {
    if (this.catalog.version >= version) return Promise.resolve();
    this.#refresh();
    return new Promise((settle, refuse) => {
      const timer = this.#ports.clock.after(timeoutMs, () => {
        forget();
        refuse(
          new DbError('META_UNAVAILABLE', `catalog version ${version} has not come within ${timeoutMs} ms; retry`),
        );
      });
      const forget = this.#view.onChange((catalog) => {
        if (catalog.version < version) return;
        forget();
        timer.cancel();
        settle();
      });
    });
  }

  /**
   * Asks a meta node now: a name that this catalog lacks may be known there.
   * @throws DbError META_UNAVAILABLE when none answers
   */
  async lookAgain(): Promise<void> {
    try {
      await this.#fetch();
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      throw new DbError('META_UNAVAILABLE', `no meta node answers: ${error.message}; retry`, {}, { cause: error });
    }
  }

  #onChanged(payload: Uint8Array): void {
    try {
      if (decode(payload, 'metaChanged').header.version > this.catalog.version) this.#refresh();
    } catch (error) {
      this.#ports.log.warn('Unreadable announcement of a catalog change', { error });
    }
  }

  #refresh(): void {
    this.#isFetchWanted = true;
    if (!this.#isFetching && !this.#isStopped) void this.#fetchWhileWanted();
  }

  async #fetchWhileWanted(): Promise<void> {
    this.#isFetching = true;
    this.#poll?.cancel();
    let nextPollMs = POLL_INTERVAL_MS;
    try {
      while (this.#isFetchWanted) {
        this.#isFetchWanted = false;
        await this.#fetch();
      }
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      nextPollMs = RETRY_INTERVAL_MS;
      this.#ports.log.debug('Catalog not fetched; trying again', { code: error.code, reason: error.message });
    } finally {
      this.#isFetching = false;
    }
    this.#pollAfter(nextPollMs);
  }

  #pollAfter(delayMs: DurationMs): void {
    if (!this.#isStopped) this.#poll = this.#ports.clock.after(delayMs, () => this.#refresh());
  }

  async #fetch(): Promise<void> {
    const to = { subject: this.#subjects.metaCatalog, idleTimeoutMs: FETCH_IDLE_TIMEOUT_MS };
    const header = { afterVersion: this.catalog.version };
    const asked = { kind: 'metaCatalog', header, payload: NO_PAYLOAD } as const;
    const document = new ByteWriter();
    for await (const piece of openStream(this.#ports, to, asked)) document.raw(piece);
    if (document.length > 0) this.#view.offer(decodeCatalog(document.finish()));
  }
}
