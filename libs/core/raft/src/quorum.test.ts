import { expect, test } from 'vitest';
import { electionVerdict, quorumIndex, quorumOf } from './quorum.ts';

test('a quorum is more than half', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(quorumOf)).toEqual([1, 2, 2, 3, 3, 4, 4]);
});

test('L11: an index is on a quorum when more than half have reached it', () => {
  const check = (indexes: readonly number[], expected: number): void => expect(quorumIndex(indexes), indexes.join()).toBe(expected);
  check([7], 7);
  check([7, 3], 3);
  check([7, 3, 0], 3);
  check([9, 9, 0, 1], 1);
  check([5, 1, 4, 2, 3], 3);
  check([0, 0, 0, 9, 9], 0);
});

test('an election is decided as soon as the missing votes cannot change it', () => {
  const check = (votes: string, voterCount: number, expected: string): void => {
    const counted = new Map([...votes].map((vote, voter) => [voter, vote === '+']));
    expect(electionVerdict(counted, voterCount), `${votes} of ${voterCount}`).toBe(expected);
  };
  check('+', 1, 'won');
  check('+', 3, 'pending');
  check('++', 3, 'won');
  check('+-', 3, 'pending');
  check('+--', 3, 'lost');
  check('--', 3, 'lost');
  check('++--', 5, 'pending');
  check('+++', 5, 'won');
  check('+-', 4, 'pending');
  check('+--', 4, 'lost');
  check('--', 4, 'lost');
});
