import { expect, test } from 'vitest';
import { ItemByItem } from './item-by-item.ts';

test('items come one by one, in their order, and nothing is asked for before it is needed', async () => {
  let arrivalCount = 0;
  const items = new ItemByItem(
    (async function* () {
      for (const arrival of [[], [1, 2], [], [3]]) {
        arrivalCount += 1;
        yield arrival;
      }
    })(),
  );
  expect(arrivalCount).toBe(0);
  expect([await items.next(), await items.next(), arrivalCount]).toEqual([{ value: 1 }, { value: 2 }, 2]);
  expect([await items.next(), await items.next(), await items.next()]).toEqual([{ value: 3 }, { done: true, value: undefined }, { done: true, value: undefined }]);
});

test('a failure comes behind what came before it', async () => {
  const seen: number[] = [];
  const items = new ItemByItem(
    (async function* () {
      yield [1, 2];
      throw new Error('over');
    })(),
  );
  await expect(async () => {
    for await (const item of items) seen.push(item);
  }).rejects.toThrow('over');
  expect(seen).toEqual([1, 2]);
});

test('who stops to read ends what is behind it, and gets no more', async () => {
  let isClosed = false;
  const items = new ItemByItem(
    (async function* () {
      try {
        yield [1, 2, 3];
      } finally {
        isClosed = true;
      }
    })(),
  );
  for await (const _item of items) break;
  expect([isClosed, await items.next()]).toEqual([true, { done: true, value: undefined }]);
});
