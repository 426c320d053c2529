import { expect, test } from 'vitest';
import { copyFrames } from './copy-frames.ts';

const frames = [3, 1, 2].map((length, at) => ({ bytes: new Uint8Array(16).fill(at + 1).subarray(2, 2 + length), seriesIds: [Uint32Array.of(at)] }));

test('frames are copied into one buffer; giving it away takes nothing from those who read them', () => {
  const { frames: copies, buffer } = copyFrames(frames);
  expect(copies).toEqual(frames);
  expect(new Set(copies.map(({ bytes }) => bytes.buffer))).toEqual(new Set([buffer]));
  const clone = structuredClone(copies, { transfer: [buffer] });
  expect(clone).toEqual(frames);
  expect(copies.map(({ bytes }) => bytes.length)).toEqual([0, 0, 0]);
});

test('no frames are an empty buffer', () => {
  expect(copyFrames([])).toEqual({ frames: [], buffer: new ArrayBuffer(0) });
});
