import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { ElectionTimer } from './election-timer.ts';
import { raftConfig } from './testing/raft-config.ts';

test('E11: timeouts are drawn anew each time, all lengths between one and two alike, and seldom fall together', () => {
  const prng = new Prng(1);
  const lengthOf = (timer: ElectionTimer): number => {
    timer.redraw();
    let length = 0;
    for (; !timer.isOver; length += 1) timer.tick();
    return length;
  };
  const timers = [1, 2, 3].map((id) => new ElectionTimer({ ...raftConfig(id), randomUint32: () => prng.uint32() }));
  const counts = new Map<number, number>();
  let conflictCount = 0;
  for (let round = 0; round < 3_000; round += 1) {
    const lengths = timers.map(lengthOf);
    for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
    const first = Math.min(...lengths);
    if (lengths.filter((length) => length === first).length > 1) conflictCount += 1;
  }
  expect([...counts.keys()].sort((left, right) => left - right)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  for (const count of counts.values()) expect(Math.abs(count - 900)).toBeLessThan(150);
  // Two of three at the same tick of ten: about three in ten.
  expect(conflictCount / 3_000).toBeLessThan(0.35);
});

test('an election timeout that holds no two heartbeats is a mistake of ours', () => {
  expect(() => new ElectionTimer({ ...raftConfig(1), heartbeatTickCount: 10 })).toThrow('several heartbeats');
});
