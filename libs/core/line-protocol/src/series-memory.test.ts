import { expect, test } from 'vitest';
import { parseLines } from './parse-lines.ts';
import { SeriesMemory } from './series-memory.ts';

const OPTIONS = { precision: 'n', nowNs: 0n } as const;
const bodyOf = (first: number, count: number): Uint8Array =>
  Buffer.from(Array.from({ length: count }, (_, index) => `m,b=${first + index},a=x v=${index} ${index}\n`).join(''));

test('M1: a memory changes no result, whatever it has seen before', () => {
  const memory = new SeriesMemory();
  for (const first of [0, 50, 0, 25, 99]) {
    const body = bodyOf(first, 100);
    expect(parseLines(body, OPTIONS, memory)).toEqual(parseLines(body, OPTIONS));
  }
});

test('M2: a full memory learns nothing more and is emptied before the next batch', () => {
  const memory = new SeriesMemory(10_000);
  const body = bodyOf(0, 1_000);
  for (let round = 0; round < 3; round += 1) {
    const { batch } = parseLines(body, OPTIONS, memory);
    expect(new Set(batch.series.map(({ key }) => key)).size).toBe(1_000);
    expect(batch.series).toHaveLength(1_000);
    expect(memory.seriesCount).toBeLessThan(60);
  }
});

test('M3: a series that was sent in two forms has one identity, also when the memory is full', () => {
  for (const sizeBytesMax of [0, 400, 1_000_000]) {
    const body = Buffer.from('m,a=1,b=2 v=1 1\nm,b=2,a=1 v=2 2\nm,b=2,a=1 v="\\"" 3\nn v=1 1\nm,b=2,a=1 v=2 2\n');
    const { batch } = parseLines(body, OPTIONS, new SeriesMemory(sizeBytesMax));
    expect(batch.series.map(({ key }) => key)).toEqual(['m,a=1,b=2', 'n']);
    expect([...batch.tables[0]!.seriesIndexes]).toEqual([0, 0, 0, 0]);
  }
});

test('M4: a key that only begins like a known one is another series', () => {
  const memory = new SeriesMemory();
  const keysOf = (body: string): string[] =>
    parseLines(Buffer.from(body), OPTIONS, memory).batch.series.map(({ key }) => key);
  expect(keysOf('m,a=1 v=1 1\nm,a=12 v=1 1\nm,a=1,b=2 v=1 1\n')).toEqual(['m,a=1', 'm,a=12', 'm,a=1,b=2']);
  expect(keysOf('m,a=12 v=1 1\nm,a=1\\ x v=1 1\nm,a=1 v=1 1\n')).toEqual(['m,a=12', 'm,a=1\\ x', 'm,a=1']);
});
