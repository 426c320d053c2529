import { assert, DbError, type DurationMs, type WallMs } from '@varve/base';
import type { FrameStamp } from '@varve/frame';
import type { CatalogClient } from '@varve/kit';
import type { IncarnationId, ShardId, Version } from '@varve/model';
import type { Clock, Log, Timer } from '@varve/ports';
import { HybridClock } from '@varve/replication';

/** A lease that is renewed reaches far enough, but for one that ends meanwhile. */
const RAISE_COUNT_MAX = 3;
/** Beyond where a clock was raised to it needs room for stamps until the wall clock is there, not a whole lease: others begin above it. */
const RAISED_LEASE_MS = 1_000;

interface Lease {
  readonly id: IncarnationId;
  readonly clock: HybridClock;
  /** What the catalog has granted; the clock's own ceiling may be further during an outage of the meta group (V5). */
  leasedMs: WallMs;
  /** The last number published per shard. */
  readonly numbers: Map<ShardId, number>;
}

/** What a coordinator says of its incarnation for watermarks. docs/specs/watermark.md. */
export interface Pledge {
  /** Every later frame has this version or a greater one. */
  readonly version: Version;
  /** The ceiling that the catalog has granted. */
  readonly leasedMs: WallMs;
  /** The last number taken, of each shard that was asked for; 0: none. */
  readonly numbers: readonly number[];
}

export interface LeaseConfig {
  readonly holder: string;
  readonly leaseMs: DurationMs;
  /** How far beyond what was leased it may stamp while no meta quorum answers. */
  readonly graceMs: DurationMs;
  readonly skewMsMax: DurationMs;
  readonly onOpened: (incarnation: IncarnationId) => void;
}

/**
 * One run of this coordinator, as a lease in the catalog: it may stamp frames below the leased ceiling (V3–V5) and gives
 * each frame its number (V7). Renewed in the background at half of its time, and on demand when a pause of the process
 * has let it run out.
 */
export class IncarnationLease {
  readonly #ports: { readonly clock: Clock; readonly log: Log; readonly catalog: CatalogClient };
  readonly #config: LeaseConfig;
  #lease: Lease | undefined;
  /** Later stamps are above it: leases must reach beyond it. */
  #raisedMs: WallMs = 0;
  #timer: Timer | undefined;
  /** At most one renewal is under way, and everybody waits for the same. */
  #renewing: Promise<void> | undefined;
  #isClosed = false;

  constructor(ports: { readonly clock: Clock; readonly log: Log; readonly catalog: CatalogClient }, config: LeaseConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  /** With `mayFail` it is enough to try: the first write tries again. @throws DbError META_UNAVAILABLE when no quorum of meta answers */
  async open({ mayFail }: { readonly mayFail: boolean }): Promise<void> {
    if (mayFail) this.#renewInBackground();
    else await this.#renew();
    this.#renewLater();
  }

  /** Resolves when this coordinator may stamp: at once while its lease holds. @throws DbError META_UNAVAILABLE, CLOCK_SKEWED, STOPPING */
  async ensure(): Promise<void> {
    this.#checkOpen();
    if (!this.#mayStamp()) await this.#renew();
    this.#checkOpen();
  }

  /**
   * A stamp and the next number of its shard for each frame, after `ensure`: all of them, or none is taken (V7).
   * @param shards one per frame, in the order of their stamps
   * @throws DbError META_UNAVAILABLE
   */
  nextFrames(shards: readonly ShardId[]): readonly FrameStamp[] {
    const lease = this.#lease;
    if (lease === undefined) throw leaseEnded();
    const nowMs = this.#ports.clock.wallMs();
    const versions = shards.map(() => {
      const stamp = lease.clock.stamp(nowMs);
      if (stamp.kind === 'needsLease') throw leaseEnded();
      return stamp.version;
    });
    return shards.map((shard, index) => {
      const number = (lease.numbers.get(shard) ?? 0) + 1;
      lease.numbers.set(shard, number);
      return { version: versions[index]!, mutation: { incarnation: lease.id, shard, number } };
    });
  }

  /** Where the clock is: every later stamp has this version or a greater one. After `ensure`. @throws DbError META_UNAVAILABLE */
  reach(): Version {
    if (this.#lease === undefined) throw leaseEnded();
    return this.#lease.clock.pledge(this.#ports.clock.wallMs());
  }

  /**
   * Every later stamp is greater than this version, under whichever incarnation.
   * @throws DbError META_UNAVAILABLE, CLOCK_SKEWED when it is further ahead than a lease may reach, STOPPING
   */
  async raise(version: Version): Promise<void> {
    const { clock } = this.#ports;
    for (let attempt = 0; attempt < RAISE_COUNT_MAX; attempt += 1) {
      await this.ensure();
      if (this.#lease === undefined) continue;
      if (version.wallMs < this.#lease.clock.ceilingMs) {
        const observed = this.#lease.clock.observe(version, clock.wallMs());
        if (observed.kind === 'tooFarAhead') throw new DbError('CLOCK_SKEWED', `another coordinator's clock is ${observed.aheadMs} ms ahead of this one's; retry when both are right`);
        return;
      }
      this.#raisedMs = Math.max(this.#raisedMs, version.wallMs);
      await this.#renew();
    }
    throw leaseEnded();
  }

  /**
   * S2: binds this lease to stamp nothing lower from now on, and says which numbers it has taken of these shards. Undefined: the
   * incarnation is not this coordinator's any more.
   */
  pledge(incarnation: IncarnationId, shards: readonly ShardId[]): Pledge | undefined {
    const lease = this.#lease;
    if (lease?.id !== incarnation) return undefined;
    const version = lease.clock.pledge(this.#ports.clock.wallMs());
    return { version, leasedMs: lease.leasedMs, numbers: shards.map((shard) => lease.numbers.get(shard) ?? 0) };
  }

  /** An owner says that the incarnation is closed: it stamps no more, and the next write opens another. */
  onClosed(incarnation: IncarnationId): void {
    if (this.#lease?.id === incarnation) this.#lease = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) await this.#giveBack(lease.id);
  }

  problems(): readonly string[] {
    const lease = this.#lease;
    if (this.#isClosed || (lease !== undefined && this.#ports.clock.wallMs() < lease.leasedMs)) return [];
    return ['the lease for writes has run out and no meta node has renewed it'];
  }

  #mayStamp(): boolean {
    return this.#lease !== undefined && this.#ports.clock.wallMs() < this.#lease.clock.ceilingMs;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new DbError('STOPPING', 'this coordinator is not open for writes; retry');
  }

  #renewLater(): void {
    if (this.#isClosed) return;
    this.#timer = this.#ports.clock.after(this.#config.leaseMs / 2, () => {
      this.#renewLater();
      this.#renewInBackground();
    });
  }

  #renewInBackground(): void {
    this.#renew().catch((error: unknown) => {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('Incarnation not renewed; trying again', { code: error.code, reason: error.message });
    });
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#extendOrOpen().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #extendOrOpen(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined || !(await this.#isExtended(lease))) await this.#openAnew();
  }

  /** False when the catalog has closed it: it ran out, and somebody has ended it. */
  async #isExtended(lease: Lease): Promise<boolean> {
    const { clock, catalog } = this.#ports;
    try {
      const wantedMs = Math.max(clock.wallMs() + this.#config.leaseMs, this.#raisedMs + RAISED_LEASE_MS);
      const { result } = await catalog.propose({ kind: 'renewIncarnation', incarnation: lease.id, ceilingMs: wantedMs });
      if (result.kind === 'rejected') {
        this.onClosed(lease.id);
        return false;
      }
      assert(result.ceilingMs !== undefined, 'a renewed incarnation without its ceiling');
      lease.leasedMs = Math.max(lease.leasedMs, result.ceilingMs);
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== 'META_UNAVAILABLE') throw error;
      const graceEndMs = lease.leasedMs + this.#config.graceMs;
      if (clock.wallMs() >= graceEndMs) throw error;
      lease.clock.extend(Math.max(lease.clock.ceilingMs, Math.min(graceEndMs, clock.wallMs() + this.#config.leaseMs)));
      this.#ports.log.warn('No meta quorum renews the incarnation; going on for what the catalog has', { incarnation: lease.id, graceEndMs });
      return true;
    }
    lease.clock.extend(Math.max(lease.clock.ceilingMs, lease.leasedMs));
    return true;
  }

  async #openAnew(): Promise<void> {
    if (this.#isClosed) return;
    const { clock, catalog } = this.#ports;
    const { holder, leaseMs, skewMsMax } = this.#config;
    const { result } = await catalog.propose({ kind: 'openIncarnation', holder, nowMs: clock.wallMs(), leaseMs });
    assert(result.kind === 'applied', 'opening an incarnation cannot be rejected');
    const { id, floorMs, ceilingMs } = result;
    assert(id !== undefined && floorMs !== undefined && ceilingMs !== undefined, 'an incarnation without its bounds');
    if (this.#isClosed) return this.#giveBack(id);
    this.#lease = { id, clock: new HybridClock({ incarnation: id, floorMs, ceilingMs, skewMsMax }), leasedMs: ceilingMs, numbers: new Map() };
    this.#config.onOpened(id);
  }

  async #giveBack(incarnation: IncarnationId): Promise<void> {
    try {
      await this.#ports.catalog.propose({ kind: 'closeIncarnation', incarnation });
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('Incarnation not closed; it ends when its lease runs out', { incarnation, code: error.code, reason: error.message });
    }
  }
}

function leaseEnded(): DbError {
  return new DbError('META_UNAVAILABLE', 'the lease of this coordinator has run out and no meta node has renewed it; retry');
}
