import { expect } from 'vitest';
import type { RaftLogStore, StoredEntry } from '../raft-log-store.ts';
import { bytesOf, contractTest, forgetOutcome, textOf, type Drive, type OpenPort } from './contract-test.ts';

const entry = (index: number, term = 1, text = `${term}:${index}`): StoredEntry => ({
  index,
  term,
  kind: 1,
  payload: bytesOf(text),
});
const entries = (first: number, last: number, term = 1): StoredEntry[] =>
  Array.from({ length: last - first + 1 }, (_, offset) => entry(first + offset, term));
const NEVER_VOTED = { term: 0, votedFor: 0, commitIndex: 0 };

/** The stored log as text, such as `2>3:3 3:4`: compacted through 2, then entries as term:index. */
const logText = async (store: RaftLogStore): Promise<string> => {
  const { compactedIndex, entries: stored } = await store.load();
  for (const { index, term, payload } of stored) expect(textOf(payload)).toBe(`${term}:${index}`);
  return `${compactedIndex}>${stored.map(({ index, term }) => `${term}:${index}`).join(' ')}`;
};

/** What every {@link RaftLogStore} must keep, real or simulated. */
export function raftLogStoreContract(name: string, open: OpenPort<RaftLogStore>, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a new log is empty and has never voted', async () => {
    const { port: store } = await open();
    expect(await store.load()).toEqual({ hardState: NEVER_VOTED, entries: [], compactedIndex: 0, compactedTerm: 0 });
  });

  check('hard state and entries are still there after a crash', async () => {
    const { port: store, crash } = await open();
    const hardState = { term: 7, votedFor: 3, commitIndex: 1 };
    await store.persist(hardState, [entry(1, 6, 'a'), { index: 2, term: 7, kind: 4, payload: new Uint8Array(0) }]);
    const loaded = await (await crash()).port.load();
    expect(loaded.hardState).toEqual(hardState);
    expect(loaded.entries.map(({ payload, ...rest }) => ({ ...rest, text: textOf(payload) }))).toEqual([
      { index: 1, term: 6, kind: 1, text: 'a' },
      { index: 2, term: 7, kind: 4, text: '' },
    ]);
  });

  check('an undefined hard state keeps the stored one, and no entries keep the log', async () => {
    const { port: store, crash } = await open();
    await store.persist({ term: 2, votedFor: 1, commitIndex: 0 }, entries(1, 2));
    await store.persist(undefined, entries(3, 3));
    await store.persist({ term: 3, votedFor: 0, commitIndex: 3 }, []);
    const { port: again } = await crash();
    expect((await again.load()).hardState).toEqual({ term: 3, votedFor: 0, commitIndex: 3 });
    expect(await logText(again)).toBe('0>1:1 1:2 1:3');
  });

  check('entries replace the stored suffix from their first one on', async () => {
    const { port: store, crash } = await open();
    await store.persist(undefined, entries(1, 5));
    await store.persist({ term: 2, votedFor: 2, commitIndex: 2 }, entries(3, 3, 2));
    expect(await logText(store)).toBe('0>1:1 1:2 2:3');
    expect(await logText((await crash()).port)).toBe('0>1:1 1:2 2:3');
  });

  check('calls take effect in their order', async () => {
    const { port: store, crash } = await open();
    await Promise.all([
      store.persist({ term: 1, votedFor: 1, commitIndex: 0 }, entries(1, 3)),
      store.persist({ term: 2, votedFor: 1, commitIndex: 0 }, entries(2, 2, 2)),
      store.persist(undefined, entries(3, 4, 2)),
    ]);
    const { port: again } = await crash();
    expect(await logText(again)).toBe('0>1:1 2:2 2:3 2:4');
    expect((await again.load()).hardState.term).toBe(2);
  });

  check('a call under way at a crash is there wholly or not at all', async () => {
    const { port: store, crash } = await open();
    const calls = [1, 2, 3, 4, 5, 6].map((term) =>
      store.persist({ term, votedFor: term, commitIndex: 0 }, entries(2 * term - 1, 2 * term, term)),
    );
    forgetOutcome(calls);
    await calls[1];
    const { hardState, entries: stored } = await (await crash()).port.load();
    expect(hardState.term).toBeGreaterThanOrEqual(2);
    expect(hardState.votedFor).toBe(hardState.term);
    expect(stored.map(({ index }) => index)).toEqual(
      Array.from({ length: 2 * hardState.term }, (_, index) => index + 1),
    );
  });

  check('compacted entries are gone, and the log goes on behind them', async () => {
    const { port: store, crash } = await open();
    await store.persist(undefined, entries(1, 5));
    await store.compact(3, 1);
    await store.compact(2, 1); // older: changes nothing
    await store.persist(undefined, entries(6, 6));
    const { port: again } = await crash();
    expect(await logText(again)).toBe('3>1:4 1:5 1:6');
    expect((await again.load()).compactedTerm).toBe(1);
  });

  check('a snapshot from elsewhere may lie beyond the log', async () => {
    const { port: store, crash } = await open();
    await store.persist(undefined, entries(1, 2));
    await store.compact(10, 4);
    await store.persist(undefined, entries(11, 11, 4));
    const { port: again } = await crash();
    expect(await logText(again)).toBe('10>4:11');
    expect((await again.load()).compactedTerm).toBe(4);
  });

  check('entries above a snapshot stay only if they follow its last entry', async () => {
    const { port: store, crash } = await open();
    await store.persist(undefined, entries(1, 5));
    await store.compact(3, 2);
    await store.persist(undefined, entries(4, 4, 2));
    expect(await logText((await crash()).port)).toBe('3>2:4');
  });

  check('a closed store refuses; opened again, everything is there', async () => {
    const { port: store, reopen } = await open();
    const call = store.persist(undefined, entries(1, 1));
    const { port: again } = await reopen();
    await call;
    expect(await logText(again)).toBe('0>1:1');
    await expect(store.persist(undefined, entries(2, 2))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(store.load()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
