import { LIMITS } from '@varve/config';
import { decodeCatalog, encodeCatalog, type CatalogCommand } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog } from './testing/applied-log.ts';

const open: CatalogCommand = { kind: 'openIncarnation', holder: 'a', nowMs: 1, leaseMs: 1 };
const create = (name: string): CatalogCommand => ({ kind: 'createDatabase', name });

test('X: a command that comes again after its leader crashed answers what it answered, and changes nothing', () => {
  const on = new AppliedLog();
  const origin = { session: on.session, seq: 1, ackedSeq: 0 };
  const first = on.apply(open, origin);
  const again = on.apply(open, origin);
  expect(first.isRepeated).toBe(false);
  expect(again).toEqual({ catalog: first.catalog, result: first.result, isRepeated: true });
  expect(again.catalog).toBe(first.catalog);
});

test('X: a replayed answer is the same, a rejection too, whatever has become true since', () => {
  const on = new AppliedLog();
  const groups: CatalogCommand = { kind: 'createShardGroups', database: 'a', retentionPolicy: 'autogen', timesNs: [0n] };
  const refused = on.apply(groups, { session: on.session, seq: 1, ackedSeq: 0 }).result;
  expect(refused.kind).toBe('rejected');
  on.apply({ kind: 'joinNode', role: 'data', name: 'n' }, { session: on.session, seq: 2, ackedSeq: 0 });
  on.apply(create('a'), { session: on.session, seq: 3, ackedSeq: 0 });
  expect(on.apply(groups, { session: on.session, seq: 1, ackedSeq: 0 }).result).toEqual(refused);
  expect(on.policy().shardGroups).toEqual([]);
});

test('X: a duplicate is the same command even if its bytes are another one, and other sessions have their own numbers', () => {
  const on = new AppliedLog();
  const other = on.open();
  on.apply(create('a'), { session: on.session, seq: 1, ackedSeq: 0 });
  on.apply(create('b'), { session: on.session, seq: 1, ackedSeq: 0 });
  on.apply(create('c'), { session: other, seq: 1, ackedSeq: 0 });
  expect([...on.catalog.databases.keys()]).toEqual(['a', 'c']);
});

test('C21: commands that are under way together may come in any order, each once', () => {
  const on = new AppliedLog();
  for (const seq of [3, 1, 2, 3, 2, 1]) on.apply(create(`d${seq}`), { session: on.session, seq, ackedSeq: 0 });
  expect([...on.catalog.databases.keys()]).toEqual(['d3', 'd1', 'd2']);
  expect(on.catalog.sessions[0]!.answers.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test('C24: what the proposer has is forgotten; the same number comes too late then', () => {
  const on = new AppliedLog();
  const say = (seq: number, ackedSeq: number): string => {
    const { result } = on.apply(create(`d${seq}`), { session: on.session, seq, ackedSeq });
    return result.kind === 'applied' ? 'ok' : result.reason;
  };
  for (const seq of [1, 2, 3]) say(seq, 0);
  expect(say(5, 2)).toBe('ok');
  expect(on.catalog.sessions[0]).toMatchObject({ ackedSeq: 2, answers: [{ seq: 3 }, { seq: 5 }] });
  expect(say(2, 0)).toBe('alreadyAnswered');
  expect(say(3, 0)).toBe('ok');
  expect(say(4, 99)).toBe('ok'); // nobody has the answer that he asks for
  expect(on.catalog.sessions[0]).toMatchObject({ ackedSeq: 3, answers: [{ seq: 4 }, { seq: 5 }] });
  expect(on.catalog.databases.size).toBe(5);
});

test('C25: a session with too many answers takes no more, remembers nothing of that, and goes on later', () => {
  const on = new AppliedLog();
  const say = (seq: number, ackedSeq: number): string => {
    const { result } = on.apply({ kind: 'dropDatabase', name: 'a' }, { session: on.session, seq, ackedSeq });
    return result.kind === 'applied' ? 'ok' : result.reason;
  };
  for (let seq = 1; seq <= LIMITS.sessionAnswerCountMax; seq += 1) say(seq, 0);
  expect(say(2_000, 0)).toBe('sessionFull');
  expect(say(1, 0)).toBe('ok');
  expect(say(2_000, 1)).toBe('ok');
  expect(on.catalog.sessions[0]!.answers).toHaveLength(LIMITS.sessionAnswerCountMax);
});

test('X: a session expires by log time, at the same entry on every peer, and an expired one is refused and never run', () => {
  const on = new AppliedLog();
  on.run(create('a'));
  const origin = { session: on.session, seq: 2, ackedSeq: 0 };
  on.apply(create('b'), origin);
  const peer = new AppliedLog(decodeCatalog(encodeCatalog(on.catalog)));
  for (const each of [on, peer]) {
    each.nowMs = 1_000 + LIMITS.sessionExpiryMs;
    expect(each.apply(create('b'), origin).isRepeated).toBe(true); // just in time; a repetition is no use
    each.nowMs += 1;
    for (const seq of [2, 3]) {
      const { result } = each.apply(create('c'), { ...origin, seq });
      expect(result).toMatchObject({ kind: 'rejected', reason: 'sessionExpired' });
    }
    expect([...each.catalog.databases.keys()]).toEqual(['a', 'b']);
  }
  on.nowMs = 1_001; // a leader whose clock is behind brings nothing back
  expect(on.apply(create('c'), origin).result).toMatchObject({ reason: 'sessionExpired' });
});

test('C22: a session that is used lives on; the first to open makes room for others, and ids are never given twice', () => {
  const on = new AppliedLog();
  const sessions = Array.from({ length: LIMITS.sessionCountMax - 1 }, () => on.open());
  on.nowMs += 1;
  on.run(create('a'));
  const late = on.open(); // of those not used since, the first goes
  expect(on.catalog.sessions).toHaveLength(LIMITS.sessionCountMax);
  expect(on.run(create('b')).kind).toBe('applied');
  expect(on.apply(create('c'), { session: sessions[0]!, seq: 1, ackedSeq: 0 }).result).toMatchObject({ reason: 'sessionExpired' });
  expect(on.apply(create('c'), { session: sessions[1]!, seq: 1, ackedSeq: 0 }).result.kind).toBe('applied');
  on.nowMs += LIMITS.sessionExpiryMs + 1;
  const last = on.open();
  expect(on.catalog.sessions.map(({ id }) => id)).toEqual([last]);
  expect(new Set([...sessions, late, last, on.session]).size).toBe(LIMITS.sessionCountMax + 2);
});

test('C20: without a session nothing is run; a session that nobody opened is like an expired one', () => {
  const on = new AppliedLog();
  for (const session of [0, 99, 2 ** 50])
    expect(on.apply(create('a'), { session, seq: 1, ackedSeq: 0 }).result).toMatchObject({ reason: 'sessionExpired' });
  expect(on.catalog.databases.size).toBe(0);
});

test('C33: requests of a log of 0.1.0 are applied once by their ids, as many as it remembered, until a session is opened', () => {
  const on = new AppliedLog();
  const first = on.apply(open, { requestId: 'c/1' });
  expect(on.apply(open, { requestId: 'c/1' })).toEqual({ ...first, isRepeated: true });
  for (let number = 0; number < LIMITS.earlierRequestCountMax; number += 1) on.apply({ kind: 'dropDatabase', name: 'x' }, { requestId: `d/${number}` });
  expect(on.catalog.earlierRequests.size).toBe(LIMITS.earlierRequestCountMax);
  expect(on.apply(open, { requestId: 'c/1' }).result).toMatchObject({ id: 2 }); // forgotten then, as it was
  on.open();
  expect(on.catalog.earlierRequests.size).toBe(0);
});
