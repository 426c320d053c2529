import { expect, test } from 'vitest';
import { delayTimes, repeatedBatches } from './repeated-batches.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

test('every line of a batch is moved, and nothing but its time', () => {
  const bytes = bytesOf(
    'cpu,host=a value=1767225600000i 1767225600000000000\ncpu,host=b value=9i 1767225699999000000\n',
  );
  delayTimes(bytes, 10_000_001);
  expect(bytes.toString()).toBe(
    'cpu,host=a value=1767225600000i 1767235600001000000\ncpu,host=b value=9i 1767235700000000000\n',
  );
});

test('a round begins where the one before it ended', () => {
  const texts = ['a v=1i 1767225600000000000\n', 'a v=2i 1767225610000000000\n'];
  const batches = {
    rowCount: 2,
    batchCount: 2,
    sizeBytes: 54,
    batch: (index: number) => bytesOf(texts[index]!),
    close: () => undefined,
  };
  const { rowCount, batchCount, batch } = repeatedBatches(batches, { roundCount: 3, roundMs: 20_000 });
  expect({ rowCount, batchCount }).toEqual({ rowCount: 6, batchCount: 6 });
  expect([batch(0), batch(1), batch(2), batch(5)].map(String)).toEqual([
    ...texts,
    'a v=1i 1767225620000000000\n',
    'a v=2i 1767225650000000000\n',
  ]);
});
