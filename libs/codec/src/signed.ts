import type { ByteReader, ByteWriter } from '@varve/base';

const MORE = 0x80;
const NEGATIVE = 0x40;
const FIRST_SCALE = 0x40;

/** A whole number within ±(2^53 − 1): six bits and the sign in the first byte, the rest as a varint. */
export function writeSigned(writer: ByteWriter, value: number): void {
  const magnitude = Math.abs(value);
  const rest = Math.floor(magnitude / FIRST_SCALE);
  writer.u8((magnitude % FIRST_SCALE) + (value < 0 ? NEGATIVE : 0) + (rest > 0 ? MORE : 0));
  if (rest > 0) writer.varint(rest);
}

/** The inverse of {@link writeSigned}. The result may be beyond ±2^53 when the bytes are not its output. */
export function readSigned(reader: ByteReader): number {
  const first = reader.u8();
  const magnitude = (first % FIRST_SCALE) + ((first & MORE) === 0 ? 0 : reader.varint() * FIRST_SCALE);
  return (first & NEGATIVE) === 0 ? magnitude : 0 - magnitude;
}
