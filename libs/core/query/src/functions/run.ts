import type { Cell, FieldSummary, SeriesKey } from '@varve/model';
import type { Vector } from './vector.ts';

/** Consecutive values of one series inside one window: [start, end) of a vector, not empty. */
export interface Run {
  readonly vector: Vector;
  readonly start: number;
  readonly end: number;
  readonly seriesKey: SeriesKey;
  /** Cells beside the value at an index of the vector; asked of selectors only. */
  neighbours(vectorIndex: number): readonly Cell[];
}

/** What some rows of one series, all inside one window, have of a field, in place of their values. */
export interface SummaryRun {
  /** Of the rows, both inclusive. */
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  /** Values: at least one. */
  readonly count: number;
  readonly summary: FieldSummary;
  readonly seriesKey: SeriesKey;
}
