import { expect, test } from 'vitest';
import { copyFrames } from './copy-frames.ts';

const MIB = 2 ** 20;
const framesOf = (...lengths: number[]): { readonly bytes: Uint8Array; readonly seriesIds: Uint32Array[] }[] =>
  lengths.map((length, at) => ({ bytes: new Uint8Array(length + 16).fill(at + 1).subarray(2, 2 + length), seriesIds: [Uint32Array.of(at)] }));

test('frames are copied into few buffers; giving them away takes nothing from those who read them', () => {
  const frames = framesOf(3, 1, 2);
  const { frames: copies, buffers } = copyFrames(frames);
  expect(copies).toEqual(frames);
  expect(new Set(copies.map(({ bytes }) => bytes.buffer))).toEqual(new Set(buffers));
  expect(buffers.map(({ byteLength }) => byteLength)).toEqual([6]);
  const clone = structuredClone(copies, { transfer: [...buffers] });
  expect(clone).toEqual(frames);
  expect(copies.map(({ bytes }) => bytes.length)).toEqual([0, 0, 0]);
});

test('no buffer is larger than a MiB, but for a frame that is', () => {
  const frames = framesOf(...Array<number>(30).fill(0.1 * MIB), 3 * MIB, 5);
  const { frames: copies, buffers } = copyFrames(frames);
  expect(copies.map(({ bytes }, index) => Buffer.compare(bytes, frames[index]!.bytes))).toEqual(frames.map(() => 0));
  expect(buffers.map(({ byteLength }) => byteLength)).toEqual([MIB, MIB, MIB, 3 * MIB, 5]);
});

test('no frames are no buffers', () => {
  expect(copyFrames([])).toEqual({ frames: [], buffers: [] });
});
