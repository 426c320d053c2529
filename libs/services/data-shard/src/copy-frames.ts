import type { FlushInput } from '@varve/storage';

type Frames = FlushInput['frames'];

/**
 * Frames of its own for whoever packs them: readers need these until their chunks are there. In one buffer, which can be given away:
 * to give away n of them takes n² steps, and a memtable may have a hundred thousand small frames.
 */
export function copyFrames(frames: Frames): { readonly frames: Frames; readonly buffer: ArrayBuffer } {
  const all = new Uint8Array(frames.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let end = 0;
  const copies = frames.map(({ bytes, seriesIds }) => {
    const start = end;
    end += bytes.length;
    all.set(bytes, start);
    return { bytes: all.subarray(start, end), seriesIds };
  });
  return { frames: copies, buffer: all.buffer };
}
