import type { ResultBlock, ResultItem } from '@varve/ports';

/**
 * Ends an answer at so many rows. As InfluxDB, a series that has more is marked as partial; if the limit is reached between
 * two series, their statement is. Statements behind it are left out.
 */
export class RowLimit {
  #restCount: number;
  #last: ResultBlock | undefined;
  #isReached = false;

  /** @param rowCountMax Infinity is no limit */
  constructor(rowCountMax: number) {
    this.#restCount = rowCountMax;
  }

  /** There were more rows than the limit: nothing more is to be asked for. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** What of the next item is a part of the answer; undefined: nothing. */
  partOf(item: ResultItem): ResultItem | undefined {
    if (item.kind !== 'rows') return item;
    if (item.rowCount <= this.#restCount) {
      this.#restCount -= item.rowCount;
      this.#last = item;
      return item;
    }
    this.#isReached = true;
    if (this.#restCount > 0) return { ...item, rowCount: this.#restCount, isPartial: true };
    const { statementId } = item;
    return this.#last?.statementId === statementId && !this.#last.isPartial ? { kind: 'cut', statementId } : undefined;
  }
}
