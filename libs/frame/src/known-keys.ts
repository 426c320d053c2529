/*
 * Clients send the same series in the same order again and again, so the series dictionaries of many frames are alike, byte
 * by byte. Who writes them remembers what the last ones came to, and who reads them too. Forgetting costs time only.
 */

/** How many clients may take turns. */
const ENTRY_COUNT_MAX = 16;
/** Of keys in memory, per direction; larger dictionaries are not remembered. */
const SIZE_BYTES_MAX = 2 * 1024 * 1024;

interface Entry {
  readonly keys: readonly string[];
  /** As they stand in a frame, compressed. */
  readonly packed: Uint8Array;
  /** Unpacked. */
  readonly sizeBytes: number;
}

/** Dictionaries seen last, the newest first. */
export class KnownKeys {
  readonly #entries: Entry[] = [];
  #sizeBytes = 0;

  /** The dictionary of these keys. */
  findKeys(keys: readonly string[]): Entry | undefined {
    return this.#find((entry) => entry.keys.length === keys.length && entry.keys.every((key, index) => key === keys[index]));
  }

  /** The dictionary of these bytes. */
  findPacked(packed: Uint8Array): Entry | undefined {
    return this.#find((entry) => isEqual(entry.packed, packed));
  }

  /** Remembers a dictionary; its bytes are copied. */
  keep(keys: readonly string[], packed: Uint8Array, sizeBytes: number): void {
    if (sizeBytes > SIZE_BYTES_MAX / 2) return;
    this.#entries.unshift({ keys, packed: packed.slice(), sizeBytes });
    this.#sizeBytes += sizeBytes;
    while (this.#entries.length > ENTRY_COUNT_MAX || this.#sizeBytes > SIZE_BYTES_MAX) this.#sizeBytes -= this.#entries.pop()!.sizeBytes;
  }

  #find(isIt: (entry: Entry) => boolean): Entry | undefined {
    const at = this.#entries.findIndex(isIt);
    if (at <= 0) return this.#entries[at];
    const [found] = this.#entries.splice(at, 1);
    this.#entries.unshift(found!);
    return found;
  }
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}
