import { ByteReader, DbError, type TimestampNs } from '@varve/base';
import { joinNs, putTimeAfter, splitNs, type Cell, type FieldValue, type SeriesKey, type SplitTime } from '@varve/model';
import { decodeCell } from '../partial/cell-bytes.ts';
import { nthLeast } from './nth-least.ts';
import { grownFloats, grownInts } from './slot-chains.ts';
import { exactNumber } from './vector.ts';

/** A value, when it is, and the cells beside it. */
interface PickedPoint {
  readonly value: FieldValue;
  readonly timeNs: TimestampNs;
  readonly neighbours: readonly Cell[];
}

/** What is beside a value stays where it came, in the bytes of a frame: the place of the series key in it, and that of the cells. */
interface PlaceInFrame {
  readonly bytes: Uint8Array;
  readonly keyAt: number;
  readonly cellsAt: number;
}

/** From an index on, frames or shards are others. */
interface From<Thing> {
  readonly first: number;
  readonly thing: Thing;
}

/**
 * All values of a window with their times, in typed arrays: a million take 16 MB, with what is beside them 8 MB and their frames more. Nothing is sorted:
 * a rank is found in one of them after the other, value, time and series, among those that are equal before.
 */
export class RankedPoints {
  readonly #neighbourCount: number;
  /** As near as float64 comes, and what is missing from there; undefined: nothing, of all of them. */
  #values = new Float64Array(64);
  #rests: Float64Array | undefined;
  #offsetsNs = new Float64Array(64);
  #places = new Int32Array(0);
  #count = 0;
  /** What offsets count from. */
  #starts: From<SplitTime & { readonly ns: TimestampNs }>[] = [];
  #frames: From<Uint8Array>[] = [];

  constructor(neighbourCount: number) {
    this.#neighbourCount = neighbourCount;
  }

  get count(): number {
    return this.#count;
  }

  /** What is held, without frames. */
  get sizeBytes(): number {
    return 8 * (this.#values.length + this.#offsetsNs.length + (this.#rests?.length ?? 0)) + 4 * this.#places.length;
  }

  /** @throws DbError MESSAGE_INVALID: the value is no number */
  add(value: FieldValue, offsetNs: number, startNs: TimestampNs, place?: PlaceInFrame): void {
    const index = this.#count;
    if (this.#starts.at(-1)?.thing.ns !== startNs) this.#starts.push({ first: index, thing: { ns: startNs, ...splitNs(startNs) } });
    if (index === this.#values.length) {
      this.#values = grownFloats(this.#values, 0);
      this.#offsetsNs = grownFloats(this.#offsetsNs, 0);
    }
    this.#put(index, value);
    this.#offsetsNs[index] = offsetNs;
    if (place !== undefined) {
      if (this.#frames.at(-1)?.thing !== place.bytes) this.#frames.push({ first: index, thing: place.bytes });
      if (this.#places.length < 2 * index + 2) this.#places = grownInts(this.#places, 2 * index + 2);
      this.#places[2 * index] = place.keyAt;
      this.#places[2 * index + 1] = place.cellsAt;
    }
    this.#count += 1;
  }

  /** Lets all of them go. */
  clear(): void {
    this.#count = 0;
    this.#rests = undefined;
    this.#starts = [];
    this.#frames = [];
  }

  /** The value at a rank; undefined: there is no such rank. */
  valueAt(rank: number): FieldValue | undefined {
    if (!(rank >= 0 && rank < this.#count)) return undefined;
    return this.#valueOf(this.#narrowed(rank, [this.#valuesOf, this.#restsOf]).indexes?.[0] ?? 0);
  }

  /** The point at a rank: least value first, equal ones by time, then by series. */
  at(rank: number): PickedPoint | undefined {
    if (!(rank >= 0 && rank < this.#count)) return undefined;
    const { indexes, rank: rankLeft } = this.#narrowed(rank, [this.#valuesOf, this.#restsOf, this.#msOf, this.#subNsOf]);
    const equal = indexes ?? Int32Array.of(0);
    if (this.#neighbourCount > 0 && equal.length > 1) return this.#pointOf(this.#bySeries(equal)[rankLeft]!);
    return this.#pointOf(equal[rankLeft]!);
  }

  #put(index: number, value: FieldValue): void {
    if (typeof value === 'number') {
      this.#values[index] = value;
      if (this.#rests !== undefined) this.#setRest(index, 0);
      return;
    }
    if (typeof value !== 'bigint') throw new DbError('MESSAGE_INVALID', `a ${typeof value} among numbers in a partial result`);
    this.#values[index] = Number(value);
    this.#setRest(index, Number(value - BigInt(this.#values[index]!)));
  }

  #setRest(index: number, rest: number): void {
    if (this.#rests === undefined || index >= this.#rests.length) this.#rests = grownFloats(this.#rests ?? new Float64Array(0), this.#values.length);
    this.#rests[index] = rest;
  }

  /** Those that are equal by all of these, among them the one at the rank; and its rank among them. Undefined: there is one value in all. */
  #narrowed(rank: number, keys: readonly KeysOf[]): Chosen {
    let chosen: Chosen = { indexes: undefined, rank };
    for (const keysOf of keys) {
      if ((chosen.indexes?.length ?? this.#count) === 1) break;
      const numbers = keysOf(chosen.indexes);
      if (numbers !== undefined) chosen = chosenBy(numbers, chosen);
    }
    return chosen;
  }

  readonly #valuesOf: KeysOf = () => this.#values.subarray(0, this.#count);

  readonly #restsOf: KeysOf = (indexes) => this.#rests && Float64Array.from(indexes!, (index) => this.#rests![index]!);

  readonly #msOf: KeysOf = (indexes) => Float64Array.from(indexes!, (index) => this.#timeOf(index).ms);

  readonly #subNsOf: KeysOf = (indexes) => Float64Array.from(indexes!, (index) => this.#timeOf(index).subNs);

  #bySeries(indexes: Int32Array): number[] {
    const keyed = Array.from(indexes, (index) => ({ index, key: this.#seriesOf(index) }));
    return keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)).map(({ index }) => index);
  }

  #seriesOf(index: number): SeriesKey {
    return new ByteReader(thingAt(this.#frames, index), this.#places[2 * index]!).text();
  }

  #valueOf(index: number): FieldValue {
    const value = this.#values[index]!;
    if (this.#rests === undefined || Number.isSafeInteger(value)) return value;
    return exactNumber(BigInt(value) + BigInt(this.#rests[index]!));
  }

  #timeOf(index: number): SplitTime {
    const times = { ms: [0], subNs: [0] };
    putTimeAfter(thingAt(this.#starts, index), this.#offsetsNs[index]!, times, 0);
    return { ms: times.ms[0]!, subNs: times.subNs[0]! };
  }

  #pointOf(index: number): PickedPoint {
    const { ms, subNs } = this.#timeOf(index);
    const reader = this.#neighbourCount === 0 ? undefined : new ByteReader(thingAt(this.#frames, index), this.#places[2 * index + 1]!);
    return { value: this.#valueOf(index), timeNs: joinNs(ms, subNs), neighbours: Array.from({ length: this.#neighbourCount }, () => decodeCell(reader!)) };
  }
}

/** What points are ordered by, of those at some indexes (undefined: of all); undefined: all are equal. */
type KeysOf = (indexes: Int32Array | undefined) => Float64Array | undefined;

interface Chosen {
  /** Undefined: all. */
  readonly indexes: Int32Array | undefined;
  readonly rank: number;
}

/** Those of them that are equal to the one at the rank. `keys` run as their indexes; nothing but a damaged frame has a NaN, which stands for itself. */
function chosenBy(keys: Float64Array, { indexes, rank }: Chosen): Chosen {
  const key = nthLeast(keys.slice(), keys.length, rank);
  let [lessCount, equalCount] = [0, 0];
  for (let at = 0; at < keys.length; at += 1) {
    if (keys[at]! < key) lessCount += 1;
    else if (keys[at] === key) equalCount += 1;
  }
  if (equalCount === 0) return { indexes: Int32Array.of(indexes?.[rank] ?? rank), rank: 0 };
  const equal = new Int32Array(equalCount);
  for (let at = 0, next = 0; next < equalCount; at += 1) if (keys[at] === key) equal[next++] = indexes?.[at] ?? at;
  return { indexes: equal, rank: Math.min(rank - lessCount, equalCount - 1) };
}

/** The one that the index belongs to. */
function thingAt<Thing>(froms: readonly From<Thing>[], index: number): Thing {
  let [low, high] = [0, froms.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (froms[middle]!.first <= index) low = middle;
    else high = middle - 1;
  }
  return froms[low]!.thing;
}
