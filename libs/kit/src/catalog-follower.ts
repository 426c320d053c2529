import { DbError, type DurationMs } from '@varve/base';
import { CatalogCopy } from '@varve/catalog';
import { decodeDelivery, type Catalog, type CatalogDelivery } from '@varve/model';
import type { Bus, CatalogCache, Clock, Log, Metrics, Subscription, Timer } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { decode, type Subjects } from '@varve/wire';
import { askCatalog } from './ask-catalog.ts';
import { CopyKeeper } from './copy-keeper.ts';
import { pause } from './pause.ts';
import { RetryBudget } from './retry-budget.ts';

/** Changes are announced; this finds those whose announcement was lost. */
const POLL_INTERVAL_MS = 5_000;
/** After a question that failed. */
const RETRY_INTERVAL_MS = 250;
/** An announcement is on its way to whoever was just told of its version; asking at once would make every change a question. */
const ANNOUNCEMENT_GRACE_MS = 50;
const WAIT_TIMEOUT_MS = 10_000;
/** One for the changes, one for the whole catalog as it was and changes, one for it as it is. */
const ATTEMPT_COUNT_MAX = 3;
/** A service may start before the meta nodes do. */
const START_BOUNDS = { attemptCountMax: 60, firstPauseMs: 10, pauseMsMax: 500 };
/** The same with a cached copy to begin with: as long as an election takes. */
const CACHED_START_BOUNDS = { attemptCountMax: 5, firstPauseMs: 50, pauseMsMax: 500 };

/** What a follower needs of the outside. */
export interface FollowerPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Absent: it begins with nothing each time. */
  readonly catalogCache?: CatalogCache | undefined;
}

/**
 * Keeps this service's copy of the catalog as new as it can, as `docs/specs/catalog-feed.md` says: by announcements, by
 * questions when one was missed and at an interval, and over restarts by a cached copy. Reading it costs nothing. K4: it
 * never goes back.
 */
export class CatalogFollower {
  readonly #ports: FollowerPorts;
  readonly #subjects: Subjects;
  readonly #copy = new CatalogCopy();
  readonly #keeper: CopyKeeper | undefined;
  #subscription: Subscription | undefined;
  #poll: Timer | undefined;
  #isAsking = false;
  /** A question under way may be answered before the change that is asked for now. */
  #isAskingWanted = false;
  /** The newest index that was announced. */
  #announcedIndex = 0;
  /** Versions that somebody waits for. */
  readonly #awaited = new Set<{ readonly version: number }>();
  /** The linearizable question that is asked next, while one is under way. */
  #nextRead: Promise<void> | undefined;
  #read: Promise<void> = Promise.resolve();
  #isMetaBehind = false;
  #hasBegunAlone = false;
  #isStarted = false;
  #isStopped = false;

  constructor(ports: FollowerPorts, config: { readonly subjects: Subjects }) {
    const { clock, log, catalogCache: cache } = ports;
    this.#ports = ports;
    this.#subjects = config.subjects;
    this.#keeper = cache === undefined ? undefined : new CopyKeeper({ clock, log, cache }, this.#copy);
  }

  get catalog(): Catalog {
    return this.#copy.catalog;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** No meta node has answered when it started: it began with its cached copy. */
  get hasBegunAlone(): boolean {
    return this.#hasBegunAlone;
  }

  /**
   * Resolves with the first catalog there: what a quorum of meta nodes has now, or the cached copy when none answers (F11).
   * @throws DbError META_UNAVAILABLE when no meta node answers for long, and nothing is cached
   */
  async start(): Promise<void> {
    await this.#keeper?.load();
    this.#subscription = this.#ports.bus.subscribe(this.#subjects.metaChanged, ({ payload }) => this.#onChanged(payload));
    const failure = await this.#askFirst();
    if (failure !== undefined && this.#copy.isEmpty)
      throw new DbError('META_UNAVAILABLE', 'no meta node has shown its catalog', {}, { cause: failure });
    if (failure !== undefined) {
      this.#hasBegunAlone = true;
      const { index, catalog } = this.#copy;
      this.#ports.log.warn('No meta node answers; beginning with the cached catalog', { index, version: catalog.version, code: failure.code });
    }
    this.#isStarted = true;
    if (this.#announcedIndex > this.#copy.index) this.#refresh();
    else this.#pollAfter(failure === undefined ? POLL_INTERVAL_MS : RETRY_INTERVAL_MS);
  }

  /** Saves its copy, if it has where. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#subscription?.unsubscribe();
    this.#poll?.cancel();
    await this.#keeper?.stop();
  }

  /** What is wrong with the catalog, for people. */
  problems(): readonly string[] {
    return this.#isMetaBehind ? ['the meta nodes have an older catalog than this service has seen: they have lost what they had acknowledged, or are others'] : [];
  }

  /** Called with each newer catalog, before anybody who waits for it goes on. Returns how to stop listening. */
  onChange(listener: (catalog: Catalog) => void): () => void {
    return this.#copy.onChange(listener);
  }

  /** F5: resolves once the catalog has this version or a newer one. @throws DbError META_UNAVAILABLE after the timeout */
  waitFor(version: number, timeoutMs: DurationMs = WAIT_TIMEOUT_MS): Promise<void> {
    if (this.catalog.version >= version) return Promise.resolve();
    const { clock } = this.#ports;
    const awaited = { version };
    this.#awaited.add(awaited);
    return new Promise((settle, refuse) => {
      const asking = clock.after(Math.min(ANNOUNCEMENT_GRACE_MS, timeoutMs / 2), () => this.#refresh());
      const end = (): void => {
        this.#awaited.delete(awaited);
        forget();
        asking.cancel();
        timer.cancel();
      };
      const timer = clock.after(timeoutMs, () => {
        end();
        refuse(new DbError('META_UNAVAILABLE', `catalog version ${version} has not come within ${timeoutMs} ms; retry`));
      });
      const forget = this.#copy.onChange((catalog) => {
        if (catalog.version < version) return;
        end();
        settle();
      });
    });
  }

  /**
   * F6: a catalog that has everything that was acknowledged to anybody before the call.
   * @throws DbError META_UNAVAILABLE when no quorum of meta nodes answers
   */
  async readLinearizable(): Promise<Catalog> {
    try {
      await (this.#nextRead ??= this.#readAfter(this.#read));
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      throw new DbError('META_UNAVAILABLE', `no meta node answers: ${error.message}; retry`, {}, { cause: error });
    }
    return this.catalog;
  }

  /** Whoever calls while the question before is under way shares the one that comes after it. */
  async #readAfter(before: Promise<void>): Promise<void> {
    await before.catch(() => undefined);
    this.#nextRead = undefined;
    this.#read = this.#ask({ isLinearizable: true });
    await this.#read;
  }

  /** @returns why no meta node has answered */
  async #askFirst(): Promise<DbError | undefined> {
    const retries = new RetryBudget(this.#copy.isEmpty ? START_BOUNDS : CACHED_START_BOUNDS);
    for (;;) {
      try {
        await this.#ask({ isLinearizable: true });
        return undefined;
      } catch (error) {
        if (!(error instanceof DbError) || !error.traits.retryable || error.code === 'BUS_CLOSED') throw error;
        const pauseMs = retries.nextPauseMs();
        if (pauseMs === undefined) return error;
        await pause(this.#ports.clock, pauseMs);
      }
    }
  }

  #onChanged(bytes: Uint8Array): void {
    try {
      const { header, payload } = decode(bytes, 'metaChanged');
      this.#announcedIndex = Math.max(this.#announcedIndex, header.index);
      const isDone = payload.length > 0 && this.#take(decodeDelivery(payload));
      // Where changes cannot be trusted the interval brings the whole catalog soon enough.
      if (!isDone && header.index > this.#copy.index && this.#isStarted && !this.#copy.isForeign) this.#refresh();
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('Unreadable announcement of a catalog change', { code: error.code, reason: error.message });
    }
  }

  /** @returns false when it has to ask */
  #take(delivery: CatalogDelivery): boolean {
    const outcome = this.#copy.offer(delivery);
    const { log, metrics } = this.#ports;
    const facts = { index: delivery.index, copyIndex: this.#copy.index };
    if (outcome === 'taken') this.#keeper?.onTaken(delivery);
    if (outcome === 'foreign') log.error('The catalog has parts that this version of Varve does not know; upgrade this service', facts);
    if (outcome !== 'diverged') return outcome !== 'gap';
    metrics.add(names.catalogDiverged, 1);
    log.error('A change of the catalog came to something else here than at the meta nodes; taking the whole catalog', facts);
    return false;
  }

  #refresh(): void {
    this.#isAskingWanted = true;
    if (!this.#isAsking && !this.#isStopped) void this.#askWhileWanted();
  }

  async #askWhileWanted(): Promise<void> {
    this.#isAsking = true;
    this.#poll?.cancel();
    let nextPollMs = POLL_INTERVAL_MS;
    try {
      while (this.#isAskingWanted && !this.#isStopped) {
        this.#isAskingWanted = false;
        await this.#ask({ isLinearizable: false });
      }
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      nextPollMs = RETRY_INTERVAL_MS;
      this.#ports.log[error.traits.retryable ? 'debug' : 'warn']('Catalog not fetched; trying again', { code: error.code, reason: error.message });
    } finally {
      this.#isAsking = false;
    }
    this.#pollAfter(nextPollMs);
  }

  #pollAfter(delayMs: DurationMs): void {
    this.#poll?.cancel();
    if (!this.#isStopped) this.#poll = this.#ports.clock.after(delayMs, () => this.#refresh());
  }

  /** What cannot be taken as changes is asked for as a whole. */
  async #ask({ isLinearizable }: { readonly isLinearizable: boolean }): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPT_COUNT_MAX; attempt += 1) {
      const { isEmpty, isDiverged, isForeign, index } = this.#copy;
      const afterIndex = isEmpty || isDiverged ? undefined : index;
      const header = { afterIndex, atLeastIndex: this.#atLeastIndex(isLinearizable), isWhole: isDiverged || isForeign, isLinearizable };
      const delivery = await askCatalog(this.#ports, this.#subjects, header);
      if (isLinearizable) this.#compareWithMeta(delivery.index, index);
      if (this.#take(delivery)) return;
    }
    throw new DbError('META_UNAVAILABLE', `what the meta nodes have answered does not go on from index ${this.#copy.index}; retry`);
  }

  /** Of what it knows to be there, unless the answer will be the newest in any case. */
  #atLeastIndex(isLinearizable: boolean): number {
    const { isDiverged, index } = this.#copy;
    const newest = Math.max(this.#announcedIndex, ...[...this.#awaited].map(({ version }) => version));
    return isDiverged ? index : isLinearizable || newest <= index ? 0 : newest;
  }

  /** A linearizable answer has all that was ever delivered; it is older than what this service had only when the group has lost something. */
  #compareWithMeta(index: number, copyIndex: number): void {
    const isBehind = index < copyIndex;
    if (isBehind && !this.#isMetaBehind) this.#ports.log.error('The meta nodes have an older catalog than this service; staying with the newer one', { index, copyIndex });
    this.#isMetaBehind = isBehind;
  }
}
