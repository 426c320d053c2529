import { Scratch, type ByteWriter, unreachable } from '@varve/base';
import type { BooleanColumn, Column, FloatColumn, IntegerColumn, NamedColumn, StringColumn } from '@varve/model';
import { bitmapSizeBytes, scaleDecimals } from '@varve/codec';
import { bytesOf, widthOf, writeNumbers, writeRaw } from './packed-numbers.ts';
import type { ColumnSource } from './row-order.ts';
import { writeTexts } from './texts.ts';

/** The type byte of a column. A wide integer column has values beyond ±(2^53 − 1). */
export const COLUMN_TYPES = { float: 0, integer: 1, wideInteger: 2, boolean: 3, string: 4 } as const;

/** More digits behind the point are not tried: a frame is written once per batch, fast, and packed tightly later. */
export const DIGIT_COUNT_MAX = 6;

const scratch = new Scratch();

/** Writes a column in the order of the frame's rows. */
export function writeColumn(writer: ByteWriter, { name, column }: NamedColumn, source: ColumnSource): void {
  const isWide = column.type === 'integer' && column.values instanceof BigInt64Array;
  writer.text(name).u8(isWide ? COLUMN_TYPES.wideInteger : COLUMN_TYPES[column.type]);
  writer.u8(source.validity === undefined ? 0 : 1);
  if (source.validity !== undefined) writer.raw(source.validity);
  writeValues(writer, column, source);
}

function writeValues(writer: ByteWriter, column: Column, source: ColumnSource): void {
  switch (column.type) {
    case 'float':
      return writeFloats(writer, column, source);
    case 'integer':
      return writeIntegers(writer, column, source);
    case 'boolean':
      return writeBooleans(writer, column, source);
    case 'string':
      return writeStrings(writer, column, source);
    default:
      return unreachable(column);
  }
}

function writeIntegers(writer: ByteWriter, { values }: IntegerColumn, source: ColumnSource): void {
  if (!(values instanceof BigInt64Array)) {
    writeNumbers(writer.u8(0), gathered(values, source));
    return;
  }
  const wide = new BigInt64Array(source.rows.length);
  for (let at = 0; at < wide.length; at += 1) if (isPresent(source, at)) wide[at] = values[source.rows[at]!]!;
  writer.raw(bytesOf(wide));
}

/** Decimals with few digits become integers, where these are small enough to gain by it. */
function writeFloats(writer: ByteWriter, { values }: FloatColumn, source: ColumnSource): void {
  const floats = gathered(values, source);
  const decimals = scaleDecimals(floats, DIGIT_COUNT_MAX);
  const isSmall = decimals !== undefined && widthOf(decimals.integers) < 8;
  if (isSmall) writeNumbers(writer.u8(decimals.digitCount), decimals.integers);
  else writeRaw(writer.u8(0), floats);
}

/** The values in the frame's order, until the next call. A row without one gets the value before it, which never widens the range. */
function gathered(values: Float64Array, { rows, validity }: ColumnSource): Float64Array {
  const into = scratch.take(rows.length);
  if (validity === undefined) {
    for (let at = 0; at < into.length; at += 1) into[at] = values[rows[at]!]!;
    return into;
  }
  let value = values[rows[firstPresent(validity)]!]!;
  for (let at = 0; at < into.length; at += 1) {
    if (((validity[at >> 3]! >> (at & 7)) & 1) === 1) value = values[rows[at]!]!;
    into[at] = value;
  }
  return into;
}

function firstPresent(validity: Uint8Array): number {
  let at = 0;
  while (((validity[at >> 3]! >> (at & 7)) & 1) === 0) at += 1;
  return at;
}

function writeBooleans(writer: ByteWriter, { values }: BooleanColumn, source: ColumnSource): void {
  const bits = new Uint8Array(bitmapSizeBytes(source.rows.length));
  for (let at = 0; at < source.rows.length; at += 1) {
    if (isPresent(source, at)) bits[at >> 3]! |= (values[source.rows[at]!]! & 1) << (at & 7);
  }
  writer.raw(bits);
}

/** Each distinct text once, and its place per row. */
function writeStrings(writer: ByteWriter, { values }: StringColumn, source: ColumnSource): void {
  const codes = new Map<string, number>();
  const codeOfRow = new Uint32Array(source.rows.length);
  for (let at = 0; at < codeOfRow.length; at += 1) {
    if (!isPresent(source, at)) continue;
    const text = values[source.rows[at]!]!;
    const code = codes.get(text) ?? codes.size;
    if (code === codes.size) codes.set(text, code);
    codeOfRow[at] = code;
  }
  writeNumbers(writer.varint(codes.size), codeOfRow);
  writeTexts(writer, [...codes.keys()]);
}

function isPresent({ validity }: ColumnSource, at: number): boolean {
  return validity === undefined || ((validity[at >> 3]! >> (at & 7)) & 1) === 1;
}
