import { DbError, type SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { ByteBudget } from './byte-budget.ts';

/** What one answer, held until it is whole, has of the budget of all. */
export class HeldShare {
  readonly #budget: ByteBudget;
  readonly #what: string;
  #takenBytes = 0;

  /** @param what is too long, and what to do then: the rest of a sentence */
  constructor(budget: ByteBudget, what: string) {
    this.#budget = budget;
    this.#what = what;
  }

  /** @throws DbError QUERY_LIMIT for this answer alone, QUERY_OVERLOADED for all of them */
  set(sizeBytes: SizeBytes): void {
    if (sizeBytes > LIMITS.heldAnswerSizeBytesMax) {
      throw new DbError('QUERY_LIMIT', `more than ${LIMITS.heldAnswerSizeBytesMax} bytes in one piece are too many for ${this.#what}`);
    }
    if (sizeBytes > this.#takenBytes) this.#budget.take(sizeBytes - this.#takenBytes);
    else if (sizeBytes < this.#takenBytes) this.#budget.give(this.#takenBytes - sizeBytes);
    this.#takenBytes = sizeBytes;
  }
}
