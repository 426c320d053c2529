import { DbError, type SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { ByteBudget } from './byte-budget.ts';

/** What one answer, held until it is whole, has of the budget of all. */
export class HeldShare {
  readonly #budget: ByteBudget;
  #takenBytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** @throws DbError QUERY_LIMIT for this answer alone, QUERY_OVERLOADED for all of them */
  set(sizeBytes: SizeBytes): void {
    if (sizeBytes > LIMITS.heldAnswerSizeBytesMax) {
      throw new DbError('QUERY_LIMIT', `an answer of more than ${LIMITS.heldAnswerSizeBytesMax} bytes in one piece cannot be MessagePack: use chunked=true with a smaller chunk_size, or JSON`);
    }
    if (sizeBytes > this.#takenBytes) this.#budget.take(sizeBytes - this.#takenBytes);
    else if (sizeBytes < this.#takenBytes) this.#budget.give(this.#takenBytes - sizeBytes);
    this.#takenBytes = sizeBytes;
  }
}
