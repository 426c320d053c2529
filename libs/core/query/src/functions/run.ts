import type { Cell, SeriesKey, SummaryColumns } from '@varve/model';
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

/** Values of one series cut at the ends of windows: run i is [starts[i], starts[i + 1]) of the vector, not empty, and goes into slots[i]. */
export interface Runs {
  readonly vector: Vector;
  readonly count: number;
  /** Longer than they need be. The same arrays are used for the next runs. */
  readonly starts: Int32Array;
  readonly slots: Int32Array;
}

/** What some rows of one series, all inside one window, have of a field, in place of their values. The next ones use the same object: nobody keeps it. */
export interface SummaryRun {
  /** Of the rows, both inclusive. */
  minOffsetNs: number;
  maxOffsetNs: number;
  /** Values: at least one. */
  count: number;
  readonly summaries: SummaryColumns;
  /** Its place in them. */
  at: number;
  readonly seriesKey: SeriesKey;
}

/** One run by itself. */
export function onlyRun(slot: number, { vector, start, end }: Run): Runs {
  return { vector, count: 1, starts: Int32Array.of(start, end), slots: Int32Array.of(slot) };
}
