/** A number below 2^32 as LEB128: seven bits a byte, the lowest first. @returns where the next one goes */
export function putVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let index = offset;
  for (; rest >= 0x80; rest >>>= 7) bytes[index++] = (rest & 0x7f) | 0x80;
  bytes[index++] = rest;
  return index;
}

/** How many bytes the number takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x40_00) return 2;
  if (value < 0x20_00_00) return 3;
  return value < 0x10_00_00_00 ? 4 : 5;
}

/** The number at `offset`; the next one is `varintSize` further. */
export function varintAt(bytes: Uint8Array, offset: number): number {
  let value = bytes[offset]!;
  if (value < 0x80) return value;
  value &= 0x7f;
  for (let index = offset + 1, shift = 7; ; index += 1, shift += 7) {
    const byte = bytes[index]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
}
