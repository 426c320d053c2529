export { bitmapOf, bitmapSizeBytes, countValid, packBits, unpackBits } from './bits.ts';
export { checksum } from './checksum.ts';
export { appendColumn, decodeColumn, decodeColumnInto, encodeColumn } from './column.ts';
export { powerOfTen, scaleDecimals } from './decimals.ts';
export type { ScaledDecimals } from './decimals.ts';
