import { expect, test } from 'vitest';
import { QueryRoom } from './query-room.ts';

test.each([
  { concurrentQueryCountMax: 0, earlierCount: 9, elsewhere: 9, askedCount: 0, refusal: undefined },
  { concurrentQueryCountMax: 1, earlierCount: undefined, elsewhere: 9, askedCount: 0, refusal: undefined },
  { concurrentQueryCountMax: 3, earlierCount: 1, elsewhere: 1, askedCount: 1, refusal: undefined },
  { concurrentQueryCountMax: 3, earlierCount: 1, elsewhere: 2, askedCount: 1, refusal: 'max-concurrent-queries limit exceeded(3, 3)' },
  { concurrentQueryCountMax: 3, earlierCount: 0, elsewhere: 7, askedCount: 1, refusal: 'max-concurrent-queries limit exceeded(7, 3)' },
  { concurrentQueryCountMax: 3, earlierCount: 3, elsewhere: 2, askedCount: 0, refusal: 'max-concurrent-queries limit exceeded(3, 3)' },
])('KQ4 KQ5 others are asked only where that decides: $earlierCount here, $elsewhere elsewhere, at most $concurrentQueryCountMax', async ({ concurrentQueryCountMax, earlierCount, elsewhere, askedCount, refusal }) => {
  let count = 0;
  const elsewhereCount = async (): Promise<number> => {
    count += 1;
    return elsewhere;
  };
  expect(await new QueryRoom({ elsewhereCount, concurrentQueryCountMax }).refusalOf({ earlierCount })).toBe(refusal);
  expect(count).toBe(askedCount);
});
