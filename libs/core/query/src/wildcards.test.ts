import { expect, test } from 'vitest';
import { answerOf } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

test('beside a pattern in GROUP BY no tag is a column, as beside a star', async () => {
  const points = parseTestLines('m,host=a,rack=r f=1 1');
  for (const pattern of ['/host/', '/nope/', '*', 'host, /nope/']) expect((await answerOf(`SELECT * FROM m GROUP BY ${pattern}`, points)).series![0]!.columns).toEqual(['time', 'f']);
  expect((await answerOf('SELECT * FROM m GROUP BY host', points)).series![0]!.columns).toEqual(['time', 'f', 'rack']);
});
