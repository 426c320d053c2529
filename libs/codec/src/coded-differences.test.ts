import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { BOOK_COUNT, codeBook } from './code-books.ts';
import { type CodedForm, maybeWriteCoded, readCoded } from './coded-differences.ts';
import { decodeColumn, encodeColumn } from './column.ts';
import type { Order } from './differences.ts';
import { PageReader } from './page-reader.ts';
import { PageWriter } from './page-writer.ts';
import { normal, walk } from './testing/series.ts';

/** Writes by one order and reads back; what the form was, undefined where there was none. */
function roundTrip(
  values: Float64Array,
  order: Order,
  bytesBehind = 0,
): (CodedForm & { sizeBytes: number }) | undefined {
  const writer = new PageWriter();
  let form: CodedForm | undefined;
  const isWritten = maybeWriteCoded(writer, values, {
    orders: [order],
    sizeBytesMax: values.length * 8,
    writeForm: (chosen) => (form = chosen),
  });
  const sizeBytes = writer.at;
  const bytes = writer.raw(new Uint8Array(bytesBehind).fill(255)).finish();
  if (!isWritten || form === undefined) return undefined;
  const reader = new PageReader(bytes);
  const into = new Float64Array(values.length + 1).fill(7);
  readCoded(reader, form, values.length, into);
  expect(into.subarray(0, values.length)).toEqual(values);
  expect(into[values.length]).toBe(7);
  expect(reader.remaining).toBe(bytesBehind);
  return { ...form, sizeBytes };
}

// Methodology: bells of every width, around 0 and elsewhere, of every order, with and without outliers, in lengths around
// the groups of 32, the two lanes from 256 on, the pieces of 4,096 and the least; alone in a buffer and with bytes behind them.
test('C1: differences of every width, center and order come back, outliers too', () => {
  const random = new Prng(11);
  const seen = new Set<string>();
  for (let round = 0; round < 1_500; round += 1) {
    const order = random.pick<Order>([0, 1, 2]);
    const count = random.pick([24, 31, 33, 34, 65, 128, 255, 256, 257, 258, 360, 361, 1_000, 4_097, 4_098, 4_353, 9_000]);
    const [width, center] = [2 ** (random.fraction() * 14 - 2), random.pick([0, 0, 3, -1_000, 123_456])];
    const outlierShare = random.pick([0, 0, 0.01, 0.1]);
    const values = Float64Array.from({ length: count }, () => {
      if (random.chance(outlierShare)) return random.between(-1e9, 1e9);
      return center + Math.round(normal(random) * width);
    });
    for (let sums = 0; sums < order; sums += 1) for (let at = 1; at < count; at += 1) values[at]! += values[at - 1]!;
    const form = roundTrip(values, order, random.pick([0, 1, 100]));
    if (form !== undefined) seen.add(`${order} ${form.hasCenter} ${form.model}`);
  }
  expect(seen.size).toBeGreaterThan(200);
});

// Methodology: as above, but decimals, which are divided on the way where sums fit into 32 bits: near 0, and near to where they do not.
test('C1: decimals of every width come back, from one piece or from more', () => {
  const random = new Prng(12);
  for (let round = 0; round < 400; round += 1) {
    const count = random.pick([24, 33, 255, 256, 360, 4_096, 4_097, 4_098, 9_000]);
    const [width, divisor] = [2 ** (random.fraction() * 14 - 2), random.pick([10, 100, 1e6])];
    let sum = random.pick([0, -5_000, 2 ** 31 - 1_000, 1 - 2 ** 31, 2 ** 30, 2 ** 40]);
    const values = Float64Array.from({ length: count }, () => {
      const step = random.chance(0.002) ? random.between(-1e6, 1e6) : Math.round(normal(random) * width);
      sum = Math.abs(sum + step) > 2 ** 31 && Math.abs(sum) <= 2 ** 31 ? sum - step : sum + step;
      return sum / divisor;
    });
    expect(decodeColumn(encodeColumn({ type: 'float', values }, count), count).values).toEqual(values);
  }
});

test('C3: more coded values than any page has are refused', () => {
  const bytes = encodeColumn({ type: 'integer', values: walk(new Prng(13), 65_536) }, 65_536);
  expect(decodeColumn(bytes, 65_536).values).toHaveLength(65_536);
  expect(() => decodeColumn(bytes, 65_537)).toThrow('65537 coded values');
});

test('C1: outliers so big that adding them last would lose bits are not coded', () => {
  const values = Float64Array.from({ length: 400 }, (_, row) => (row % 3) + (row > 200 ? 2 ** 52 : 0));
  expect(roundTrip(values, 1)).toBeUndefined();
});

test('a page of 360 integers that walk takes at most 0.288 bytes each, and of two decimals 1.13', () => {
  const random = new Prng(3);
  const sizeOf = (type: 'integer' | 'float', parts: number): number => {
    let sizeBytes = 0;
    for (let page = 0; page < 200; page += 1)
      sizeBytes += encodeColumn({ type, values: walk(random, 360, parts) }, 360).length;
    return sizeBytes / 200 / 360;
  };
  expect(sizeOf('integer', 1)).toBeLessThanOrEqual(0.288);
  expect(sizeOf('float', 100)).toBeLessThanOrEqual(1.13);
});

test('the code books change only on purpose: pages on disk were written with them', () => {
  let hash = 0;
  for (let number = 0; number < BOOK_COUNT; number += 1) {
    const { groupSize, radius, lengths } = codeBook(number);
    const room = lengths.reduce((sum, length) => sum + 2 ** -length, 0);
    expect({ number, room, length: Math.max(...lengths) <= 11 }).toEqual({ number, room: 1, length: true });
    for (const part of [groupSize, radius, ...lengths]) hash = (Math.imul(hash, 31) + part) | 0;
  }
  expect({ BOOK_COUNT, hash }).toEqual({ BOOK_COUNT: 20, hash: 1851461663 });
});
