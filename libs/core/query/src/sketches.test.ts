import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cell } from '@varve/model';
import { FUNCTIONS } from './functions/function-table.ts';
import type { FunctionOptions } from './functions/function-definition.ts';
import type { Run } from './functions/run.ts';
import { HllSketch } from './sketch/hll-sketch.ts';
import { parseSketch, sketchCount, sketchText } from './sketch/sketch-text.ts';
import { answerOf } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

/** The value with a number, as it is hashed. */
function valueOf(type: string, index: number): DataView {
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'float') view.setFloat64(0, index * 0.5);
  else if (type === 'integer') view.setBigInt64(0, BigInt(index - 3));
  else if (type === 'boolean') return new DataView(Uint8Array.of(index % 2 === 0 ? 1 : 0).buffer);
  else return new DataView(new TextEncoder().encode(`é${index}`.repeat(index % 9)).buffer);
  return view;
}

// Texts and counts of these values are those of InfluxDB 1.12's own sketches; long texts by their CRC-32.
test('HL1: sketches are those of InfluxDB to the byte, sparse and dense', () => {
  const check = (type: string, valueCount: number, expected: readonly [count: number, crc: string]): void => {
    const sketch = new HllSketch();
    for (let index = 0; index < valueCount; index += 1) sketch.add(valueOf(type, index));
    const text = sketchText(sketch);
    expect([sketch.count(), crc32(text).toString(16)], `${type} ${valueCount}`).toEqual(expected);
    expect(crc32(sketchText(parseSketch(text)))).toBe(crc32(text));
  };

  check('float', 2, [2, 'c940f874']);
  check('float', 700, [700, 'ded2c738']);
  check('float', 30_000, [29_999, 'b7a15cd2']);
  check('float', 100_000, [100_426, '184c0996']);
  check('integer', 2, [2, '839f25d4']);
  check('integer', 30_000, [29_996, '730f2851']);
  check('integer', 100_000, [99_899, 'b27739f9']);
  check('string', 2, [2, '23c9f3e3']);
  check('string', 700, [623, 'dd325c36']);
  check('string', 100_000, [88_835, '686701d6']);
  check('boolean', 2, [2, '6f1f6a47']);
});

test('HL1: a merged sketch is that of all values, whatever form the parts had', () => {
  const sketchOf = (from: number, to: number): HllSketch => {
    const sketch = new HllSketch();
    for (let index = from; index < to; index += 1) sketch.add(valueOf('integer', index));
    return sketch;
  };
  const check = (firstEnd: number, secondStart: number, end: number): void => {
    const merged = sketchOf(0, firstEnd);
    expect(merged.merge(sketchOf(secondStart, end))).toBe(undefined);
    expect(crc32(sketchText(merged))).toBe(crc32(sketchText(sketchOf(0, Math.max(firstEnd, end)))));
  };

  check(0, 0, 10);
  check(100, 50, 200);
  check(20_000, 19_000, 50_000);
  check(10, 5, 100_000);
  check(100_000, 0, 100);
  check(70_000, 60_000, 150_000);
});

test('any text is a sketch or says why it is none', () => {
  const sketch = (bytes: readonly number[]): string => `HLL_${btoa(String.fromCharCode(...bytes))}`;
  const check = (text: string, expected: string | undefined): void => {
    expect(parseSketch(text), text.slice(0, 50)).toBe(expected);
    expect(sketchCount(text)).toBe(0);
  };

  check('HLL_', undefined);
  check('', 'Bad prefix for hll.Plus');
  check('HLERROR', 'Bad prefix for hll.Plus');
  check('HLLERROR of before', 'of before');
  check('HLL_A', 'illegal base64 data in hll.Plus');
  check('HLL_*AAA', 'illegal base64 data in hll.Plus');
  check(sketch([2, 16, 1]), 'provided buffer too short for initializing HLL sketch');
  check(sketch([2, 3, 1, ...new Array<number>(20).fill(0)]), 'precision must be between 4 and 18');
  check(sketch([2, 16, 1, 255, ...new Array<number>(20).fill(0)]), 'damaged HLL sketch');
  check(sketch([2, 16, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 5]), 'damaged HLL sketch');
  check(sketch([2, 16, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1, 133]), 'damaged HLL sketch');
  check(sketch([2, 4, 0, 0, 0, 0, 17, ...new Array<number>(17).fill(0)]), 'damaged HLL sketch');
  check(sketch([2, 4, 0, 0, 0, 0, 16, ...new Array<number>(16).fill(65)]), 'damaged HLL sketch');
});

test('no bytes are too odd to be read, merged and counted', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 4, max: 18 }), (bytes, precision) => {
      const sketch = HllSketch.fromBytes(Uint8Array.from([2, precision, 1, 0, 0, 0, ...bytes]));
      if (typeof sketch === 'string') return;
      expect(sketch.merge(new HllSketch(precision))).toBe(undefined);
      expect(sketch.count()).toBeGreaterThanOrEqual(0);
      expect(sketch.merge(new HllSketch(precision === 4 ? 5 : 4))).toBe('precisions must be equal');
    }),
  );
});

const LINES = ['m,h=a f=1,i=1i,s="x",b=true 10', 'm,h=b f=2,i=1i,s="y" 20', 'm,h=a f=2,i=2i 30', 'm,h=b f=4,b=true 70', 'm,h=c s="x",b=false 71'];

async function rowsOf(query: string, lines: readonly string[] = LINES): Promise<readonly (readonly Cell[])[] | string> {
  const answers = [undefined, { windowNs: 25n, sliceCount: 3 }].map(async (sharding) => {
    const { series, error } = await answerOf(query, parseTestLines(lines.join('\n')), { nowNs: 100n, ...(sharding && { sharding }) });
    return error ?? (series ?? []).flatMap(({ values }) => values.map(([time, ...cells]) => [Number(time), ...cells]));
  });
  const [one, many] = await Promise.all(answers);
  expect(many).toEqual(one);
  return one!;
}

test('QC1: count_hll(sum_hll()) counts different values, of all types', async () => {
  expect(await rowsOf('SELECT count_hll(sum_hll(f)), count_hll(sum_hll(i)), count_hll(sum_hll(s)), count_hll(sum_hll(b)) FROM m')).toEqual([[0, 3, 2, 2, 2]]);
  expect(await rowsOf('SELECT count_hll(sum_hll(f)) * 2 FROM m GROUP BY h')).toEqual([[0, 4], [0, 4]]);
  expect(await rowsOf("SELECT sum_hll(b) FROM m WHERE h != 'c'")).toEqual([[0, BOOLEAN_TEXT]]);
});

/** One value: true. */
const BOOLEAN_TEXT = 'HLL_AhABAAAAAAAAAAECKQSeAAAABJ6JpBE=';

async function textOf(field: string, endNs: number): Promise<Cell> {
  const rows = await rowsOf(`SELECT sum_hll(${field}) FROM m WHERE time < ${endNs}`);
  return rows[0]![1] as Cell;
}

test('an empty window is no row for count_hll(), unless something else has one', async () => {
  const windows = 'FROM m WHERE time >= 0 AND time < 90 GROUP BY time(30ns)';

  expect(await rowsOf(`SELECT count_hll(sum_hll(f)) ${windows}`)).toEqual([[0, 2], [30, 1], [60, 1]]);
  expect(await rowsOf(`SELECT count_hll(sum_hll(s)) ${windows}`)).toEqual([[0, 2], [60, 1]]);
  expect(await rowsOf(`SELECT count_hll(sum_hll(s)), sum(f) ${windows}`)).toEqual([[0, 2, 3], [30, null, 2], [60, 1, 4]]);
  expect(await rowsOf(`SELECT count_hll(sum_hll(s)) ${windows} fill(previous)`)).toEqual([[0, 2], [30, 2], [60, 1]]);
});

test('sketches that were stored are merged and counted', async () => {
  const [first, second] = [await textOf('f', 25), await textOf('f', 80)];
  const lines = [`k,h=a x="${String(first)}" 1`, `k,h=b x="${String(second)}" 2`, 'k,h=c x="HLL_" 3'];

  expect(await rowsOf('SELECT count_hll(x), h FROM k', lines)).toBe('mixing aggregate and non-aggregate queries is not supported');
  expect(await rowsOf('SELECT count_hll(x) FROM k', lines)).toEqual([[1, 2], [2, 3], [3, 0]]);
  expect(await rowsOf('SELECT count_hll(*) FROM k', lines)).toEqual([[1, 2], [2, 3], [3, 0]]);
  expect(await rowsOf('SELECT count_hll(merge_hll(x)), count_hll(last(x)) FROM k', lines)).toEqual([[0, 3, 0]]);
  expect(await rowsOf('SELECT merge_hll(x) FROM k', lines)).toEqual([[0, second]]);
  expect(await rowsOf("SELECT merge_hll(x) FROM k WHERE h = 'c'", lines)).toEqual([[0, 'HLL_']]);
  expect(await rowsOf('SELECT merge_hll(x), count_hll(merge_hll(x)) FROM k', [...lines, 'k,h=d x="no" 4', 'k,h=e x="HLL_%" 5'])).toEqual([[0, 'HLLERROR Bad prefix for hll.Plus', 0]]);
});

test('functions of sketches refuse what they cannot take', async () => {
  expect(await rowsOf('SELECT merge_hll(f) FROM m')).toBe('unsupported merge_hll iterator type: *query.floatInterruptIterator');
  expect(await rowsOf('SELECT count_hll(mean(f)) FROM m')).toBe('unsupported count_hll iterator type: *query.floatInterruptIterator');
  expect(await rowsOf('SELECT count_hll(sum_hll(f), 2) FROM m')).toBe('invalid number of arguments for count_hll, expected 1, got 2');
  expect(await rowsOf('SELECT sum_hll(mean(f)) FROM m')).toBe('expected field argument in sum_hll()');
  expect(await rowsOf('SELECT sum_hll() FROM m')).toBe('invalid number of arguments for sum_hll, expected 1, got 0');
  expect(await rowsOf('SELECT sum_hll(f), h FROM m')).toBe('mixing aggregate and non-aggregate queries is not supported');
  expect(await rowsOf('SELECT f FROM m WHERE count_hll(s) > 1')).toBe('invalid function call in condition: count_hll(s)');
});

test('sketches that would take too much are refused', () => {
  const options: FunctionOptions = { type: 'float', parameter: undefined, tags: [], seed: 0, picksLastKey: false, neighbourCount: 0 };
  const state = FUNCTIONS.sum_hll.createPartial(options, 0n);
  const values = Float64Array.from({ length: 60_000 }, (_value, index) => index);
  const run: Run = { vector: { type: 'float', offsetsNs: values, values, rowIndexes: undefined }, start: 0, end: values.length, seriesKey: 'm', neighbours: () => [] };

  expect(() => {
    for (let slot = 0; slot < 100; slot += 1) state.add(slot, run);
  }).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT' }) as Error);
});
