import { expect, test } from 'vitest';
import { HllSketch } from '../sketch/hll-sketch.ts';
import { SeriesSketch } from './series-sketch.ts';

function sketchOf(from: number, to: number): SeriesSketch {
  const sketch = new SeriesSketch();
  for (let index = from; index < to; index += 1) sketch.add(`cpu,host=host_${index},region=eu-west-${index % 7}`);
  return sketch;
}

test('SH5 few series are counted exactly, however often they come', () => {
  const sketch = sketchOf(0, 1_000);
  sketch.merge(SeriesSketch.fromBytes(sketchOf(500, 1_000).toBytes()));
  expect(sketch.estimate()).toBe(1_000);
});

test.each([2_000, 20_000, 200_000])('SH5 of %i the estimate is within 3 %, in 16 KiB, whichever parts it was merged of', (count) => {
  const merged = new SeriesSketch();
  for (const [from, to] of [[0, count / 2], [count / 4, count], [0, 10]] as const) {
    const bytes = sketchOf(from, to).toBytes();
    expect(bytes.length).toBeLessThanOrEqual(17_000);
    merged.merge(SeriesSketch.fromBytes(bytes));
  }
  expect(merged.estimate()).toBe(sketchOf(0, count).estimate());
  expect(Math.abs(merged.estimate() / count - 1)).toBeLessThan(0.03);
});

test('bytes that are no sketch of series are refused', () => {
  const invalid = expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error;
  for (const bytes of [[3], [2, 0, 0], []]) expect(() => SeriesSketch.fromBytes(Uint8Array.from(bytes)), String(bytes)).toThrow(invalid);
  expect(() => sketchOf(0, 1).merge(new SeriesSketch(new HllSketch(16)))).toThrow(invalid);
});
