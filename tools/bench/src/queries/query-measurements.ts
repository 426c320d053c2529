import type { Measurement } from '../measurement.ts';
import { DASHBOARDS } from './dashboards.ts';
import { ANSWERS, KINDS, TEN_MILLION } from './kinds.ts';
import { OVER_CLUSTER } from './over-cluster.ts';
import { STREAMING } from './streaming.ts';

/** In the order in which they run and are reported. */
export const QUERY_MEASUREMENTS: readonly Measurement[] = [
  ANSWERS,
  KINDS,
  TEN_MILLION,
  DASHBOARDS,
  STREAMING,
  OVER_CLUSTER,
];
