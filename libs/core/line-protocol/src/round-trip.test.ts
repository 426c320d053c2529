import { joinNs, MAX_TIME_NS, MIN_TIME_NS, parseSeriesKey, valueAt } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPoint } from './format-point.ts';
import { parseLines } from './parse-lines.ts';
import { SeriesMemory } from './series-memory.ts';

// Names without backslashes and control characters: what line protocol can say of all others depends on what
// stands beside them. String values are arbitrary.
const name = fc
  .string({
    unit: fc.oneof(fc.constantFrom(' ', ',', '=', '"', '#', 'é', '😀'), fc.string({ minLength: 1, maxLength: 1 })),
    minLength: 1,
    maxLength: 8,
  })
  .filter((text) => !text.includes('\\') && text !== 'time');
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((float) => ({ text: textOf(float), value: float })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((integer) => ({ text: `${integer}i`, value: plainOf(integer) })),
  fc.integer().map((integer) => ({ text: `${integer}i`, value: integer + 0 })),
  fc.boolean().map((boolean) => ({ text: boolean ? 'T' : 'f', value: boolean })),
  fc.string({ unit: 'binary' }).map((text) => ({ text: `"${text.replaceAll(/["\\]/g, '\\$&')}"`, value: text })),
);
const point = fc.record({
  measurement: name.filter((text) => !text.startsWith('#')),
  tags: fc.dictionary(name, name, { maxKeys: 4 }),
  fields: fc.uniqueArray(fc.tuple(name, value), { minLength: 1, maxLength: 5, selector: ([key]) => key }),
  timeNs: fc.bigInt({ min: MIN_TIME_NS, max: MAX_TIME_NS }),
});

test('what is printed parses to the same point, and prints the same again', () => {
  const memory = new SeriesMemory();
  fc.assert(
    fc.property(point, ({ measurement, tags, fields, timeNs }) => {
      const tagTexts = Object.entries(tags).map(([key, text]) => `,${escaped(key)}=${escaped(text)}`);
      const fieldTexts = fields.map(([key, { text }]) => `${escaped(key)}=${text}`);
      const line = `${escaped(measurement)}${tagTexts.join('')} ${fieldTexts.join(',')} ${timeNs}\n`;
      const { batch, errors } = parseLines(Buffer.from(line), { precision: 'n', nowNs: 0n }, memory);
      expect(errors).toEqual([]);
      const table = batch.tables[0]!;
      expect(parseSeriesKey(batch.series[0]!.key).measurement).toBe(measurement);
      expect(Object.fromEntries(parseSeriesKey(batch.series[0]!.key).tags)).toEqual(tags);
      expect(new Map(table.columns.map((each) => [each.name, valueAt(each.column, 0)]))).toEqual(
        new Map(fields.map(([key, each]) => [key, each.value])),
      );
      expect(joinNs(table.times.ms[0]!, table.times.subNs[0]!)).toBe(timeNs);
      const printed = formatPoint(batch, table, 0);
      const again = parseLines(Buffer.from(printed), { precision: 'n', nowNs: 0n });
      expect(again.batch.series).toEqual(batch.series);
      expect(formatPoint(again.batch, again.batch.tables[0]!, 0)).toBe(printed);
    }),
    { numRuns: 2_000 },
  );
});

function escaped(text: string): string {
  return text.replaceAll(/[, =]/g, '\\$&');
}

function textOf(float: number): string {
  return Object.is(float, -0) ? '-0' : String(float);
}

function plainOf(integer: bigint): bigint | number {
  return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(integer)
    : integer;
}
