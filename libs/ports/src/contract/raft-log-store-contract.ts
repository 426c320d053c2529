import { expect } from 'vitest';
import { EMPTY_MEMBERSHIP, type RaftIdentity, type RaftLogStore, type StoredEntry } from '../raft-log-store.ts';
import { bytesOf, contractTest, forgetOutcome, textOf, type Drive } from './contract-test.ts';

/** What happens to a log on a disk while no process has it open. */
export type RaftLogFault =
  | { readonly kind: 'rotEntry'; readonly index: number }
  | { readonly kind: 'loseEntriesAfter'; readonly index: number }
  | { readonly kind: 'rotHardState' };

/** A log store as a test holds it: what it left behind may be damaged before it is opened again. */
export interface OpenedRaftLog {
  readonly port: RaftLogStore;
  crash(fault?: RaftLogFault): Promise<OpenedRaftLog>;
  reopen(): Promise<OpenedRaftLog>;
}

const WHO = { clusterId: 'contract', peerId: 2, newDiskId: 'a1'.repeat(16) };
const OTHER_DISK = 'b2'.repeat(16);
const MEMBERSHIP = { voters: [1, 2, 3], outgoing: [2], learners: [4], greatestId: 7 };
const NEVER_VOTED = { term: 0, votedFor: 0, commitIndex: 0 };

const entry = (index: number, term = 1, text = `${term}:${index}`): StoredEntry => ({
  index,
  term,
  kind: 1,
  payload: bytesOf(text),
});
const entries = (first: number, last: number, term = 1): StoredEntry[] =>
  Array.from({ length: last - first + 1 }, (_, offset) => entry(first + offset, term));

/** The stored log as text, such as `2>3:3 3:4`: compacted through 2, then entries as term:index. */
const logText = async (store: RaftLogStore): Promise<string> => {
  const { compactedIndex, entries: stored } = await store.load();
  for (const { index, term, payload } of stored) expect(textOf(payload)).toBe(`${term}:${index}`);
  return `${compactedIndex}>${stored.map(({ index, term }) => `${term}:${index}`).join(' ')}`;
};

/** A log that knows whose it is; opened again, it is told again. */
interface BegunRaftLog {
  readonly port: RaftLogStore;
  readonly identity: RaftIdentity;
  crash(): Promise<BegunRaftLog>;
  reopen(): Promise<BegunRaftLog>;
  /** As `crash`, but nothing has begun then. */
  damaged(fault?: RaftLogFault): Promise<OpenedRaftLog>;
}

/** As its caller opens it: whoever it is begins. */
async function begun({ port, crash, reopen }: OpenedRaftLog): Promise<BegunRaftLog> {
  const { identity } = await port.begin(WHO);
  return { port, identity, crash: async () => begun(await crash()), reopen: async () => begun(await reopen()), damaged: crash };
}

/** What every {@link RaftLogStore} must keep, real or simulated. */
export function raftLogStoreContract(name: string, openBlank: () => Promise<OpenedRaftLog>, drive?: Drive): void {
  const check = contractTest(name, drive);
  const open = async () => begun(await openBlank());

  check('a new log is empty and has never voted', async () => {
    const { port: store } = await open();
    expect(await store.load()).toEqual({ hardState: NEVER_VOTED, entries: [], compactedIndex: 0, compactedTerm: 0, membership: EMPTY_MEMBERSHIP });
  });

  check('a blank disk takes the identity that it is given, keeps it, and counts its starts', async () => {
    const first = await open();
    expect(first.identity).toEqual({ clusterId: 'contract', peerId: 2, diskId: WHO.newDiskId, boot: 1 });
    const second = await first.damaged();
    await second.port.begin({ ...WHO, newDiskId: OTHER_DISK });
    const { identity } = await begun(await second.reopen());
    expect(identity).toEqual({ ...first.identity, boot: 3 });
  });

  check('a disk of another cluster or peer is refused and not touched', async () => {
    const opened = await openBlank();
    await opened.port.begin(WHO);
    await opened.port.persist({ term: 4, votedFor: 1, commitIndex: 0 }, entries(1, 3));
    const wrongPeer = await opened.crash();
    await expect(wrongPeer.port.begin({ ...WHO, peerId: 3 })).rejects.toMatchObject({
      code: 'META_IDENTITY',
      message: expect.stringMatching(/belongs to meta peer 2 of cluster "contract", not to meta peer 3 of cluster "contract"/) as string,
    });
    const wrongCluster = await wrongPeer.crash();
    await expect(wrongCluster.port.begin({ ...WHO, clusterId: 'other' })).rejects.toMatchObject({ code: 'META_IDENTITY' });
    const right = await begun(await wrongCluster.crash());
    expect(right.identity.boot).toBe(2);
    expect(await logText(right.port)).toBe('0>1:1 1:2 1:3');
  });

  check('of another peer the greatest start of its newest disk is remembered', async () => {
    const { port: store, crash } = await openBlank();
    expect(await store.begin(WHO)).toMatchObject({ known: [] });
    await store.remember({ peerId: 3, diskId: OTHER_DISK, boot: 5 });
    await store.remember({ peerId: 1, diskId: WHO.newDiskId, boot: 2 });
    await store.remember({ peerId: 3, diskId: OTHER_DISK, boot: 4 }); // older: changes nothing
    const again = await crash();
    expect((await again.port.begin(WHO)).known).toEqual([
      { peerId: 1, diskId: WHO.newDiskId, boot: 2 },
      { peerId: 3, diskId: OTHER_DISK, boot: 5 },
    ]);
    await again.port.remember({ peerId: 3, diskId: WHO.newDiskId, boot: 1 });
    expect((await (await again.crash()).port.begin(WHO)).known.at(-1)).toEqual({ peerId: 3, diskId: WHO.newDiskId, boot: 1 });
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
    await store.persist({ term: 1, votedFor: 2, commitIndex: 0 }, entries(1, 5));
    await store.persist({ term: 2, votedFor: 2, commitIndex: 2 }, entries(3, 3, 2));
    expect(await logText(store)).toBe('0>1:1 1:2 2:3');
    const { port: again, crash: crashAgain } = await crash();
    expect(await logText(again)).toBe('0>1:1 1:2 2:3');
    await again.persist({ term: 3, votedFor: 2, commitIndex: 2 }, entries(1, 2, 3));
    await again.persist(undefined, entries(3, 4, 3));
    expect(await logText((await crashAgain()).port)).toBe('0>3:1 3:2 3:3 3:4');
  });

  check('calls take effect in their order', async () => {
    const { port: store, crash } = await open();
    await Promise.all([
      store.persist({ term: 1, votedFor: 1, commitIndex: 0 }, entries(1, 3)),
      store.persist({ term: 2, votedFor: 1, commitIndex: 0 }, entries(2, 2, 2)),
      store.persist(undefined, entries(3, 4, 2)),
      store.compact(1, 1, MEMBERSHIP),
      store.persist({ term: 3, votedFor: 1, commitIndex: 1 }, entries(5, 5, 3)),
    ]);
    const { port: again } = await crash();
    expect(await logText(again)).toBe('1>2:2 2:3 2:4 3:5');
    expect((await again.load()).hardState.term).toBe(3);
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
    await store.persist({ term: 1, votedFor: 1, commitIndex: 3 }, entries(1, 5));
    await store.compact(3, 1, MEMBERSHIP);
    await store.compact(2, 1, EMPTY_MEMBERSHIP); // older: changes nothing
    await store.persist(undefined, entries(6, 6));
    const { port: again } = await crash();
    expect(await logText(again)).toBe('3>1:4 1:5 1:6');
    expect(await again.load()).toMatchObject({ compactedTerm: 1, membership: MEMBERSHIP });
  });

  check('a snapshot from elsewhere may lie beyond the log', async () => {
    const { port: store, crash } = await open();
    await store.persist({ term: 4, votedFor: 0, commitIndex: 0 }, entries(1, 2));
    await store.compact(10, 4, MEMBERSHIP);
    await store.persist(undefined, entries(11, 11, 4));
    const { port: again } = await crash();
    expect(await logText(again)).toBe('10>4:11');
    expect(await again.load()).toMatchObject({ compactedTerm: 4, membership: MEMBERSHIP });
  });

  check('entries above a snapshot stay only if they follow its last entry', async () => {
    const { port: store, crash } = await open();
    await store.persist({ term: 2, votedFor: 0, commitIndex: 0 }, entries(1, 5));
    await store.compact(3, 2, MEMBERSHIP);
    await store.persist(undefined, entries(4, 4, 2));
    expect(await logText((await crash()).port)).toBe('3>2:4');
  });

  check('P07: an entry that is damaged is cut off with all that follow, and said until it is healed', async () => {
    const { port: store, damaged } = await open();
    await store.persist({ term: 3, votedFor: 3, commitIndex: 5 }, [...entries(1, 3), ...entries(4, 6, 3)]);
    await store.compact(1, 1, MEMBERSHIP);
    const found = await begun(await damaged({ kind: 'rotEntry', index: 4 }));
    const damage = { lastIndex: 6, term: 3 };
    expect(await logText(found.port)).toBe('1>1:2 1:3');
    expect(await found.port.load()).toMatchObject({ damage, hardState: { term: 3, votedFor: 3, commitIndex: 1 }, membership: MEMBERSHIP });

    await found.port.persist({ term: 4, votedFor: 0, commitIndex: 4 }, entries(4, 5, 4));
    const { port: again, crash } = await found.crash();
    expect(await again.load()).toMatchObject({ damage, hardState: { term: 4, commitIndex: 4 } });
    await again.recovered();
    const { port: healed } = await crash();
    expect((await healed.load()).damage).toBeUndefined();
    expect(await logText(healed)).toBe('1>1:2 1:3 4:4 4:5');
  });

  check('P07: a tail that was acknowledged and is missing is damage as well', async () => {
    const { port: store, damaged } = await open();
    await store.persist({ term: 2, votedFor: 3, commitIndex: 0 }, entries(1, 5, 2));
    const found = await begun(await damaged({ kind: 'loseEntriesAfter', index: 3 }));
    expect(await logText(found.port)).toBe('0>2:1 2:2 2:3');
    expect((await found.port.load()).damage).toEqual({ lastIndex: 5, term: 2 });
    const worse = await begun(await found.damaged({ kind: 'rotEntry', index: 1 }));
    expect(await logText(worse.port)).toBe('0>');
    expect((await worse.port.load()).damage).toEqual({ lastIndex: 5, term: 2 });
  });

  check('P10: a damaged hard state is never begun with', async () => {
    const { port: store, damaged } = await open();
    await store.persist({ term: 3, votedFor: 3, commitIndex: 0 }, entries(1, 2));
    const found = await damaged({ kind: 'rotHardState' });
    await expect(found.port.begin(WHO)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    const again = await found.crash();
    await expect(again.port.begin(WHO)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
  });

  check('a closed store refuses; opened again, everything is there', async () => {
    const { port: store, reopen } = await open();
    const call = store.persist({ term: 1, votedFor: 1, commitIndex: 0 }, entries(1, 1));
    const { port: again } = await reopen();
    await call;
    expect(await logText(again)).toBe('0>1:1');
    await expect(store.persist(undefined, entries(2, 2))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(store.load()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
