import { ByteWriter, DbError, type DurationMs, type SizeBytes } from '@varve/base';
import { catalogFingerprint, type CatalogCopy } from '@varve/catalog';
import { decodeDelivery, encodeDelivery, packCatalog, withoutSessions, type CatalogDelivery } from '@varve/model';
import type { CatalogCache, Clock, Log, Timer } from '@varve/ports';

/** What keeping a copy needs of the outside. */
export interface KeeperPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly cache: CatalogCache;
}

/** A copy that is a little old asks for what has come since. */
const SAVE_INTERVAL_MS: DurationMs = 5_000;
/** Changes on disk and on their way there. Beyond it, and beyond the size of the whole catalog, that is written anew. */
const CHANGES_SIZE_BYTES_MIN: SizeBytes = 512 * 1024;

/**
 * Keeps a follower's copy on disk, in the background: what was delivered is appended as it came. F10: nothing waits for it
 * but the stop, and what it cannot save or load is no reason to fail.
 */
export class CopyKeeper {
  readonly #ports: KeeperPorts;
  readonly #copy: CatalogCopy;
  /** Deliveries that are not saved; with a whole catalog, if any, as the first one. */
  #unsaved: CatalogDelivery[] = [];
  /** Of the whole catalog on disk or waiting, and of the changes behind it. */
  #wholeSizeBytes = 0;
  #changesSizeBytes = 0;
  /** There is nothing that changes could be appended to. */
  #isWholeNeeded = true;
  #saving: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #isStopped = false;
  #hasFailed = false;

  constructor(ports: KeeperPorts, copy: CatalogCopy) {
    this.#ports = ports;
    this.#copy = copy;
  }

  /** Gives the copy what was saved last. */
  async load(): Promise<void> {
    const { cache, log } = this.#ports;
    try {
      const isWholeRead = (await cache.load()).every((document) => this.#restore(decodeDelivery(document)));
      this.#isWholeNeeded = !isWholeRead || this.#copy.isEmpty;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.warn('The cached catalog cannot be used', { code: error.code, reason: error.message });
    }
    const { index, catalog, isEmpty } = this.#copy;
    if (!isEmpty) log.info('Catalog loaded from the cache', { index, version: catalog.version });
  }

  /** The copy has taken a delivery. */
  onTaken(delivery: CatalogDelivery): void {
    const { whole, changes } = delivery;
    if (whole !== undefined) this.#unsaved = [];
    this.#isWholeNeeded &&= whole === undefined;
    // What came over the bus may be a view over a larger buffer.
    if (!this.#isWholeNeeded) this.#unsaved.push({ ...delivery, changes: changes.slice() });
    this.#count(delivery);
    if (this.#changesSizeBytes > Math.max(CHANGES_SIZE_BYTES_MIN, this.#wholeSizeBytes)) {
      this.#unsaved = [];
      this.#isWholeNeeded = true;
    }
    if (!this.#isStopped) this.#timer ??= this.#ports.clock.after(SAVE_INTERVAL_MS, () => void this.#save());
  }

  /** Saves what is not saved yet. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) void this.#save();
    await this.#saving;
  }

  /** @returns false when nothing that comes behind it can be used */
  #restore(delivery: CatalogDelivery): boolean {
    const outcome = this.#copy.offer(delivery);
    this.#count(delivery);
    if (outcome === 'taken' || outcome === 'old') return true;
    this.#ports.log.warn('The cached catalog does not go on; asking for the rest', { outcome, index: this.#copy.index });
    return false;
  }

  #save(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<void> {
    const { cache, log } = this.#ports;
    const delivery = this.#takeUnsaved();
    if (delivery === undefined) return;
    try {
      const document = encodeDelivery(delivery);
      await (delivery.whole === undefined ? cache.append(document) : cache.replace(document));
      this.#hasFailed = false;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#isWholeNeeded = true;
      if (!this.#hasFailed) log.warn('The catalog cannot be cached; going on without', { code: error.code, reason: error.message });
      this.#hasFailed = true;
    }
  }

  #takeUnsaved(): CatalogDelivery | undefined {
    const unsaved = this.#unsaved;
    this.#unsaved = [];
    if (!this.#isWholeNeeded) return merged(unsaved);
    if (this.#copy.isEmpty || this.#copy.isDiverged || this.#copy.isForeign) return undefined;
    this.#isWholeNeeded = false;
    const whole = wholeOf(this.#copy);
    this.#count(whole);
    return whole;
  }

  #count({ whole, changes }: CatalogDelivery): void {
    if (whole !== undefined) {
      this.#wholeSizeBytes = whole.length;
      this.#changesSizeBytes = 0;
    }
    this.#changesSizeBytes += changes.length;
  }
}

/** Deliveries that were taken one after the other, as one. */
function merged(deliveries: readonly CatalogDelivery[]): CatalogDelivery | undefined {
  const [first, last] = [deliveries[0], deliveries.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const changes = new ByteWriter();
  for (const delivery of deliveries) changes.raw(delivery.changes);
  return { ...last, afterIndex: first.afterIndex, whole: first.whole, changes: changes.finish() };
}

function wholeOf({ catalog, index }: CatalogCopy): CatalogDelivery {
  const whole = packCatalog(withoutSessions(catalog));
  return { afterIndex: index, index, fingerprint: catalogFingerprint(catalog), whole, changes: new Uint8Array(0) };
}
