import { assert, DbError, type DurationMs } from '@varve/base';
import type { CatalogClient } from '@varve/kit';
import type { IncarnationId, MutationId, ShardId, Version } from '@varve/model';
import type { Clock, Log, Timer } from '@varve/ports';
import { HybridClock } from '@varve/replication';

interface Lease {
  readonly id: IncarnationId;
  readonly clock: HybridClock;
  /** The last number published per shard. */
  readonly numbers: Map<ShardId, number>;
}

/**
 * One run of this coordinator, as a lease in the catalog: it may stamp frames below the leased ceiling (V3–V5) and gives
 * each frame its number (V7). Renewed in the background at half of its time; no renewal, no stamps: 503.
 */
export class IncarnationLease {
  readonly #ports: { readonly clock: Clock; readonly log: Log; readonly catalog: CatalogClient };
  readonly #holder: string;
  readonly #leaseMs: DurationMs;
  readonly #skewMsMax: DurationMs;
  #lease: Lease | undefined;
  #renewal: Timer | undefined;

  constructor(
    ports: { readonly clock: Clock; readonly log: Log; readonly catalog: CatalogClient },
    config: { readonly holder: string; readonly leaseMs: DurationMs; readonly skewMsMax: DurationMs },
  ) {
    this.#ports = ports;
    this.#holder = config.holder;
    this.#leaseMs = config.leaseMs;
    this.#skewMsMax = config.skewMsMax;
  }

  /** @throws DbError META_UNAVAILABLE when no quorum of meta answers */
  async open(): Promise<void> {
    const { clock, catalog } = this.#ports;
    const { result } = await catalog.propose({
      kind: 'openIncarnation',
      holder: this.#holder,
      nowMs: clock.wallMs(),
      leaseMs: this.#leaseMs,
    });
    assert(result.kind === 'applied', 'opening an incarnation cannot be rejected');
    const { id, floorMs, ceilingMs } = result;
    assert(id !== undefined && floorMs !== undefined && ceilingMs !== undefined, 'an incarnation without its bounds');
    this.#lease = { id, clock: new HybridClock({ incarnation: id, floorMs, ceilingMs, skewMsMax: this.#skewMsMax }), numbers: new Map() };
    this.#renewLater();
  }

  /** A stamp and the next number of the shard, for one frame. @throws DbError META_UNAVAILABLE */
  nextFrame(shard: ShardId): { readonly mutation: MutationId; readonly version: Version } {
    const version = this.#stamp();
    return { version, mutation: this.#nextMutation(shard) };
  }

  async close(): Promise<void> {
    this.#renewal?.cancel();
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    try {
      await this.#ports.catalog.propose({ kind: 'closeIncarnation', incarnation: lease.id });
    } catch (error) {
      this.#ports.log.warn('Incarnation not closed; it ends when its lease runs out', { incarnation: lease.id, error });
    }
  }

  /** Above every stamp before it. */
  #stamp(): Version {
    const stamp = this.#opened().clock.stamp(this.#ports.clock.wallMs());
    if (stamp.kind === 'stamped') return stamp.version;
    throw new DbError('META_UNAVAILABLE', 'the lease of this coordinator has run out and no meta node has renewed it; retry');
  }

  #nextMutation(shard: ShardId): MutationId {
    const { id, numbers } = this.#opened();
    const number = (numbers.get(shard) ?? 0) + 1;
    numbers.set(shard, number);
    return { incarnation: id, shard, number };
  }

  problems(): readonly string[] {
    const isStale = this.#lease !== undefined && this.#lease.clock.ceilingMs <= this.#ports.clock.wallMs();
    return isStale ? ['the lease for writes has run out and no meta node has renewed it'] : [];
  }

  #opened(): Lease {
    if (this.#lease === undefined) throw new DbError('STOPPING', 'this coordinator is not open for writes; retry');
    return this.#lease;
  }

  #renewLater(): void {
    this.#renewal = this.#ports.clock.after(this.#leaseMs / 2, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock, log, catalog } = this.#ports;
    const lease = this.#lease;
    if (lease === undefined) return;
    try {
      const ceilingMs = clock.wallMs() + this.#leaseMs;
      const { result } = await catalog.propose({ kind: 'renewIncarnation', incarnation: lease.id, ceilingMs });
      if (result.kind === 'applied') lease.clock.extend(Math.max(ceilingMs, lease.clock.ceilingMs));
      else if (this.#lease === lease) await this.open(); // It ran out and was closed: go on as a new incarnation.
    } catch (error) {
      log.warn('Incarnation not renewed; trying again', { incarnation: lease.id, error });
    }
    if (this.#lease === lease) this.#renewLater();
  }
}
