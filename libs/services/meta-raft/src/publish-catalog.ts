import { DbError, type DurationMs } from '@varve/base';
import { catalogFingerprint } from '@varve/catalog';
import { LIMITS } from '@varve/config';
import { BYTES, serveStream } from '@varve/kit';
import { encodeDelivery, packCatalog, withoutSessions, type Catalog, type CatalogDelivery } from '@varve/model';
import type { Bus, Clock, Log, Metrics, Subscription, Timer } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { encode, type Header, type Subjects } from '@varve/wire';
import type { CatalogMachine } from './catalog-machine.ts';

/** What showing the catalog needs of the outside. */
export interface PublisherPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What is shown, and how. */
export interface PublisherParts {
  readonly machine: CatalogMachine;
  readonly subjects: Subjects;
  /** Resolves once this node has applied everything that was acknowledged before the call. @throws DbError META_UNAVAILABLE */
  readonly linearize: () => Promise<void>;
}

/** Well below what a bus carries in one message. */
const PIECE_SIZE_BYTES_MAX = 256 * 1024;
/** A follower of the catalog that takes no more of it for so long is left. */
const STREAM_IDLE_TIMEOUT_MS = 2_000;
/** Of the meta nodes one answers; all of them hold the same. */
const META_NODES_QUEUE = 'meta';
/** A follower whose question has to wait longer may have more luck with another meta node. */
const CATCH_UP_TIMEOUT_MS: DurationMs = 1_000;
/** Questions that wait for what is not applied here yet. Each ends by the timeout. */
const WAITING_COUNT_MAX = 1_000;
/** An encoded catalog that nobody has asked for in so long is let go. */
const ENCODED_IDLE_MS: DurationMs = 30_000;
const NOTHING = new Uint8Array(0);

/**
 * Shows the catalog to everybody else, as `docs/specs/catalog-feed.md` says: the leader announces what has changed, and every
 * meta node hands out what a follower lacks.
 */
export class CatalogPublisher {
  readonly #ports: PublisherPorts;
  readonly #parts: PublisherParts;
  readonly #waiting = new Set<() => void>();
  #leads = false;
  #announced: { readonly index: number; readonly version: number };
  #fingerprint: { readonly of: Catalog; readonly value: number } | undefined;
  /** The whole catalog as it was at an index; good while the changes behind it are kept. */
  #encoded: { readonly index: number; readonly bytes: Uint8Array } | undefined;
  #letGo: Timer | undefined;

  constructor(ports: PublisherPorts, parts: PublisherParts) {
    this.#ports = ports;
    this.#parts = parts;
    this.#announced = { index: parts.machine.index, version: parts.machine.catalog.version };
  }

  /** Answers followers, until it is cancelled. */
  serve(): Subscription {
    const at = { subject: this.#parts.subjects.metaCatalog, queue: META_NODES_QUEUE, askedKind: 'metaCatalog', codec: BYTES, idleTimeoutMs: STREAM_IDLE_TIMEOUT_MS } as const;
    return serveStream(this.#ports, at, ({ header }) => this.#answer(header));
  }

  /** To be called when entries were applied, or a snapshot was. */
  onApplied(): void {
    for (const look of [...this.#waiting]) look();
    const { machine } = this.#parts;
    const isNewVersion = machine.catalog.version !== this.#announced.version;
    if (this.#leads && (isNewVersion || this.#unannounced() === undefined)) this.#announce();
  }

  /** Announces from now on; what was committed before and nobody has heard of at once. */
  lead(): void {
    this.#leads = true;
    this.#announced = { index: this.#parts.machine.index, version: this.#parts.machine.catalog.version };
    this.#announce();
  }

  /** Announces no more. */
  giveWay(): void {
    this.#leads = false;
  }

  /** Lets go of everything. Questions that wait end by their timeout. */
  stop(): void {
    this.#leads = false;
    this.#letGo?.cancel();
  }

  #announce(): void {
    const { machine, subjects } = this.#parts;
    const { index, catalog } = machine;
    const changes = this.#unannounced();
    const isInside = changes !== undefined && (changes.length > 0 || index === this.#announced.index);
    const payload = isInside ? this.#encode({ afterIndex: this.#announced.index, changes }) : NOTHING;
    this.#announced = { index, version: catalog.version };
    this.#ports.bus.publish(subjects.metaChanged, encode('metaChanged', { version: catalog.version, index }, payload));
  }

  /** Changes that were not announced yet; undefined when they are too many for an announcement, or not here any more. */
  #unannounced(): Uint8Array | undefined {
    const changes = this.#parts.machine.changes.after(this.#announced.index);
    return changes !== undefined && changes.length <= LIMITS.catalogAnnouncementSizeBytesMax ? changes : undefined;
  }

  /** @throws DbError META_UNAVAILABLE */
  async *#answer({ afterIndex, atLeastIndex, isWhole, isLinearizable }: Header<'metaCatalog'>): AsyncGenerator<Uint8Array> {
    if (isLinearizable) await this.#parts.linearize();
    if (this.#parts.machine.index < atLeastIndex) await this.#untilApplied(atLeastIndex);
    const bytes = this.#encode(this.#wanted(afterIndex, isWhole));
    for (let start = 0; start < bytes.length; start += PIECE_SIZE_BYTES_MAX) yield bytes.subarray(start, start + PIECE_SIZE_BYTES_MAX);
  }

  #wanted(afterIndex: number | undefined, isWhole: boolean): Pick<CatalogDelivery, 'afterIndex' | 'whole' | 'changes'> {
    const { index, changes } = this.#parts.machine;
    if (afterIndex !== undefined && afterIndex >= index) return { afterIndex: index, changes: NOTHING };
    const missing = afterIndex === undefined || isWhole ? undefined : changes.after(afterIndex);
    if (missing !== undefined) return { afterIndex: afterIndex!, changes: missing };
    const { index: wholeIndex, bytes: whole } = this.#wholeCatalog(isWhole);
    return { afterIndex: wholeIndex, whole, changes: changes.after(wholeIndex) ?? NOTHING };
  }

  /** As it is now, or as it was encoded last while the changes since are here. */
  #wholeCatalog(isNewest: boolean): { readonly index: number; readonly bytes: Uint8Array } {
    const { index, catalog, changes } = this.#parts.machine;
    const isUsable = this.#encoded !== undefined && (isNewest ? this.#encoded.index === index : this.#encoded.index >= changes.afterIndex);
    if (!isUsable) this.#encoded = { index, bytes: packCatalog(withoutSessions(catalog)) };
    this.#letGo?.cancel();
    this.#letGo = this.#ports.clock.after(ENCODED_IDLE_MS, () => (this.#encoded = undefined));
    return this.#encoded!;
  }

  #encode(parts: Pick<CatalogDelivery, 'afterIndex' | 'whole' | 'changes'>): Uint8Array {
    const { index } = this.#parts.machine;
    const bytes = encodeDelivery({ ...parts, index, fingerprint: this.#fingerprintNow() });
    const isWhole = parts.whole !== undefined;
    if (isWhole || parts.changes.length > 0) {
      this.#ports.metrics.add(isWhole ? names.catalogSentWhole : names.catalogSentChanges, 1);
      this.#ports.metrics.add(isWhole ? names.catalogSentWholeSize : names.catalogSentChangesSize, bytes.length);
    }
    return bytes;
  }

  #fingerprintNow(): number {
    const { catalog } = this.#parts.machine;
    if (this.#fingerprint?.of !== catalog) this.#fingerprint = { of: catalog, value: catalogFingerprint(catalog) };
    return this.#fingerprint.value;
  }

  #untilApplied(index: number): Promise<void> {
    const behind = new DbError('META_UNAVAILABLE', `this meta node has not applied entry ${index} yet; retry`);
    if (this.#waiting.size >= WAITING_COUNT_MAX) return Promise.reject(behind);
    return new Promise((settle, refuse) => {
      const look = (): void => {
        if (this.#parts.machine.index < index) return;
        this.#waiting.delete(look);
        timer.cancel();
        settle();
      };
      const timer = this.#ports.clock.after(CATCH_UP_TIMEOUT_MS, () => {
        this.#waiting.delete(look);
        refuse(behind);
      });
      this.#waiting.add(look);
    });
  }
}
