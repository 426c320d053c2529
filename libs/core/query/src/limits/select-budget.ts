import { DbError, type SizeBytes } from '@varve/base';
import { limitProblem, type SelectCounts, type SelectLimits } from './select-limits.ts';
import { decodeCounts } from './shard-counter.ts';

/** Series of one shard group, as far as its shards have told. One object for all shards of a group. */
export interface GroupSeries {
  seriesCount: number;
}

/**
 * Adds up what the shards of one SELECT tell, and what of their partial results is in memory here (LM1). Shards of a group
 * have different series; groups may have the same ones, so series are added up per group alone.
 */
export class SelectBudget {
  readonly limits: SelectLimits;
  #pointCount = 0;
  #heldSizeBytes: SizeBytes = 0;

  constructor(limits: SelectLimits) {
    this.limits = limits;
  }

  /** What shards must be told, so that they count; undefined: nothing is limited. */
  get shardLimits(): SelectLimits | undefined {
    return Object.keys(this.limits).length === 0 ? undefined : this.limits;
  }

  /** The part of one shard. */
  open(group: GroupSeries): BudgetPart {
    return new BudgetPart((change) => this.#add(group, change));
  }

  #add(group: GroupSeries, change: SelectCounts): void {
    group.seriesCount += change.seriesCount;
    this.#pointCount += change.pointCount;
    this.#heldSizeBytes += change.heldSizeBytes;
    if (change.seriesCount <= 0 && change.pointCount <= 0 && change.heldSizeBytes <= 0) return;
    const problem = limitProblem(this.limits, { seriesCount: group.seriesCount, pointCount: this.#pointCount, heldSizeBytes: this.#heldSizeBytes });
    if (problem !== undefined) throw new DbError('QUERY_LIMIT', problem);
  }
}

/** One shard's part of a budget. What its frames tell is cumulative: what another owner tells takes the place of what the first one told, though it begins behind it. */
export class BudgetPart {
  readonly #add: (change: SelectCounts) => void;
  #told: SelectCounts = NOTHING;
  /** Of the partial result that is in memory. */
  #frameSizeBytes: SizeBytes = 0;

  constructor(add: (change: SelectCounts) => void) {
    this.#add = add;
  }

  /**
   * Whether a frame is a partial result, and not what is told between them. `waitingSizeBytes`: of frames that came before and are in memory still.
   * @throws DbError QUERY_LIMIT, MESSAGE_INVALID
   */
  take(frame: Uint8Array, waitingSizeBytes = 0): boolean {
    const told = decodeCounts(frame);
    if (told === undefined) this.#change(this.#told, frame.length + waitingSizeBytes);
    else this.#change(told, this.#frameSizeBytes);
    return told === undefined;
  }

  /** Nothing of it is held any more. */
  close(): void {
    this.#change({ ...this.#told, heldSizeBytes: 0 }, 0);
  }

  #change(told: SelectCounts, frameSizeBytes: SizeBytes): void {
    const before = this.#told;
    const heldChange = told.heldSizeBytes - before.heldSizeBytes + frameSizeBytes - this.#frameSizeBytes;
    this.#told = told;
    this.#frameSizeBytes = frameSizeBytes;
    this.#add({ seriesCount: told.seriesCount - before.seriesCount, pointCount: told.pointCount - before.pointCount, heldSizeBytes: heldChange });
  }
}

const NOTHING: SelectCounts = { seriesCount: 0, pointCount: 0, heldSizeBytes: 0 };
