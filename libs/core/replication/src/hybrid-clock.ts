import { assert, type DurationMs, type WallMs } from '@varve/base';
import type { IncarnationId, Version } from '@varve/model';

/*
 * A hybrid logical clock: versions follow the wall clock when it runs, and count up when it stands or jumps back. Every
 * stamp is greater than all stamps and all observed versions before it, so what was seen before a write is older than
 * the write. The stamps of one incarnation lie in the window that the catalog leased to it:
 *
 *   floorMs ├──────── stamps ────────┤ ceilingMs (never reached)
 *
 * The next incarnation's floor is at or above this one's ceiling: a restarted coordinator never stamps below itself.
 */

/** 16 bits: the counter of one millisecond runs from 0 to here, then the wall time moves on. */
export const COUNTER_MAX = 0xffff;
/** 48 bits. */
export const WALL_MS_MAX = 2 ** 48 - 1;

export interface HybridClockOptions {
  readonly incarnation: IncarnationId;
  /** No stamp is below it. */
  readonly floorMs: WallMs;
  /** All stamps are below it. */
  readonly ceilingMs: WallMs;
  /** A version further ahead of the own wall clock than this is not observed. */
  readonly skewMsMax: DurationMs;
}

/** A stamp, or that the lease does not reach: renew it, `extend`, and stamp again. Nothing was changed then. */
export type StampResult = { readonly kind: 'stamped'; readonly version: Version } | { readonly kind: 'needsLease' };

/** `tooFarAhead`: one of the two clocks is wrong; nothing was changed. */
export type ObserveResult =
  { readonly kind: 'observed' } | { readonly kind: 'tooFarAhead'; readonly aheadMs: DurationMs };

/** Gives out versions in strictly ascending order. The wall time comes in with every call. */
export class HybridClock {
  readonly #incarnation: IncarnationId;
  readonly #skewMsMax: DurationMs;
  #ceilingMs: WallMs;
  /** Where the next stamp may be at the earliest. */
  #nextMs: WallMs;
  #nextCounter = 0;

  constructor({ incarnation, floorMs, ceilingMs, skewMsMax }: HybridClockOptions) {
    assert(Number.isSafeInteger(floorMs) && floorMs >= 0, `floor ${floorMs} is no wall time`);
    assert(floorMs <= ceilingMs, `floor ${floorMs} above ceiling ${ceilingMs}`);
    assert(ceilingMs <= WALL_MS_MAX, `ceiling ${ceilingMs} beyond 48 bits`);
    this.#incarnation = incarnation;
    this.#skewMsMax = skewMsMax;
    this.#ceilingMs = ceilingMs;
    this.#nextMs = floorMs;
  }

  /** All stamps from here on are below it, until it is extended. */
  get ceilingMs(): WallMs {
    return this.#ceilingMs;
  }

  /**
   * The next `count` versions: the first one is returned, the others follow it counter by counter in the same
   * millisecond. Greater than every version stamped or observed before.
   */
  stamp(nowMs: WallMs, count = 1): StampResult {
    assert(count >= 1 && count <= COUNTER_MAX + 1, `${count} stamps at once`);
    let wallMs = this.#nextMs;
    let counter = this.#nextCounter;
    const wholeNowMs = Math.floor(nowMs);
    if (wholeNowMs > wallMs) {
      wallMs = wholeNowMs;
      counter = 0;
    }
    if (counter + count > COUNTER_MAX + 1) {
      wallMs += 1;
      counter = 0;
    }
    if (wallMs >= this.#ceilingMs) return { kind: 'needsLease' };
    this.#moveTo(wallMs, counter + count);
    return { kind: 'stamped', version: { wallMs, counter, incarnation: this.#incarnation } };
  }

  /**
   * A version that every stamp from now on reaches: of now, or of the last stamp where that is later. It stays below the lease's
   * end, so that a clock that jumps ahead for a moment costs no more than the rest of the lease, and leaves room for stamps in it.
   */
  pledge(nowMs: WallMs): Version {
    const wallMs = Math.min(Math.floor(nowMs), this.#ceilingMs - 1);
    if (wallMs > this.#nextMs) this.#moveTo(wallMs, 0);
    return { wallMs: this.#nextMs, counter: this.#nextCounter, incarnation: 0 };
  }

  /** Makes all later stamps greater than a version that was seen. */
  observe(version: Version, nowMs: WallMs): ObserveResult {
    const aheadMs = version.wallMs - nowMs;
    if (aheadMs > this.#skewMsMax) return { kind: 'tooFarAhead', aheadMs };
    const isAhead =
      version.wallMs > this.#nextMs || (version.wallMs === this.#nextMs && version.counter >= this.#nextCounter);
    if (isAhead) this.#moveTo(version.wallMs, version.counter + 1);
    return { kind: 'observed' };
  }

  /** After the lease was renewed. The ceiling never goes down. */
  extend(ceilingMs: WallMs): void {
    assert(ceilingMs >= this.#ceilingMs, `ceiling ${ceilingMs} below ${this.#ceilingMs}`);
    assert(ceilingMs <= WALL_MS_MAX, `ceiling ${ceilingMs} beyond 48 bits`);
    this.#ceilingMs = ceilingMs;
  }

  #moveTo(wallMs: WallMs, counter: number): void {
    const isFull = counter > COUNTER_MAX;
    this.#nextMs = isFull ? wallMs + 1 : wallMs;
    this.#nextCounter = isFull ? 0 : counter;
  }
}
