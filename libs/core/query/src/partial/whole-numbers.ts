import type { WholeSizeBytes } from '@varve/base';

/** Whether a number is whole and fits into four bytes. −0 does not: it would come out as 0. */
export function isShortWhole(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}

/** What whole numbers from the least to the most take each. */
export function wholeSize(least: number, most: number): WholeSizeBytes {
  if (least >= -0x80 && most < 0x80) return 1;
  return least >= -0x8000 && most < 0x8000 ? 2 : 4;
}
