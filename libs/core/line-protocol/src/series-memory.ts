import type { SizeBytes } from '@varve/base';
import type { SeriesKey, TagSet } from '@varve/model';
import { readExactKey } from './exact-key.ts';
import { BACKSLASH, ByteText, COMMA, HASH, NEWLINE, SPACE, TAB } from './text.ts';

/*
 * Clients send the same series in the same order again and again. So each series as it was sent remembers which one
 * came after it, and the next line is first compared with that one, four bytes at a time. Only a miss costs a hash, and
 * only a new series costs reading its tags.
 *
 *   sent:  cpu,host=a ──▶ cpu,host=b ──▶ cpu,host=c ──▶ (cpu,host=a)      successors
 *   key:   one SeriesIdentity each; `b,x=1,a=2` and `b,a=2,x=1` share theirs
 *
 * The bytes of all sent forms lie in one arena. Its bound is checked between batches: over it everything is forgotten
 * and learnt anew, which costs speed and nothing else. Inside a batch a full memory learns nothing more.
 */

/** What a memory may hold by default; about 100,000 series with ten tags. */
export const SERIES_MEMORY_SIZE_BYTES_MAX: SizeBytes = 64 * 1024 * 1024;
/** Longer sent forms are read anew each time. */
const SENT_SIZE_BYTES_MAX = 4_096;
/** What an identity or a sent form takes beside its bytes, about. */
const OBJECTS_SIZE_BYTES = 128;

/** One series, however it was sent, with its place in the batch that is being read. */
export interface SeriesIdentity {
  readonly key: SeriesKey;
  readonly measurement: string;
  /** The batch that `tableIndex` and `seriesIndex` speak of. */
  batchNumber: number;
  tableIndex: number;
  /** −1 until the batch has a row of it. */
  seriesIndex: number;
}

/** One sent form of a series: bytes [offset, offset + sizeBytes) of the arena. */
export interface SentSeries {
  readonly identity: SeriesIdentity;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly hash: number;
  /** The sent form that came next, last time. */
  successor: SentSeries | undefined;
  /** The next one with the same hash. */
  readonly chained: SentSeries | undefined;
}

/** Bounded memory of the series of earlier requests. Holds no points; losing it costs speed only. One reader at a time. */
export class SeriesMemory {
  readonly #sizeBytesMax: SizeBytes;
  #sizeBytes = 0;
  #batchNumber = 0;
  #arena = new Uint8Array(0);
  #arenaView = new DataView(this.#arena.buffer);
  #arenaEnd = 0;
  #identities = new Map<SeriesKey, SeriesIdentity>();
  #byHash = new Map<number, SentSeries>();
  #last: SentSeries | undefined;

  constructor(sizeBytesMax: SizeBytes = SERIES_MEMORY_SIZE_BYTES_MAX) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Series it knows now. */
  get seriesCount(): number {
    return this.#identities.size;
  }

  /** Starts the next batch. @returns its number, which no earlier batch had */
  beginBatch(): number {
    if (this.#sizeBytes >= this.#sizeBytesMax) this.#forget();
    this.#batchNumber += 1;
    return this.#batchNumber;
  }

  /**
   * The series of the line that begins at `start`, undefined when the exact reader must look at the line. A newline
   * stands at `end` or later, so no comparison runs past the bytes.
   */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): SentSeries | undefined {
    const predicted = this.#last?.successor;
    if (predicted !== undefined && this.#isSentAt(predicted, bytes, view, start, end)) {
      this.#last = predicted;
      return predicted;
    }
    const found = this.#search(bytes, view, start, end);
    if (found !== undefined) {
      if (this.#last !== undefined) this.#last.successor = found;
      this.#last = found;
    }
    return found;
  }

  /** The identity of a key that the exact reader read; undefined when it is new and the memory is full. */
  identityOf(key: SeriesKey, measurement: string): SeriesIdentity | undefined {
    const known = this.#identities.get(key);
    if (known !== undefined || this.#sizeBytes >= this.#sizeBytesMax) return known;
    const identity = newIdentity(key, measurement);
    this.#identities.set(key, identity);
    this.#sizeBytes += key.length + OBJECTS_SIZE_BYTES;
    return identity;
  }

  #isSentAt(sent: SentSeries, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const { offset, sizeBytes } = sent;
    return (
      start + sizeBytes < end &&
      bytes[start + sizeBytes] === SPACE &&
      equalBytes(this.#arenaView, offset, view, start, sizeBytes)
    );
  }

  #search(bytes: Uint8Array, view: DataView, start: number, end: number): SentSeries | undefined {
    const first = bytes[start]!;
    if (first === SPACE || first === TAB || first === 0 || first === HASH || first === COMMA) return undefined;
    const stop = Math.min(end, start + SENT_SIZE_BYTES_MAX);
    const keyEnd = plainKeyEnd(bytes, start, stop);
    if (keyEnd === -1) return undefined;
    const hash = hashOf(view, start, keyEnd);
    let sent = this.#byHash.get(hash);
    while (sent !== undefined && !this.#isSentAt(sent, bytes, view, start, end)) sent = sent.chained;
    return sent ?? this.#learn(bytes.subarray(start, keyEnd + 1), hash);
  }

  /** @param line the sent form and the space behind it */
  #learn(line: Uint8Array, hash: number): SentSeries | undefined {
    const read = readExactKey(new ByteText(line));
    if (read.kind === 'error' || hasTimeTag(read.tags)) return undefined;
    const identity = this.identityOf(read.key, read.measurement);
    if (identity === undefined) return undefined;
    const sizeBytes = line.length - 1;
    const sent: SentSeries = {
      identity,
      offset: this.#keep(line.subarray(0, sizeBytes)),
      sizeBytes,
      hash,
      successor: undefined,
      chained: this.#byHash.get(hash),
    };
    this.#byHash.set(hash, sent);
    this.#sizeBytes += sizeBytes + OBJECTS_SIZE_BYTES;
    return sent;
  }

  #keep(bytes: Uint8Array): number {
    const offset = this.#arenaEnd;
    this.#arenaEnd += bytes.length;
    if (this.#arenaEnd > this.#arena.length) {
      const grown = new Uint8Array(2 * this.#arenaEnd);
      grown.set(this.#arena);
      this.#arena = grown;
      this.#arenaView = new DataView(grown.buffer);
    }
    this.#arena.set(bytes, offset);
    return offset;
  }

  #forget(): void {
    this.#sizeBytes = 0;
    this.#arenaEnd = 0;
    this.#identities.clear();
    this.#byHash.clear();
    this.#last = undefined;
  }
}

export function newIdentity(key: SeriesKey, measurement: string): SeriesIdentity {
  return { key, measurement, batchNumber: 0, tableIndex: -1, seriesIndex: -1 };
}

/** No tag may be called `time`. */
export function hasTimeTag(tags: TagSet): boolean {
  return tags.some(([key]) => key === 'time');
}

/**
 * The index of the space behind the key, −1 when there is none before `stop`. A newline in a key, or a backslash behind
 * a backslash, may split lines elsewhere than keys: −1 too.
 */
function plainKeyEnd(bytes: Uint8Array, start: number, stop: number): number {
  for (let at = start; at < stop; at += 1) {
    const byte = bytes[at]!;
    if (byte > SPACE && byte !== BACKSLASH) continue;
    const isEscaped = at > start && bytes[at - 1] === BACKSLASH;
    if (byte === SPACE && !isEscaped) return at;
    if (byte === NEWLINE || (byte === BACKSLASH && isEscaped)) return -1;
  }
  return -1;
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at += 1) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return hash;
}

/** Compares four bytes at a time; the last four may overlap the ones before. */
export function equalBytes(
  left: DataView,
  leftAt: number,
  right: DataView,
  rightAt: number,
  sizeBytes: number,
): boolean {
  const last = sizeBytes - 4;
  if (last < 0) {
    for (let at = 0; at < sizeBytes; at += 1) {
      if (left.getUint8(leftAt + at) !== right.getUint8(rightAt + at)) return false;
    }
    return true;
  }
  for (let at = 0; at < last; at += 4) {
    if (left.getInt32(leftAt + at, true) !== right.getInt32(rightAt + at, true)) return false;
  }
  return left.getInt32(leftAt + last, true) === right.getInt32(rightAt + last, true);
}
