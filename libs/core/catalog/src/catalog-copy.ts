import { DbError } from '@varve/base';
import { decodeChanges, EMPTY_CATALOG, unpackCatalog, type Catalog, type CatalogChange, type CatalogDelivery } from '@varve/model';
import { applyChange } from './changes.ts';
import { catalogFingerprint } from './fingerprint.ts';

/**
 * What became of a delivery. `taken`: the copy is at its index now. `old`: it ends where the copy is, or before. `gap`: changes
 * are missing before it. `diverged`: applied here it would give another catalog than at the meta nodes, so it was not taken.
 * `foreign`: it was taken, though this software cannot hold all that is in it.
 */
export type DeliveryOutcome = 'taken' | 'old' | 'gap' | 'diverged' | 'foreign';

interface State {
  readonly catalog: Catalog;
  readonly index: number;
}

/** A follower's catalog, and through which entry of the Raft log it has come (F1). */
export class CatalogCopy {
  #state: State = { catalog: EMPTY_CATALOG, index: 0 };
  #isEmpty = true;
  #isDiverged = false;
  #isForeign = false;
  readonly #listeners = new Set<(catalog: Catalog) => void>();

  get catalog(): Catalog {
    return this.#state.catalog;
  }

  get index(): number {
    return this.#state.index;
  }

  /** It has never been given anything. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Its catalog is not what the meta nodes have at its index: there is nothing to which changes could be applied. */
  get isDiverged(): boolean {
    return this.#isDiverged;
  }

  /** This software cannot hold all of what the meta nodes deliver: no change can be trusted, only the whole catalog. */
  get isForeign(): boolean {
    return this.#isForeign;
  }

  /**
   * Takes what is newer, and tells the listeners of a newer version before it returns. F2: it never goes back.
   * @throws DbError MESSAGE_INVALID, STORAGE_NEWER_FORMAT when the delivery cannot be read
   */
  offer(delivery: CatalogDelivery): DeliveryOutcome {
    return delivery.whole === undefined ? this.#offerChanges(delivery) : this.#offerWhole(delivery, delivery.whole);
  }

  /** Listeners must not throw. Returns how to stop listening. */
  onChange(listener: (catalog: Catalog) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #offerChanges(delivery: CatalogDelivery): DeliveryOutcome {
    const { index } = this.#state;
    const isBehind = delivery.index > index;
    if (delivery.index < index) return 'old';
    if (this.#isEmpty || this.#isDiverged || this.#isForeign || delivery.afterIndex > index) return isBehind || this.#isEmpty ? 'gap' : 'old';
    const next = withChanges(this.#state, delivery); // None at the same index, where it says whether the copy is right.
    if (next === undefined || catalogFingerprint(next.catalog) !== delivery.fingerprint) return this.#diverge();
    this.#become(next);
    return isBehind ? 'taken' : 'old';
  }

  #offerWhole(delivery: CatalogDelivery, whole: Uint8Array): DeliveryOutcome {
    const { index } = this.#state;
    const isNeeded = this.#isEmpty || this.#isDiverged;
    if (delivery.index < index || (delivery.index === index && !isNeeded)) return 'old';
    const next = withChanges({ catalog: unpackCatalog(whole), index: delivery.afterIndex }, delivery);
    const isRight = next !== undefined && catalogFingerprint(next.catalog) === delivery.fingerprint;
    // Whether the whole or a change is not what it was there shows when the whole comes alone.
    if (next === undefined || (!isRight && delivery.changes.length > 0)) return this.#diverge();
    this.#isDiverged = false;
    this.#isForeign = !isRight;
    this.#isEmpty = false;
    this.#become(next);
    return isRight ? 'taken' : 'foreign';
  }

  #diverge(): 'diverged' {
    this.#isDiverged = true;
    return 'diverged';
  }

  #become(next: State): void {
    const isNewer = next.catalog.version > this.#state.catalog.version;
    this.#state = next;
    if (isNewer) for (const listener of [...this.#listeners]) listener(next.catalog);
  }
}

/** The changes behind the state; undefined when one of them cannot be read or does not fit. */
function withChanges({ catalog, index }: State, delivery: CatalogDelivery): State | undefined {
  let next = catalog;
  let last = index;
  const changes = maybeDecoded(delivery.changes);
  if (changes === undefined) return undefined;
  for (const change of changes) {
    if (change.index <= last) continue;
    if (change.index <= next.version || change.index > delivery.index) return undefined;
    next = applyChange(next, change);
    last = change.index;
  }
  return { catalog: next, index: delivery.index };
}

function maybeDecoded(changes: Uint8Array): readonly CatalogChange[] | undefined {
  try {
    return decodeChanges(changes);
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    return undefined;
  }
}
