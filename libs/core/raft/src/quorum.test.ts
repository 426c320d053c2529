import { expect, test } from 'vitest';
import type { Membership } from './membership.ts';
import { electionVerdict, hasQuorum, quorumIndex, quorumOf } from './quorum.ts';

/** Voters 1 to `count`. */
function voters(count: number): Membership {
  return { voters: numbers(count), outgoing: [], learners: [], greatestId: count };
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

test('a quorum is more than half', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(quorumOf)).toEqual([1, 2, 2, 3, 3, 4, 4]);
});

test('L11: an index is on a quorum when more than half have reached it', () => {
  const check = (indexes: readonly number[], expected: number): void => expect(quorumIndex(voters(indexes.length), (id) => indexes[id - 1]!), indexes.join()).toBe(expected);
  check([7], 7);
  check([7, 3], 3);
  check([7, 3, 0], 3);
  check([9, 9, 0, 1], 1);
  check([5, 1, 4, 2, 3], 3);
  check([0, 0, 0, 9, 9], 0);
});

test('an election is decided as soon as the missing votes cannot change it', () => {
  const check = (votes: string, voterCount: number, expected: string): void => {
    const counted = new Map([...votes].map((vote, at) => [at + 1, vote === '+']));
    expect(electionVerdict(voters(voterCount), counted), `${votes} of ${voterCount}`).toBe(expected);
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

test('L11: while a change is joint, a quorum is one of each membership', () => {
  const joint: Membership = { voters: [3, 4, 5], outgoing: [1, 2, 3], learners: [6], greatestId: 6 };
  const check = (ids: readonly number[], expected: boolean): void => expect(hasQuorum(joint, (id) => ids.includes(id)), ids.join()).toBe(expected);
  check([1, 2, 3], false);
  check([3, 4, 5], false);
  check([1, 3, 4], true);
  check([1, 2, 4, 5], true);
  check([1, 2, 5, 6], false);
  expect(quorumIndex(joint, (id) => [9, 9, 2, 4, 7, 9][id - 1]!)).toBe(4);
  expect(quorumIndex(joint, (id) => [1, 2, 9, 9, 9, 9][id - 1]!)).toBe(2);
});

test('nobody is no quorum', () => {
  expect(hasQuorum(voters(0), () => true)).toBe(false);
  expect(quorumIndex(voters(0), () => 9)).toBe(0);
  expect(electionVerdict(voters(0), new Map([[1, true]]))).toBe('lost');
});

test('L11: quorums of all memberships that follow each other intersect', () => {
  const subsets = (ids: readonly number[]): readonly (readonly number[])[] => ids.reduce<readonly (readonly number[])[]>((all, id) => [...all, ...all.map((each) => [...each, id])], [[]]);
  const all = numbers(5);
  const memberships: Membership[] = [];
  for (const from of subsets(all).filter(({ length }) => length > 0)) {
    for (const to of subsets(all).filter(({ length }) => length > 0)) memberships.push({ voters: to, outgoing: from, learners: [], greatestId: 5 });
  }
  for (const joint of memberships) {
    const single = [joint.voters, joint.outgoing].map((ids): Membership => ({ voters: ids, outgoing: [], learners: [], greatestId: 5 }));
    for (const quorum of subsets(all).filter((ids) => hasQuorum(joint, (id) => ids.includes(id)))) {
      const rest = (id: number): boolean => !quorum.includes(id);
      expect(single.some((each) => hasQuorum(each, rest)), `${joint.outgoing.join()} to ${joint.voters.join()}: ${quorum.join()}`).toBe(false);
    }
  }
});
