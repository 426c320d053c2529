import { DbError } from '@varve/base';
import { HllSketch } from '../sketch/hll-sketch.ts';

/** 16 KiB for any number of series, with a standard error of 0.8 %; some thousand are counted exactly, but for two that look alike. */
const PRECISION = 14;
const ENCODER = new TextEncoder();

/** How many different series there are, about: sketches of shards merge to the sketch of all, however often a series is in them. */
export class SeriesSketch {
  readonly #sketch: HllSketch;

  constructor(sketch = new HllSketch(PRECISION)) {
    this.#sketch = sketch;
  }

  add(key: string): void {
    this.#sketch.add(new DataView(ENCODER.encode(key).buffer));
  }

  /** @throws DbError MESSAGE_INVALID when the other one is of another precision */
  merge(other: SeriesSketch): void {
    const problem = this.#sketch.merge(other.#sketch);
    if (problem !== undefined) throw new DbError('MESSAGE_INVALID', `a sketch of series: ${problem}`);
  }

  estimate(): number {
    return this.#sketch.count();
  }

  toBytes(): Uint8Array {
    return this.#sketch.toBytes();
  }

  /** The inverse of {@link toBytes}. @throws DbError MESSAGE_INVALID */
  static fromBytes(bytes: Uint8Array): SeriesSketch {
    const sketch = HllSketch.fromBytes(bytes);
    if (typeof sketch === 'string') throw new DbError('MESSAGE_INVALID', `a sketch of series: ${sketch}`);
    return new SeriesSketch(sketch);
  }
}
