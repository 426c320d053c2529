import type { Measurement } from '../measurement.ts';
import { AGGREGATES } from './aggregates.ts';
import { GROWTH } from './growth.ts';
import { MANY_SERIES } from './many-series.ts';
import { RESTART } from './restart.ts';
import { SCAN } from './scan.ts';
import { SHAPE_MEASUREMENTS } from './shape-ingest.ts';
import { SMALL_WRITES } from './small-writes.ts';

/** In the order in which they run and are reported. */
export const STORAGE_MEASUREMENTS: readonly Measurement[] = [
  ...SHAPE_MEASUREMENTS,
  SMALL_WRITES,
  RESTART,
  SCAN,
  AGGREGATES,
  GROWTH,
  MANY_SERIES,
];
