import type { SeriesKey } from '@varve/model';
import { UintList } from '../uint-list.ts';
import { ByteStrings } from './byte-strings.ts';
import { HashSlots, hashBytes } from './hash-slots.ts';
import { KeyBuffer } from './key-buffer.ts';
import { NO_BYTE, NO_OWNER, type Segments } from './segments.ts';
import { putVarint, varintAt, varintSize } from './varint.ts';

const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const VARINT_SIZE_MAX = 5;

/**
 * Series key ↔ id, from 1 up. A series is kept as the segments of its key, whose ids are small numbers:
 *
 *     cpu,host=a,region=x   ─▶   segments 1 `cpu`  2 `host=a`  3 `region=x`   ─▶   series 1: owner 1, varints 2 3
 *
 * Keys come back byte by byte as they went in. Known series are found by the hash of the key; often it need not be taken,
 * because series are named in the order in which they first came.
 */
export class SeriesKeys {
  readonly #segments: Segments;
  /** The segments of each series' tags. */
  readonly #tuples = new ByteStrings();
  /** The segment of each series' measurement. */
  readonly #owners = new UintList();
  readonly #slots = new HashSlots();
  readonly #key = new KeyBuffer();
  readonly #tuple = new KeyBuffer();
  /** The series after the one that was asked for last. */
  #guess = 1;

  constructor(segments: Segments) {
    this.#segments = segments;
    this.#owners.push(NO_OWNER);
  }

  /** The greatest id given so far, 0 at first. */
  get lastId(): number {
    return this.#tuples.lastId;
  }

  /** The id of a series; a new one gets the next id. */
  idOf(key: SeriesKey): number {
    this.#key.setText(key);
    let seriesId = this.#guess;
    if (seriesId > this.lastId || !this.#isAsked(seriesId)) {
      const hash = hashBytes(this.#key.view, 0, this.#key.size, 0);
      seriesId = this.#find(hash) || this.#add(hash);
    }
    this.#guess = seriesId + 1;
    return seriesId;
  }

  /** Whether a series is here; none is added. */
  has(key: SeriesKey): boolean {
    this.#key.setText(key);
    return this.#find(hashBytes(this.#key.view, 0, this.#key.size, 0)) !== 0;
  }

  keyOf(seriesId: number): SeriesKey {
    const key = this.#key;
    key.size = 0;
    this.#segments.appendTo(key, this.ownerOf(seriesId));
    for (const segmentId of this.tagsOf(seriesId)) {
      key.appendByte(COMMA);
      this.#segments.appendTo(key, segmentId);
    }
    return key.text();
  }

  /** The segment of the measurement. */
  ownerOf(seriesId: number): number {
    return this.#owners.at(seriesId);
  }

  /** The segments of the tags, in the order of the key. */
  tagsOf(seriesId: number): number[] {
    const segmentIds: number[] = [];
    const { bytes } = this.#tuples;
    const end = this.#tuples.endOf(seriesId);
    for (let offset = this.#tuples.startOf(seriesId); offset < end;) {
      const segmentId = varintAt(bytes, offset);
      offset += varintSize(segmentId);
      segmentIds.push(segmentId);
    }
    return segmentIds;
  }

  /** Sorts as the keys do, by UTF-16 code unit. */
  compare(leftId: number, rightId: number): number {
    const [left, right] = [this.#owners.at(leftId), this.#owners.at(rightId)];
    const { bytes } = this.#tuples;
    const leftEnd = this.#tuples.endOf(leftId);
    const rightEnd = this.#tuples.endOf(rightId);
    let leftOffset = this.#tuples.startOf(leftId);
    let rightOffset = this.#tuples.startOf(rightId);
    let [leftSegment, rightSegment] = [left, right];
    while (leftSegment === rightSegment) {
      if (leftOffset === leftEnd || rightOffset === rightEnd) return leftEnd - leftOffset - (rightEnd - rightOffset);
      leftSegment = varintAt(bytes, leftOffset);
      rightSegment = varintAt(bytes, rightOffset);
      leftOffset += varintSize(leftSegment);
      rightOffset += varintSize(rightSegment);
    }
    return this.#segments.compare(
      { segmentId: leftSegment, next: leftOffset < leftEnd ? COMMA : NO_BYTE },
      { segmentId: rightSegment, next: rightOffset < rightEnd ? COMMA : NO_BYTE },
    );
  }

  #find(hash: number): number {
    const slots = this.#slots;
    for (let slot = slots.first(hash); ; slot = slots.next(slot)) {
      const seriesId = slots.idAt(slot);
      if (seriesId === 0 || (slots.hashAt(slot) === hash && this.#isAsked(seriesId))) return seriesId;
    }
  }

  /** Whether the key that is asked for is that of the series. */
  #isAsked(seriesId: number): boolean {
    const key = this.#key;
    const { bytes } = this.#tuples;
    const tupleEnd = this.#tuples.endOf(seriesId);
    let offset = this.#segments.endIn(key, this.#owners.at(seriesId), 0);
    for (let tupleOffset = this.#tuples.startOf(seriesId); tupleOffset < tupleEnd;) {
      if (offset < 0 || offset >= key.size || key.bytes[offset] !== COMMA) return false;
      const segmentId = varintAt(bytes, tupleOffset);
      tupleOffset += varintSize(segmentId);
      offset = this.#segments.endIn(key, segmentId, offset + 1);
    }
    return offset === key.size;
  }

  #add(hash: number): number {
    const [key, tuple] = [this.#key, this.#tuple];
    let end = segmentEnd(key, 0);
    const owner = this.#segments.idOf(NO_OWNER, key, 0, end);
    tuple.size = 0;
    while (end < key.size) {
      const start = end + 1;
      end = segmentEnd(key, start);
      tuple.reserve(tuple.size + VARINT_SIZE_MAX);
      tuple.size = putVarint(tuple.bytes, tuple.size, this.#segments.idOf(owner, key, start, end));
    }
    const seriesId = this.#tuples.push(tuple.bytes, 0, tuple.size);
    this.#owners.push(owner);
    this.#slots.add(hash, seriesId);
    return seriesId;
  }
}

/** Where the segment that starts at `start` ends: at an unescaped comma, or with the key. */
function segmentEnd({ bytes, size }: KeyBuffer, start: number): number {
  let end = start;
  while (end < size && (bytes[end] !== COMMA || bytes[end - 1] === BACKSLASH)) end += 1;
  return end;
}
