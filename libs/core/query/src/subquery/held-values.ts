import { DbError } from '@varve/base';

/** Counts what the rows of one subquery keep in memory: cells that wait, windows, values that must be sorted. */
export class HeldValues {
  readonly #countMax: number;
  #count = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** @throws DbError QUERY_LIMIT */
  add(count: number): void {
    this.#count += count;
    if (this.#count <= this.#countMax) return;
    throw new DbError(
      'QUERY_LIMIT',
      `more than ${this.#countMax} values of a subquery would have to be held at once: narrow its time range, aggregate more in it, or group the statement around it as it is grouped`,
    );
  }

  release(count: number): void {
    this.#count -= count;
  }
}
