import { LIMITS } from '@varve/config';
import { ByteWriter, DbError, type SizeBytes } from '@varve/base';

/** No frame of a partial result is larger. */
export const PARTIAL_FRAME_SIZE_BYTES_MAX = LIMITS.partialFrameSizeBytesMax;

/** A frame this large is sent. */
const FULL_SIZE_BYTES = 64 * 1024;
/** What is put into a frame together. What is left of the maximum is room for one large row or value. */
export const TOGETHER_SIZE_BYTES_MAX = 128 * 1024;

/** Collects the bytes of a partial result and hands them out as frames. A frame begins with its kind. */
export class FrameWriter {
  readonly #kind: number;
  /** Made when something is written: the last frame is followed by none. */
  #bytes: ByteWriter | undefined;

  constructor(kind: number) {
    this.#kind = kind;
  }

  get bytes(): ByteWriter {
    return (this.#bytes ??= new ByteWriter(4096).u8(this.#kind));
  }

  get isEmpty(): boolean {
    return this.#bytes === undefined;
  }

  get isFull(): boolean {
    return this.#bytes !== undefined && this.#bytes.length >= FULL_SIZE_BYTES;
  }

  /** Whether so many bytes may go into this frame, too. */
  hasRoomFor(sizeBytes: SizeBytes): boolean {
    return this.#bytes === undefined || this.#bytes.length + sizeBytes <= TOGETHER_SIZE_BYTES_MAX;
  }

  /** The frame so far; the next one starts empty. @throws DbError QUERY_LIMIT when one piece of it was too large */
  take(): Uint8Array {
    const frame = this.bytes.finish();
    if (frame.length > PARTIAL_FRAME_SIZE_BYTES_MAX) {
      throw new DbError('QUERY_LIMIT', `one row or value takes ${frame.length} bytes, more than the ${PARTIAL_FRAME_SIZE_BYTES_MAX} of a partial result`);
    }
    this.#bytes = undefined;
    return frame;
  }
}
