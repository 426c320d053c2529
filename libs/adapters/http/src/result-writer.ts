import type { ResultItem } from '@varve/ports';

/** Turns the items of one answer into bytes, in order and without looking ahead. Writes into the buffer it was made with. */
export interface ResultWriter {
  /** False: the format has no way to say this, and an answer without it would be silently short. */
  item(item: ResultItem): boolean;
  /** Bytes that wait until what stands before them is known, beside those in the buffer. */
  readonly heldSizeBytes: number;
  end(): void;
}
