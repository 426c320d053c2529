import type { BatchFile } from './batch-file.ts';

const NEWLINE = 10;
/** Of a time in milliseconds, in front of the zeros that make it nanoseconds. */
const MS_DIGITS = 13;
const ZERO_DIGITS = 6;
const ZERO = 48;

/**
 * The same batches again and again, each round as much later as the first one is long: as many rows as are wanted, from a
 * small file. Times are nanoseconds of whole milliseconds at the end of each line.
 */
export function repeatedBatches(
  batches: BatchFile,
  { roundCount, roundMs }: { readonly roundCount: number; readonly roundMs: number },
): Pick<BatchFile, 'rowCount' | 'batchCount' | 'batch'> {
  return {
    rowCount: batches.rowCount * roundCount,
    batchCount: batches.batchCount * roundCount,
    batch(index) {
      const bytes = batches.batch(index % batches.batchCount);
      const round = Math.floor(index / batches.batchCount);
      if (round > 0) delayTimes(bytes, round * roundMs);
      return bytes;
    },
  };
}

/** Moves the time of every line, in place. */
export function delayTimes(bytes: Buffer, delayMs: number): void {
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, end + 1)) {
    const last = end - ZERO_DIGITS - 1;
    let carry = delayMs;
    for (let digit = last; digit > last - MS_DIGITS && carry > 0; digit -= 1) {
      const sum = bytes[digit]! - ZERO + carry;
      bytes[digit] = ZERO + (sum % 10);
      carry = Math.floor(sum / 10);
    }
  }
}
