import { AssertionError } from '@varve/base';
import { expect, test } from 'vitest';
import { EMPTY_MEMBERSHIP } from './membership.ts';
import type { Entry } from './entry.ts';
import { RaftLog } from './raft-log.ts';

const entry = (index: number, term: number): Entry => ({ index, term, kind: 1, payload: new Uint8Array([index]) });
const log = (compactedIndex: number, compactedTerm: number, ...terms: number[]): RaftLog =>
  new RaftLog(
    {
      compactedIndex,
      compactedTerm,
      entries: terms.map((term, offset) => entry(compactedIndex + 1 + offset, term)),
      membership: EMPTY_MEMBERSHIP,
    },
    { commitIndex: compactedIndex + terms.length, appliedIndex: compactedIndex + terms.length },
  );

test('terms and entries are found behind what was compacted', () => {
  const it = log(3, 2, 2, 4);
  expect([it.lastIndex, it.lastTerm, it.termAt(3), it.termAt(4), it.termAt(5)]).toEqual([5, 4, 2, 2, 4]);
  expect(it.between(3, 5).map(({ index }) => index)).toEqual([4, 5]);
  expect(it.between(4, 4)).toEqual([]);
});

test('S8: compaction keeps what is above it, and the term of its end', () => {
  const it = log(0, 0, 1, 1, 3);
  it.compact(2);
  expect([it.compactedIndex, it.lastIndex, it.termAt(2)]).toEqual([2, 3, 1]);
  it.compact(3);
  expect([it.lastIndex, it.lastTerm]).toEqual([3, 3]);
  it.append(entry(4, 3));
  expect(it.lastIndex).toBe(4);
});

test('its size is that of the entries that are there', () => {
  const it = log(0, 0, 1, 1, 3);
  const one = it.sizeBytes / 3;
  const check = (count: number): void => expect(it.sizeBytes).toBe(count * one);
  it.append(entry(4, 3));
  check(4);
  it.compact(2);
  check(2);
  it.restore({ compactedIndex: 9, compactedTerm: 4, membership: EMPTY_MEMBERSHIP });
  check(0);
  it.append(entry(10, 4));
  check(1);
});

test('S2: holes, terms that go back and indexes outside are bugs', () => {
  expect(() => log(0, 0, 2, 1)).toThrow(AssertionError);
  expect(() => log(3, 2, 1)).toThrow(AssertionError);
  expect(() => log(0, 0, 1).append(entry(3, 1))).toThrow('entry 3 after 1');
  expect(() => log(3, 2, 2).termAt(2)).toThrow('no entry 2');
  expect(() => log(3, 2, 2).between(2, 4)).toThrow(AssertionError);
  expect(() => log(3, 2, 2).compact(5)).toThrow(AssertionError);
});
