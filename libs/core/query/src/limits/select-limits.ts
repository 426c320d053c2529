import type { SizeBytes } from '@varve/base';

/** What one SELECT may come to, everywhere together; absent: no limit. */
export interface SelectLimits {
  /** Of one shard group: as InfluxDB counts per shard. */
  readonly seriesCountMax?: number;
  /** Points that pass the condition and are worked on. */
  readonly pointCountMax?: number;
  /** Memory in use at one time. */
  readonly sizeBytesMax?: SizeBytes;
}

/** What a SELECT, or a part of it, has come to so far. */
export interface SelectCounts {
  readonly seriesCount: number;
  readonly pointCount: number;
  /** What it holds at the moment, roughly. */
  readonly heldSizeBytes: SizeBytes;
}

/** In InfluxDB's words, which stops at the first series that is too many, which limit is exceeded; undefined: none is. */
export function limitProblem(limits: SelectLimits, { seriesCount, pointCount, heldSizeBytes }: SelectCounts): string | undefined {
  const { seriesCountMax = Infinity, pointCountMax = Infinity, sizeBytesMax = Infinity } = limits;
  if (seriesCount > seriesCountMax) return `max-select-series limit exceeded: (${seriesCountMax + 1}/${seriesCountMax})`;
  if (pointCount > pointCountMax) return `max-select-point limit exceeded: (${pointCount}/${pointCountMax})`;
  if (heldSizeBytes > sizeBytesMax) return `max-select-memory limit exceeded: (${heldSizeBytes}/${sizeBytesMax})`;
  return undefined;
}
