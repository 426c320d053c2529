import { expect, test } from 'vitest';
import { NumberRanks } from './number-ranks.ts';

test('numbers have their ranks by value, equal ones by time, whichever shard they come from', () => {
  const numbers = new NumberRanks();
  for (const shardStartNs of [7_000_000_000_000_000_001n, -3n]) {
    numbers.clear();
    const points = Array.from({ length: 500 }, (_point, index) => ({ value: (index * 7) % 11, offsetNs: (index * 37) % 500, startNs: index < 200 ? shardStartNs : shardStartNs + 1_000n }));
    for (const { value, offsetNs, startNs } of points) numbers.add(value, offsetNs, startNs);
    const timed = points.map(({ value, offsetNs, startNs }) => ({ value, timeNs: startNs + BigInt(offsetNs), neighbours: [] }));
    const expected = timed.toSorted((left, right) => left.value - right.value || Number(left.timeNs - right.timeNs));
    const ranked = numbers.ranked();

    expect(ranked.length).toBe(500);
    expect(expected.map((_point, rank) => ranked.at(rank))).toEqual(expected);
    expect(ranked.at(-1)).toBeUndefined();
    expect(ranked.at(500)).toBeUndefined();
    expect([...numbers.points()]).toEqual(timed);
  }
});
