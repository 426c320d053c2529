/** A validity bitmap of `rowCount` zero bits: bit i is bit i & 7 of byte i >> 3. */
export function zeroBits(rowCount: number): Uint8Array {
  return new Uint8Array((rowCount + 7) >> 3);
}

export function isBitSet(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
}

export function setBit(bits: Uint8Array, index: number): void {
  bits[index >> 3]! |= 1 << (index & 7);
}

/** Sets those of `rowCount` bits that are set in `from`; undefined: all. Returns how many. */
export function copyBits(
  to: { readonly bits: Uint8Array; readonly startRow: number },
  from: { readonly bits: Uint8Array | undefined; readonly startRow: number },
  rowCount: number,
): number {
  let count = 0;
  for (let row = 0; row < rowCount; row += 1) {
    if (from.bits !== undefined && !isBitSet(from.bits, from.startRow + row)) continue;
    setBit(to.bits, to.startRow + row);
    count += 1;
  }
  return count;
}
