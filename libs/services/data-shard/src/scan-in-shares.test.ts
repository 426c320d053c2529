import type { PlanShare } from '@varve/query';
import { expect, test } from 'vitest';
import { scanInShares, type ShareHands } from './scan-in-shares.ts';

const SHARES = Array.from({ length: 9 }, (_, cost) => ({ cost }) as PlanShare);

/** Somebody else who has up to two shares, and ends the oldest when told to. */
class OtherHands {
  readonly has: { readonly share: number; readonly end: (frames: readonly Uint8Array[] | undefined) => void; readonly fail: (error: Error) => void }[] = [];
  readonly lent: number[] = [];

  lend(share: PlanShare): Promise<readonly Uint8Array[] | undefined> | undefined {
    if (this.has.length >= 2) return undefined;
    this.lent.push(share.cost);
    return new Promise((end, fail) => this.has.push({ share: share.cost, end, fail }));
  }

  endOldest(): void {
    const oldest = this.has.shift();
    oldest?.end([frameOf(oldest.share)]);
  }
}

function frameOf(share: number): Uint8Array {
  return Uint8Array.of(share);
}

/** `onRest`: what others do while this thread rests. */
function handsOf(others: OtherHands, here: number[], onRest: () => void): ShareHands {
  return {
    lend: (share) => others.lend(share),
    async *doHere(share) {
      here.push(share.cost);
      yield frameOf(share.cost);
    },
    rest: async () => onRest(),
    shouldLendFirst: () => false,
  };
}

async function allOf(frames: AsyncIterable<Uint8Array>): Promise<number[]> {
  const shares: number[] = [];
  for await (const [share] of frames) shares.push(share!);
  return shares;
}

test.each([0, 5, 20, 80])('ST1: frames come in order, whoever did the share; nobody does one twice (others take %i steps)', async (stepCount) => {
  const [others, here]: [OtherHands, number[]] = [new OtherHands(), []];
  const lend: ShareHands['lend'] = (share) => {
    const frames = others.lend(share);
    let steps = Promise.resolve();
    for (let step = 0; step < stepCount; step += 1) steps = steps.then(() => undefined);
    if (frames !== undefined) void steps.then(() => others.endOldest());
    return frames;
  };
  const shares = await allOf(scanInShares(SHARES, { ...handsOf(others, here, () => undefined), lend }));
  expect(shares).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...here, ...others.lent].sort((left, right) => left - right)).toEqual(shares);
  expect(Math.min(here.length, others.lent.length)).toBeGreaterThan(0);
});

test('ST5: four shares at most are lent or done ahead of the one that is waited for', async () => {
  const [others, here]: [OtherHands, number[]] = [new OtherHands(), []];
  const frames = scanInShares(SHARES, handsOf(others, here, () => undefined));
  expect((await frames.next()).value).toEqual(frameOf(0));
  const second = frames.next();
  await new Promise((settle) => setImmediate(settle));
  expect([others.lent, here]).toEqual([[1, 2], [0, 3, 4]]); // The others do not get on.
  others.endOldest();
  expect((await second).value).toEqual(frameOf(1));
  await frames.return(undefined);
});

test('ST5: a share that is done ahead and larger than thought is held in part only, and its rest comes in its turn', async () => {
  const [others, frame] = [new OtherHands(), new Uint8Array(1024 * 1024)];
  let madeCount = 0;
  const doHere: ShareHands['doHere'] = async function* ({ cost }) {
    for (let count = 0; count < (cost === 3 ? 100 : 1); count += 1, madeCount += 1) yield frame.fill(cost);
  };
  const frames = scanInShares(SHARES.slice(0, 4), { ...handsOf(others, [], () => undefined), doHere });
  await frames.next();
  const second = frames.next();
  await new Promise((settle) => setImmediate(settle));
  expect(madeCount).toBeLessThan(20);
  while (others.has.length > 0) others.endOldest();
  expect((await second).value).toEqual(frameOf(1));
  expect(await allOf(frames)).toEqual([2, ...Array<number>(100).fill(3)]);
});

test('ST4: what the others give back undone is done here', async () => {
  const [others, here]: [OtherHands, number[]] = [new OtherHands(), []];
  const giveBack = (): void => others.has.shift()?.end(undefined);
  expect(await allOf(scanInShares(SHARES, handsOf(others, here, giveBack)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(here.length).toBe(9);
});

test('ST7: what a share fails with comes behind the frames before it', async () => {
  const [others, here]: [OtherHands, number[]] = [new OtherHands(), []];
  const frames = scanInShares(SHARES, handsOf(others, here, () => others.has.shift()?.fail(new Error('a bug'))));
  expect((await frames.next()).value).toEqual(frameOf(0));
  await expect(frames.next()).rejects.toThrow('a bug');
});

test('ST6: who stops reading waits for nobody, and what is under way may fail unheard', async () => {
  const [others, here]: [OtherHands, number[]] = [new OtherHands(), []];
  const frames = scanInShares(SHARES, handsOf(others, here, () => undefined));
  await frames.next();
  await frames.return(undefined);
  for (const each of others.has) each.fail(new Error('too late'));
  await new Promise((settle) => setImmediate(settle)); // An unhandled rejection would fail the test.
  expect(others.lent).toEqual([1, 2]);
});

test('where nobody else has room, all is done here; when others wait for this thread, the first share is lent too', async () => {
  const here: number[] = [];
  const hands: ShareHands = { ...handsOf(new OtherHands(), here, () => undefined), lend: () => undefined };
  expect(await allOf(scanInShares(SHARES, hands))).toEqual(here);
  const others = new OtherHands();
  const crowded: ShareHands = { ...handsOf(others, [], () => others.endOldest()), shouldLendFirst: () => true };
  await allOf(scanInShares(SHARES, crowded));
  expect(others.lent[0]).toBe(0);
});
