import { AssertionError } from '@varve/base';
import { WRITE_LEVELS, type WriteLevel } from '@varve/model';
import { expect, test } from 'vitest';
import { hintCounts, requiredAcks, verdictOf, type Verdict } from './verdict.ts';

test('a level asks for its number of acks', () => {
  const check = (level: WriteLevel, expected: readonly number[]): void =>
    expect(
      expected.map((_, index) => requiredAcks(level, index + 1)),
      level,
    ).toEqual(expected);

  check('any', [1, 1, 1, 1, 1]);
  check('one', [1, 1, 1, 1, 1]);
  check('quorum', [1, 2, 2, 3, 3]);
  check('all', [1, 2, 3, 4, 5]);
});

test('two quorums of the same owners share one, and all of them is enough for any level', () => {
  for (let ownerCount = 1; ownerCount <= 9; ownerCount += 1) {
    expect(2 * requiredAcks('quorum', ownerCount)).toBeGreaterThan(ownerCount);
    for (const level of WRITE_LEVELS) expect(requiredAcks(level, ownerCount)).toBeLessThanOrEqual(ownerCount);
  }
});

test('H4: only for level any a hint is an ack', () => {
  expect(WRITE_LEVELS.filter(hintCounts)).toEqual(['any']);
});

test('the verdict follows the counts', () => {
  const check = (requiredCount: number, ackCount: number, failureCount: number, expected: Verdict): void =>
    expect(verdictOf({ replicaCount: 3, requiredCount, ackCount, failureCount })).toBe(expected);

  check(2, 0, 0, 'pending');
  check(2, 1, 1, 'pending');
  check(2, 2, 0, 'satisfied');
  check(2, 2, 1, 'satisfied');
  check(2, 1, 2, 'unsatisfiable');
  check(3, 0, 1, 'unsatisfiable');
  check(1, 0, 2, 'pending');
  check(1, 0, 3, 'unsatisfiable');
});

// Methodology: all orders of answers for up to five owners. A verdict that was given never changes, one is given at the
// latest with the last answer, and it is "satisfied" exactly when enough owners acked.
test('a verdict is final, and comes with the last answer at the latest', () => {
  const walk = (replicaCount: number, requiredCount: number, answers: readonly boolean[], given: Verdict): void => {
    const ackCount = answers.filter(Boolean).length;
    const verdict = verdictOf({ replicaCount, requiredCount, ackCount, failureCount: answers.length - ackCount });
    if (given !== 'pending') expect(verdict).toBe(given);
    if (answers.length === replicaCount)
      expect(verdict).toBe(ackCount >= requiredCount ? 'satisfied' : 'unsatisfiable');
    else for (const isAck of [true, false]) walk(replicaCount, requiredCount, [...answers, isAck], verdict);
  };
  for (let replicaCount = 1; replicaCount <= 5; replicaCount += 1) {
    for (let requiredCount = 1; requiredCount <= replicaCount; requiredCount += 1)
      walk(replicaCount, requiredCount, [], 'pending');
  }
});

test('counts that cannot be are bugs', () => {
  const check = (tally: [replicas: number, required: number, acks: number, failures: number]): void => {
    const [replicaCount, requiredCount, ackCount, failureCount] = tally;
    expect(() => verdictOf({ replicaCount, requiredCount, ackCount, failureCount }), `${tally}`).toThrow(
      AssertionError,
    );
  };
  check([3, 0, 0, 0]);
  check([3, 4, 0, 0]);
  check([3, 2, 2, 2]);
  check([3, 2, -1, 0]);
  expect(() => requiredAcks('one', 0)).toThrow(AssertionError);
});
