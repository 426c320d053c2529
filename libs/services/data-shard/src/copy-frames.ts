import type { SizeBytes } from '@varve/base';
import type { FlushInput } from '@varve/storage';

type Frames = FlushInput['frames'];

/** Larger than nearly all frames. */
const PIECE_SIZE_BYTES = 1024 * 1024;

/**
 * Frames of its own for whoever packs them: readers need these until their chunks are there. In few buffers, which can be given
 * away: to give away n of them takes n² steps, and a memtable may have a hundred thousand small frames. None of them is large: an
 * allocator that is given back something large keeps it for what is small from then on, as glibc's does, and the process stays as large.
 */
export function copyFrames(frames: Frames): { readonly frames: Frames; readonly buffers: readonly ArrayBuffer[] } {
  let leftBytes = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let piece = new Uint8Array(0);
  let end: SizeBytes = 0;
  const buffers: ArrayBuffer[] = [];
  const copies = frames.map(({ bytes, seriesIds }) => {
    if (end + bytes.length > piece.length) {
      piece = new Uint8Array(Math.max(bytes.length, Math.min(leftBytes, PIECE_SIZE_BYTES)));
      buffers.push(piece.buffer);
      end = 0;
    }
    piece.set(bytes, end);
    const copy = { bytes: piece.subarray(end, end + bytes.length), seriesIds };
    end += bytes.length;
    leftBytes -= bytes.length;
    return copy;
  });
  return { frames: copies, buffers };
}
