/**
 * A sum of int64 values that stays exact: a float64 while it fits into ±(2^53 − 1), with a bigint beside it that takes
 * over what does not. The end wraps around as int64 does.
 */
export class ExactSum {
  #small = 0;
  #large = 0n;

  add(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#large += value;
      return;
    }
    const next = this.#small + value;
    if (Number.isSafeInteger(next)) {
      this.#small = next;
      return;
    }
    this.#large += BigInt(this.#small) + BigInt(value);
    this.#small = 0;
  }

  /** Values are safe integers; a bare loop while their sum is. */
  addRange(values: Float64Array, start: number, end: number): void {
    let sum = this.#small;
    for (let index = start; index < end; index += 1) {
      const next = sum + values[index]!;
      if (next > Number.MAX_SAFE_INTEGER || next < -Number.MAX_SAFE_INTEGER) {
        this.#large += BigInt(sum) + BigInt(values[index]!);
        sum = 0;
      } else {
        sum = next;
      }
    }
    this.#small = sum;
  }

  get total(): bigint {
    return BigInt.asIntN(64, this.#large + BigInt(this.#small));
  }
}
