import { expect, test } from 'vitest';
import { answerOf } from '../testing/memory-engine.ts';
import { parseTestLines } from '../testing/test-lines.ts';

test('QC6: a spread is exact where one end is no float64', async () => {
  const points = parseTestLines('m i=9007199254740993i 1\nm i=7i 2');
  expect((await answerOf('SELECT spread(i) FROM m', points)).series![0]!.values).toEqual([[0n, 9007199254740986]]);
});
