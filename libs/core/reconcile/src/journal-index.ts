import { assert } from '@varve/base';
import { hasMutation, type MutationVector } from '@varve/model';

/** In the place of an incarnation: nobody knows which mutation it is. */
const DAMAGED = -1;
/** Rows let go before the lists are cut; cutting at every trim would copy all that is left each time. */
const CUT_COUNT = 1_024;

/**
 * Which mutation each row of one shard's journal holds, from the first row that is still there: what a peer may still pull,
 * and how far the journal may be trimmed. A few numbers per frame; the journal's own bound bounds it.
 */
export class JournalIndex {
  #firstSeq: number;
  /** Rows at the front of the lists that are let go already. */
  #goneCount = 0;
  readonly #incarnations: number[] = [];
  readonly #numbers: number[] = [];

  /** @param firstSeq of the first row that will be added */
  constructor(firstSeq: number) {
    assert(firstSeq >= 1, `a journal that starts at row ${firstSeq}`);
    this.#firstSeq = firstSeq;
  }

  /** Rows that are still there. */
  get rowCount(): number {
    return this.#numbers.length - this.#goneCount;
  }

  /** The next row that `add` takes. */
  get nextSeq(): number {
    return this.#firstSeq + this.#numbers.length;
  }

  /** Rows come in order, without a hole. */
  add(seq: number, mutation: { readonly incarnation: number; readonly number: number }): void {
    assert(seq === this.nextSeq, `journal row ${seq} where ${this.nextSeq} was expected`);
    this.#incarnations.push(mutation.incarnation);
    this.#numbers.push(mutation.number);
  }

  /** As `add`, of a row that is damaged: nobody can have it, and nobody keeps it. */
  addDamaged(seq: number): void {
    this.add(seq, { incarnation: DAMAGED, number: 0 });
  }

  /** The greatest row, at or below `flushedSeq`, up to which everybody has everything; below the first row when there is none (X6). */
  trimmableThrough(flushedSeq: number, common: MutationVector): number {
    let index = this.#goneCount;
    while (index < this.#numbers.length && this.#firstSeq + index <= flushedSeq && (this.#incarnations[index] === DAMAGED || this.#isIn(common, index))) index += 1;
    return this.#firstSeq + index - 1;
  }

  /** The rows at or below are let go. */
  dropThrough(seq: number): void {
    this.#goneCount = Math.min(Math.max(this.#goneCount, seq - this.#firstSeq + 1), this.#numbers.length);
    if (this.#goneCount < CUT_COUNT && this.#goneCount < this.#numbers.length) return;
    this.#incarnations.splice(0, this.#goneCount);
    this.#numbers.splice(0, this.#goneCount);
    this.#firstSeq += this.#goneCount;
    this.#goneCount = 0;
  }

  /** Rows whose mutation is in `wanted`, ascending. A mutation that came twice is in two rows; the first is enough. */
  seqsOf(wanted: MutationVector): readonly number[] {
    const seqs: number[] = [];
    const seen = new Set<string>();
    for (let index = this.#goneCount; index < this.#numbers.length; index += 1) {
      if (!this.#isIn(wanted, index)) continue;
      const id = `${this.#incarnations[index]}/${this.#numbers[index]}`;
      if (seen.has(id)) continue;
      seen.add(id);
      seqs.push(this.#firstSeq + index);
    }
    return seqs;
  }

  #isIn(vector: MutationVector, index: number): boolean {
    return hasMutation(vector, this.#incarnations[index]!, this.#numbers[index]!);
  }
}
