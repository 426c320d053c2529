import { DbError } from '@varve/base';

/** Says what is held, and what helps who asks for too much of it. */
interface HeldKind {
  /** Whose values they are: 'a subquery'. */
  readonly owner: string;
  readonly advice: string;
}

/** Counts what a step of a query on a coordinator keeps in memory: cells that wait, windows, values that must be sorted. */
export class HeldValues {
  readonly #countMax: number;
  readonly #kind: HeldKind;
  #count = 0;

  constructor(countMax: number, kind: HeldKind) {
    this.#countMax = countMax;
    this.#kind = kind;
  }

  /** @throws DbError QUERY_LIMIT */
  add(count: number): void {
    this.#count += count;
    if (this.#count <= this.#countMax) return;
    throw new DbError('QUERY_LIMIT', `more than ${this.#countMax} values of ${this.#kind.owner} would have to be held at once: ${this.#kind.advice}`);
  }

  release(count: number): void {
    this.#count -= count;
  }
}
