import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from './progress.ts';

/** Rows per request. */
export const BATCH_ROW_COUNT = 5_000;

/**
 * Line protocol in batches, encoded once, before any clock starts, into a file that all systems are fed from: memory stays
 * small, and a read from the page cache costs the client next to nothing.
 */
export interface BatchFile {
  readonly rowCount: number;
  readonly batchCount: number;
  readonly sizeBytes: number;
  /** One batch; the buffer belongs to the caller. */
  batch(index: number): Buffer;
  close(): void;
}

/** Encodes `rowCount` rows. `lineOf` is called once for each, in order, and leaves out the line feed. */
export function encodeBatches(options: {
  readonly rowCount: number;
  readonly lineOf: (row: number) => string;
  readonly progress: Progress;
  readonly batchRowCount?: number;
}): BatchFile {
  const { rowCount, lineOf, progress, batchRowCount = BATCH_ROW_COUNT } = options;
  const directory = mkdtempSync(join(tmpdir(), 'varve-bench-rows-'));
  const file = openSync(join(directory, 'rows'), 'w+');
  const ends = [0];
  for (let row = 0; row < rowCount;) {
    let lines = '';
    for (const batchEnd = Math.min(rowCount, row + batchRowCount); row < batchEnd; row += 1)
      lines += `${lineOf(row)}\n`;
    const bytes = Buffer.from(lines, 'latin1');
    writeSync(file, bytes);
    ends.push(ends.at(-1)! + bytes.length);
    progress.at(row);
  }
  return {
    ...{ rowCount, batchCount: ends.length - 1, sizeBytes: ends.at(-1)! },
    batch(index) {
      const bytes = Buffer.allocUnsafe(ends[index + 1]! - ends[index]!);
      readSync(file, bytes, 0, bytes.length, ends[index]!);
      return bytes;
    },
    close() {
      closeSync(file);
      rmSync(directory, { recursive: true });
    },
  };
}
