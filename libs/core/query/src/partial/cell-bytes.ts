import { DbError, unreachable, type ByteReader, type ByteWriter } from '@varve/base';
import type { Cell } from '@varve/model';

const NULL = 0;
const NUMBER = 1;
const BIGINT = 2;
const TEXT = 3;
const FALSE = 4;
const TRUE = 5;

/** One cell: a tag byte, then 8 bytes for a number or bigint, length and UTF-8 for a text. */
export function encodeCell(writer: ByteWriter, cell: Cell): void {
  if (cell === null) writer.u8(NULL);
  else if (typeof cell === 'number') writer.u8(NUMBER).f64(cell);
  else if (typeof cell === 'bigint') writer.u8(BIGINT).i64(cell);
  else if (typeof cell === 'string') writer.u8(TEXT).text(cell);
  else if (typeof cell === 'boolean') writer.u8(cell ? TRUE : FALSE);
  else unreachable(cell);
}

/** The inverse of {@link encodeCell}. @throws DbError MESSAGE_INVALID */
export function decodeCell(reader: ByteReader): Cell {
  const tag = reader.u8();
  switch (tag) {
    case NULL:
      return null;
    case NUMBER:
      return reader.f64();
    case BIGINT:
      return reader.i64();
    case TEXT:
      return reader.text();
    case FALSE:
      return false;
    case TRUE:
      return true;
    default:
      throw new DbError('MESSAGE_INVALID', `unknown kind of cell: ${tag}`);
  }
}

/** As {@link decodeCell}, where null cannot stand. @throws DbError MESSAGE_INVALID */
export function decodeValue(reader: ByteReader): Exclude<Cell, null> {
  const cell = decodeCell(reader);
  if (cell === null) throw new DbError('MESSAGE_INVALID', 'a value is missing in a partial result');
  return cell;
}

/** Reads over a cell. @throws DbError MESSAGE_INVALID */
export function skipCell(reader: ByteReader): void {
  const tag = reader.u8();
  if (tag === NUMBER || tag === BIGINT) reader.skip(8);
  else if (tag === TEXT) reader.skip(reader.varint());
  else if (tag !== NULL && tag !== FALSE && tag !== TRUE) throw new DbError('MESSAGE_INVALID', `unknown kind of cell: ${tag}`);
}
