import { ByteWriter } from '@varve/base';
import { expect, test } from 'vitest';
import { encodeCell } from '../partial/cell-bytes.ts';
import { RankedPoints } from './ranked-points.ts';

const LARGE = 2n ** 60n;

test.each([
  ['numbers', (index: number) => (index * 7) % 11],
  ['one value', () => 5],
  ['integers beyond float64', (index: number) => LARGE + BigInt((index * 7) % 11)],
])('points have their ranks by value, equal ones by time, whichever shard they come from: %s', (_name, valueOf) => {
  const points = new RankedPoints(0);
  for (const shardStartNs of [7_000_000_000_000_000_001n, -3n]) {
    points.clear();
    const added = Array.from({ length: 500 }, (_point, index) => ({ value: valueOf(index), offsetNs: (index * 37) % 500, startNs: index < 200 ? shardStartNs : shardStartNs + 1_000n }));
    for (const { value, offsetNs, startNs } of added) points.add(value, offsetNs, startNs);
    const timed = added.map(({ value, offsetNs, startNs }) => ({ value, timeNs: startNs + BigInt(offsetNs), neighbours: [] }));
    const expected = timed.toSorted((left, right) => Number(BigInt(left.value) - BigInt(right.value)) || Number(left.timeNs - right.timeNs));

    expect(points.count).toBe(500);
    expect(expected.map((_point, rank) => points.at(rank))).toEqual(expected);
    expect(expected.map((_point, rank) => points.valueAt(rank))).toEqual(expected.map(({ value }) => value));
    expect(points.at(-1)).toBeUndefined();
    expect(points.valueAt(500)).toBeUndefined();
  }
});

test('what is beside a value stays in its frame; equal values of one time come by series', () => {
  const points = new RankedPoints(1);
  for (const series of ['m,h=2', 'm,h=1', 'm,h=3']) {
    const writer = new ByteWriter().text(series);
    const cellsAt = writer.length;
    encodeCell(writer, `beside ${series}`);
    points.add(1, 10, 0n, { bytes: writer.finish(), keyAt: 0, cellsAt });
  }
  expect([0, 1, 2].map((rank) => points.at(rank))).toEqual(['m,h=1', 'm,h=2', 'm,h=3'].map((series) => ({ value: 1, timeNs: 10n, neighbours: [`beside ${series}`] })));
});

test('a value takes some bytes, not an object', () => {
  const points = new RankedPoints(0);
  for (let index = 0; index < 100_000; index += 1) points.add(index, index, 0n);
  expect(points.sizeBytes / points.count).toBeLessThan(2 * 16 + 8);
});
