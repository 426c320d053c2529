import { ByteWriter } from '@varve/base';
import { expect, test } from 'vitest';
import { decodeFrame } from './decode-frame.ts';
import { HEADER_SIZE_BYTES, sealFrame } from './layout.ts';
import { writeNumbers } from './packed-numbers.ts';
import { unfoldBudget, writeSeriesKeys } from './series-keys.ts';
import { SHARD, stamps } from './testing/slices.ts';

// F8: frames that are well sealed and ask for much with few bytes. Each is built by hand, because no encoder writes it.

const ROW_COUNT = 60_000;

test('F8: many strings in no bytes are refused', () => {
  expect(() =>
    decodeFrame(
      frameWith((body) => {
        body.text('s').u8(4).u8(0).varint(ROW_COUNT);
        writeNumbers(body, new Float64Array(ROW_COUNT)); // every row is the first string
        writeNumbers(body, new Float64Array(ROW_COUNT)); // and each of the 60,000 is empty
        body.varint(0);
      }),
    ),
  ).toThrow(`${ROW_COUNT} distinct texts in 0 bytes`);
});

test('F8: a row that points behind the strings is refused, also where codes take no bytes', () => {
  expect(() =>
    decodeFrame(
      frameWith((body) => {
        body.text('s').u8(4).u8(0).varint(1);
        writeNumbers(body, new Float64Array(ROW_COUNT).fill(1));
        writeNumbers(body, Float64Array.of(1));
        body.varint(1).u8(97);
      }),
    ),
  ).toThrow('a row without one of 1 strings');
});

test('F8: series keys of all sections together unfold to a bounded size', () => {
  const body = new ByteWriter().raw(new Uint8Array(HEADER_SIZE_BYTES));
  for (let section = 0; section < 5; section += 1) writeSection(body, `m${section}`, 'k'.repeat(2_000_000));
  expect(() => decodeFrame(seal(body, { rowCount: 5, sectionCount: 5 }))).toThrow('section 4 before byte');
  expect(body.length).toBeLessThan(4_000);
});

test('F8: counts that are negative or fractions are refused', () => {
  const check = (counts: Float64Array): void => {
    const body = new ByteWriter().raw(new Uint8Array(HEADER_SIZE_BYTES)).text('m');
    writeSeriesKeys(body, ['a', 'b'], unfoldBudget());
    writeNumbers(body.varint(2), counts);
    expect(() => decodeFrame(seal(body, { rowCount: 2, sectionCount: 1 }))).toThrow(
      /a count that is none|ends at row|is no integer/,
    );
  };
  check(Float64Array.of(-1, 3));
  check(Float64Array.of(3, -1));
  check(Float64Array.of(0.5, 1.5));
  check(Float64Array.of(0, 2));
});

/** A frame with one section of many rows and one column. */
function frameWith(writeColumn: (body: ByteWriter) => void): Uint8Array {
  const body = new ByteWriter().raw(new Uint8Array(HEADER_SIZE_BYTES)).text('m');
  writeSeriesKeys(body, ['m'], unfoldBudget());
  body.varint(ROW_COUNT);
  writeNumbers(body, Float64Array.of(ROW_COUNT));
  writeNumbers(
    body.u8(0),
    Float64Array.from({ length: ROW_COUNT }, (_, row) => row),
  );
  writeColumn(body.varint(1));
  return seal(body, { rowCount: ROW_COUNT, sectionCount: 1 });
}

function writeSection(body: ByteWriter, measurement: string, key: string): void {
  writeSeriesKeys(body.text(measurement), [key], unfoldBudget());
  writeNumbers(body.varint(1), Float64Array.of(1));
  writeNumbers(body.u8(0), Float64Array.of(0));
  body.varint(0);
}

function seal(body: ByteWriter, counts: { readonly rowCount: number; readonly sectionCount: number }): Uint8Array {
  return sealFrame({ shard: SHARD, kind: 'rows', buffer: body.finish(), ...counts }, stamps()());
}
