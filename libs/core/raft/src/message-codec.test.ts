import { crc32 } from 'node:zlib';
import { DbError } from '@varve/base';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRaftMessage, encodeRaftMessage } from './message-codec.ts';
import { encodeMembership } from './membership.ts';
import type { RaftMessage } from './message.ts';
import { ENTRY_KINDS } from './entry.ts';

const whole = fc.integer({ min: 0, max: 2 ** 40 });
const envelope = { from: fc.integer({ min: 1, max: 9 }), to: fc.integer({ min: 1, max: 9 }), term: fc.integer({ min: 50, max: 2 ** 40 }) };
const candidacy = { lastIndex: whole, lastTerm: whole, membershipIndex: whole };
const membership = fc.constant({ kind: ENTRY_KINDS.membership, payload: encodeMembership({ voters: [1, 2, 7], outgoing: [2, 3], learners: [300], greatestId: 500 }) });
const other = fc.record({ kind: fc.nat(255).filter((kind) => kind !== ENTRY_KINDS.membership), payload: fc.uint8Array({ maxLength: 20 }) });
const entry = fc.record({ step: fc.nat(2), content: fc.oneof(other, membership) });
const append = fc
  .record({ ...envelope, prevIndex: whole, prevTerm: fc.nat(9), commitIndex: whole, round: whole, drawn: fc.array(entry, { maxLength: 8 }) })
  .map(({ drawn, ...fields }): RaftMessage => {
    let term = Math.max(1, fields.prevTerm);
    const entries = drawn.map(({ step, content }, offset) => {
      term += step;
      return { index: fields.prevIndex + 1 + offset, term, ...content };
    });
    return { kind: 'append', ...fields, entries };
  });
const rejected = { prevIndex: whole, hintIndex: whole, hintTerm: whole, isRecovering: fc.boolean(), round: whole };
const message: fc.Arbitrary<RaftMessage> = fc.oneof(
  append,
  fc.record({ kind: fc.constant('preVote' as const), ...envelope, ...candidacy }),
  fc.record({ kind: fc.constant('vote' as const), ...envelope, ...candidacy, isTransfer: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('preVoteReply', 'voteReply'), ...envelope, isGranted: fc.boolean() }),
  fc.record({ kind: fc.constant('appendAccepted' as const), ...envelope, matchIndex: whole, round: whole }),
  fc.record({ kind: fc.constant('appendRejected' as const), ...envelope, ...rejected }),
  fc.record({ kind: fc.constant('snapshotOffer' as const), ...envelope, index: whole, indexTerm: whole, round: whole }),
  fc.record({ kind: fc.constantFrom('termPassed', 'timeoutNow'), ...envelope }),
  fc.record({ kind: fc.constant('readRequest' as const), ...envelope, read: whole }),
  fc.record({ kind: fc.constant('readReply' as const), ...envelope, read: whole, index: whole }),
  fc.record({ kind: fc.constant('removed' as const), ...envelope, membershipIndex: whole }),
);

/** As a sender would do that is not one of ours: the checksum is right. */
function signed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(1, crc32(copy.subarray(5)), true);
  return copy;
}

test('a message reads back as it was written, in memory of its own', () => {
  fc.assert(
    fc.property(message, (each) => {
      const bytes = encodeRaftMessage(each);
      const read = decodeRaftMessage(bytes);
      bytes.fill(0xff);
      expect(read).toEqual(each);
    }),
    PROPERTY_DEFAULTS,
  );
});

test('S9: every flipped bit, every cut and every byte too many is refused', () => {
  fc.assert(
    fc.property(message, fc.nat(), (each, at) => {
      const good = encodeRaftMessage(each);
      const flipped = good.slice();
      flipped[(at >> 3) % good.length]! ^= 1 << (at & 7);
      for (const bad of [flipped, good.subarray(0, at % good.length), signed(new Uint8Array([...good, 0]))]) {
        expect(() => decodeRaftMessage(bad)).toThrow(DbError);
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('S9: bytes with a right checksum are read or refused, whatever they say', () => {
  let readCount = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 15 }), fc.uint8Array({ minLength: 3, maxLength: 40 }), (kindNumber, rest) => {
      try {
        decodeRaftMessage(signed(new Uint8Array([2, 0, 0, 0, 0, kindNumber, ...rest])));
        readCount += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'MESSAGE_INVALID' });
      }
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 2_000 },
  );
  expect(readCount).toBeGreaterThan(0);
});

test('S9: what no peer would say is refused with the reason', () => {
  const check = (fields: object, expected: RegExp): void => {
    const bytes = encodeRaftMessage({ kind: 'termPassed', from: 1, to: 2, term: 3, ...fields } as RaftMessage);
    expect(() => decodeRaftMessage(bytes)).toThrow(expected);
  };
  const payload = new Uint8Array(0);
  const append = { kind: 'append', prevIndex: 4, prevTerm: 2, commitIndex: 0, round: 0 };
  check({ from: 0 }, /from nobody/);
  check({ to: 0 }, /to nobody/);
  check({ term: 0 }, /of no term/);
  check({ ...append, entries: [{ index: 5, term: 1, kind: 0, payload }] }, /entry of term 1 after one of 2/);
  check({ ...append, entries: [{ index: 5, term: 4, kind: 0, payload }] }, /entry of term 4/);
  check({ ...append, entries: [{ index: 5, term: 2, kind: ENTRY_KINDS.membership, payload }] }, /membership|bytes/);
  const newer = encodeRaftMessage({ kind: 'termPassed', from: 1, to: 2, term: 3 });
  newer[0] = 3;
  expect(() => decodeRaftMessage(newer)).toThrow(/of format 3, this peer knows 2/);
  expect(() => decodeRaftMessage(signed(new Uint8Array([2, 0, 0, 0, 0, 99, 1, 1, 1])))).toThrow(/of kind 99/);
  expect(() => decodeRaftMessage(signed(new Uint8Array([2, 0, 0, 0, 0, 4, 1, 1, 1, 7])))).toThrow(/7 for a flag/);
});
