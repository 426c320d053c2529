import { equalBytes, type SizeBytes } from '@varve/base';
import { decodeNumbers } from './numbers.ts';

/** Times at equal steps take a dozen bytes; what takes more is different from page to page. */
const PACKED_SIZE_BYTES_MAX: SizeBytes = 24;
const ROW_COUNT_MAX = 1_024;
/** A power of two. All together are half a MiB at most. */
const PLACE_COUNT = 64;

interface KnownPage {
  readonly packed: Uint8Array;
  readonly times: Float64Array;
}

/**
 * Times of pages that were read last, each at the one place that its bytes come to. Whatever reports together is packed in the same
 * few bytes: a query over many series unpacks and checks them once. Only times that ascend, each once, are kept.
 */
export class KnownTimes {
  readonly #pages: (KnownPage | undefined)[] = new Array<KnownPage | undefined>(PLACE_COUNT).fill(undefined);

  /** The times, if they ascend, each once, and are packed in few bytes; not to be changed. @throws DbError CHUNK_INVALID */
  of(packed: Uint8Array, rowCount: number): Float64Array | undefined {
    if (packed.length > PACKED_SIZE_BYTES_MAX || rowCount > ROW_COUNT_MAX) return undefined;
    const place = placeOf(packed);
    const known = this.#pages[place];
    if (known !== undefined && known.times.length === rowCount && equalBytes(known.packed, packed)) return known.times;
    const times = decodeNumbers(packed, rowCount);
    if (!ascendOnce(times)) return undefined;
    this.#pages[place] = { packed: packed.slice(), times };
    return times;
  }
}

function ascendOnce(times: Float64Array): boolean {
  for (let row = 1; row < times.length; row += 1) if (times[row]! <= times[row - 1]!) return false;
  return true;
}

/** Times may be equal: those of several versions of a row. */
export function ascends(times: Float64Array): boolean {
  for (let row = 1; row < times.length; row += 1) if (times[row]! < times[row - 1]!) return false;
  return true;
}

function placeOf(packed: Uint8Array): number {
  let hash = packed.length;
  for (let index = 0; index < packed.length; index += 1) hash = Math.imul(hash ^ packed[index]!, 0x01000193);
  return (hash ^ (hash >>> 15)) & (PLACE_COUNT - 1);
}
