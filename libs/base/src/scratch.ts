const LENGTH_FIRST = 1_024;

/**
 * Numbers on their way from one place to another, which nobody keeps: one array for all calls of a function, instead of one
 * per call that the collector would have to find.
 */
export class Scratch {
  #numbers = new Float64Array(LENGTH_FIRST);

  /** So many numbers, whatever they are. They are the caller's until the next call. */
  take(length: number): Float64Array<ArrayBuffer> {
    if (length > this.#numbers.length) this.#numbers = new Float64Array(2 ** Math.ceil(Math.log2(length)));
    return this.#numbers.subarray(0, length);
  }
}
