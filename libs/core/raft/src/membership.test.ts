import { DbError } from '@varve/base';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMembership, encodeMembership, foundingMembership, isJoint, membersOf, nextMembership, withoutOutgoing, type Membership } from './membership.ts';

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 5 });
const target = fc.record({ voters: ids, learners: ids });

test('M20: a row of random changes keeps to the rules: ids are never reused, a joint membership leads to its target', () => {
  let acceptedCount = 0;
  fc.assert(
    fc.property(fc.array(target, { maxLength: 30 }), (targets) => {
      let membership = foundingMembership([1, 2, 3]);
      const left = new Set<number>();
      for (const each of targets) {
        const next = nextMembership(membership, each);
        if (typeof next === 'string') continue;
        acceptedCount += 1;
        const settled = withoutOutgoing(next);
        expect(isJoint(next)).toBe(settled.voters.join() !== membership.voters.join());
        if (isJoint(next)) expect(next.outgoing).toEqual(membership.voters);
        expect([settled.voters, settled.learners]).toEqual([each.voters.toSorted(byId), each.learners.toSorted(byId)]);
        for (const id of membersOf(membership)) if (!membersOf(settled).includes(id)) left.add(id);
        for (const id of membersOf(settled)) expect(left.has(id), `${id} is given again`).toBe(false);
        membership = settled;
      }
    }),
    PROPERTY_DEFAULTS,
  );
  expect(acceptedCount).toBeGreaterThan(100);
});

test('a membership reads back as it was written, and every cut of it is refused', () => {
  const check = (membership: Membership): void => {
    const bytes = encodeMembership(membership);
    expect(decodeMembership(bytes)).toEqual(membership);
    for (let length = 0; length < bytes.length; length += 1) expect(() => decodeMembership(bytes.subarray(0, length))).toThrow(DbError);
  };
  check(foundingMembership([1]));
  check({ voters: [2, 3, 900], outgoing: [1, 2], learners: [1, 7], greatestId: 901 });
});

test('bytes that are no membership are refused', () => {
  const check = (...bytes: number[]): void => expect(() => decodeMembership(new Uint8Array(bytes)), bytes.join()).toThrow(DbError);
  check(0, 0, 0, 0); // nobody votes
  check(1, 0, 0, 0, 3); // peer 0
  check(2, 2, 1, 0, 0, 3); // not in order
  check(1, 4, 0, 0, 3); // above the greatest id
  check(99, 1, 0, 0, 3); // too many
  check(1, 1, 0, 0, 3, 0); // a byte too many
});

function byId(left: number, right: number): number {
  return left - right;
}
