import type { SizeBytes } from '@varve/base';
import type { VersionedRows } from '../rows.ts';
import type { ChunkHeader } from './chunk-header.ts';

/** Of all that one question keeps, about: then it begins anew. Series in the order of their keys lie anywhere in the pages. */
const KEPT_SIZE_BYTES_MAX: SizeBytes = 16 * 1024 * 1024;
/** Of a text beside its characters. */
const TEXT_SIZE_BYTES: SizeBytes = 24;

/**
 * Pages that several series share, as they were unpacked for one question: each of their series would unpack them again, with all
 * texts in them. Their rows are not to be changed.
 */
export class SharedPages<Page extends VersionedRows> {
  readonly #pages = new Map<ChunkHeader, Map<number, Page>>();
  #sizeBytes: SizeBytes = 0;

  /** The page of a chunk, unpacked if it is not at hand. @throws what `unpack` throws */
  of(header: ChunkHeader, page: number, unpack: () => Page): Page {
    const known = this.#pages.get(header)?.get(page);
    if (known !== undefined) return known;
    const unpacked = unpack();
    this.#keep(header, page, unpacked);
    return unpacked;
  }

  #keep(header: ChunkHeader, page: number, unpacked: Page): void {
    const sizeBytes = sizeOf(unpacked);
    if (this.#sizeBytes + sizeBytes > KEPT_SIZE_BYTES_MAX) {
      this.#pages.clear();
      this.#sizeBytes = 0;
    }
    this.#sizeBytes += sizeBytes;
    const ofChunk = this.#pages.get(header);
    if (ofChunk === undefined) this.#pages.set(header, new Map([[page, unpacked]]));
    else ofChunk.set(page, unpacked);
  }
}

function sizeOf({ offsetsNs, columns }: VersionedRows): SizeBytes {
  let sizeBytes = offsetsNs.byteLength;
  for (const { column: { values } } of columns) {
    if (ArrayBuffer.isView(values)) sizeBytes += values.byteLength;
    else for (const text of values) sizeBytes += TEXT_SIZE_BYTES + text.length;
  }
  return sizeBytes;
}
