import { expect } from 'vitest';
import type { HintStore, NewHint } from '../hint-store.ts';
import { bytesOf, contractTest, forgetOutcome, textOf, type Drive, type OpenPort } from './contract-test.ts';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const hint = (number: number, parts: Partial<NewHint> = {}): NewHint => ({
  owner: 2,
  shard: 7,
  incarnation: 3,
  number,
  traceParent: number % 2 === 0 ? undefined : TRACE,
  frame: bytesOf(`frame ${number}`),
  ...parts,
});
/** What is stored, as text: owner/shard/incarnation/number of each hint with its frame. */
const hintTexts = async (store: HintStore): Promise<string[]> => {
  const { hints } = await store.load();
  const frames = await store.readFrames(hints.map(({ hintId }) => hintId));
  return hints.map(({ owner, shard, incarnation, number }, at) => `${owner}/${shard}/${incarnation}/${number} ${textOf(frames[at])}`);
};

/** What every {@link HintStore} must keep, real or simulated. */
export function hintStoreContract(name: string, open: OpenPort<HintStore>, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a new store is empty', async () => {
    const { port: store } = await open();
    expect(await store.load()).toEqual({ hints: [], marks: [], damagedCount: 0 });
    expect(await store.readFrames([1])).toEqual([undefined]);
  });

  check('hints are there with all they had, at once and after a crash', async () => {
    const { port: store, crash } = await open();
    const ids = await store.append([hint(1), hint(2, { owner: 4, shard: 9 })]);
    expect(ids).toHaveLength(2);
    const verify = async (opened: HintStore): Promise<void> => {
      expect((await opened.load()).hints).toEqual([
        { hintId: ids[0], owner: 2, shard: 7, incarnation: 3, number: 1, traceParent: TRACE, sizeBytes: 7 },
        { hintId: ids[1], owner: 4, shard: 9, incarnation: 3, number: 2, traceParent: undefined, sizeBytes: 7 },
      ]);
      expect((await opened.readFrames([ids[1]!, ids[0]!])).map(textOf)).toEqual(['frame 2', 'frame 1']);
    };
    await verify(store);
    await verify((await crash()).port);
  });

  check('the same hint may come twice, and each is one of its own', async () => {
    const { port: store } = await open();
    const ids = [...(await store.append([hint(1)])), ...(await store.append([hint(1)]))];
    expect(new Set(ids).size).toBe(2);
    await store.replace([ids[0]!], []);
    expect(await hintTexts(store)).toEqual(['2/7/3/1 frame 1']);
  });

  check('an id is never given again, though everything was removed and the store restarted', async () => {
    const { port: store, crash } = await open();
    const before = await store.append([hint(1), hint(2)]);
    await store.replace(before, []);
    const { port: again } = await crash();
    const [after] = await again.append([hint(3)]);
    expect(after).toBeGreaterThan(Math.max(...before));
  });

  check('H3: hints go and marks come in one step', async () => {
    const { port: store, crash } = await open();
    const ids = await store.append([hint(1), hint(2), hint(3)]);
    await store.replace([ids[1]!, 999], [{ owner: 2, shard: 7 }]);
    await store.replace([], [{ owner: 2, shard: 7 }, { owner: 5, shard: 1 }]);
    const { port: again } = await crash();
    expect(await hintTexts(again)).toEqual(['2/7/3/1 frame 1', '2/7/3/3 frame 3']);
    expect((await again.load()).marks).toEqual([{ owner: 2, shard: 7 }, { owner: 5, shard: 1 }]);
    await again.clearMarks([{ owner: 2, shard: 7 }, { owner: 9, shard: 9 }]);
    expect((await again.load()).marks).toEqual([{ owner: 5, shard: 1 }]);
  });

  check('H3: a replacement under way at a crash has happened wholly or not at all', async () => {
    const { port: store, crash } = await open();
    const ids = await store.append([hint(1), hint(2)]);
    forgetOutcome([store.replace(ids, [{ owner: 2, shard: 7 }])]);
    const { port: again } = await crash();
    const { hints, marks } = await again.load();
    expect([2, 0]).toContain(hints.length);
    expect(marks).toHaveLength(hints.length === 0 ? 1 : 0);
  });

  check('an append under way at a crash is there wholly or not at all', async () => {
    const { port: store, crash } = await open();
    await store.append([hint(1)]);
    forgetOutcome([store.append([hint(2), hint(3), hint(4)])]);
    const { hints } = await (await crash()).port.load();
    expect([1, 4]).toContain(hints.length);
  });

  check('the caller keeps the bytes it handed in', async () => {
    const { port: store } = await open();
    const buffer = bytesOf('__frame 1__');
    const frame = buffer.subarray(2, 9);
    await store.append([hint(1, { frame })]);
    expect(textOf(frame)).toBe('frame 1');
    buffer.fill(0);
    expect(await hintTexts(store)).toEqual(['2/7/3/1 frame 1']);
  });

  check('a closed store refuses; opened again, everything is there', async () => {
    const { port: store, reopen } = await open();
    const call = store.append([hint(1)]);
    const { port: again } = await reopen();
    await call;
    expect(await hintTexts(again)).toEqual(['2/7/3/1 frame 1']);
    await expect(store.append([hint(2)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(store.load()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
