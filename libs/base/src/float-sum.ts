import type { ByteReader, ByteWriter } from './bytes.ts';

/**
 * A sum of floats and what it lacks, so that neither the order of values nor the way they are spread over chunks, shards and
 * nodes shows: only values that cancel each other over more than 30 decimal digits, or leave float64, can tell.
 * Source: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen" (1974).
 */
export class FloatSum {
  #sum = 0;
  #rest = 0;

  add(value: number): void {
    const next = this.#sum + value;
    this.#rest += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum;
    this.#sum = next;
  }

  addRange(values: Float64Array, start: number, end: number): void {
    let sum = this.#sum;
    let rest = this.#rest;
    for (let index = start; index < end; index += 1) {
      const value = values[index]!;
      const next = sum + value;
      rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    }
    this.#sum = sum;
    this.#rest = rest;
  }

  /** Two numbers of another sum. */
  addPair(sum: number, rest: number): void {
    this.add(sum);
    this.#rest += rest;
  }

  /** Goes on from a sum and what it lacks, as `sum` and `lack` said them. */
  set(sum: number, lack: number): this {
    this.#sum = sum;
    this.#rest = lack;
    return this;
  }

  /** Not rounded yet: to be added together with `lack`. */
  get sum(): number {
    return this.#sum;
  }

  get lack(): number {
    return this.#rest;
  }

  /** What the total lacks of the sum. */
  get rest(): number {
    return this.#sum - this.total + this.#rest;
  }

  /** Rounded once. Beyond float64 it is infinite, as adding one by one is. */
  get total(): number {
    const total = this.#sum + this.#rest;
    return Number.isNaN(total) ? this.#sum : total;
  }

  encode(writer: ByteWriter): void {
    writer.f64(this.#sum).f64(this.#rest);
  }

  merge(reader: ByteReader): void {
    const sum = reader.f64();
    this.addPair(sum, reader.f64());
  }
}
