import type { SizeBytes } from '@varve/base';
import type { SummaryColumns } from '@varve/model';
import type { ChunkHeader } from './chunk-header.ts';

/** What an array takes beside its numbers: itself and its buffer, on V8's heap and off it. */
const ARRAY_SIZE_BYTES = 180;
/** Beside its arrays. */
const FIELD_SIZE_BYTES = 300;

/** What a decoded header takes in memory, about: several times what it takes in a file. */
export function sizeOfHeader({ fields, pageStarts, minOffsetsNs, maxOffsetsNs, seriesIds, blockStarts, sectionStarts }: ChunkHeader): SizeBytes {
  let sizeBytes = sizeOf(pageStarts) + sizeOf(minOffsetsNs) + sizeOf(maxOffsetsNs) + sizeOf(seriesIds) + sizeOf(blockStarts) + sizeOf(sectionStarts);
  for (const { summaries } of fields) sizeBytes += FIELD_SIZE_BYTES + sizeOfSummaries(summaries);
  return sizeBytes;
}

function sizeOfSummaries({ gaps, numbers }: SummaryColumns): SizeBytes {
  const columns = [...(gaps ?? []), ...Object.values(numbers ?? {})] as readonly (ArrayBufferView | undefined)[];
  return columns.reduce((sum, column) => sum + (column === undefined ? 0 : sizeOf(column)), 0);
}

function sizeOf({ byteLength }: ArrayBufferView): SizeBytes {
  return ARRAY_SIZE_BYTES + byteLength;
}
