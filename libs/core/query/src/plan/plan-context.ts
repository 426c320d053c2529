import type { TimestampNs } from '@varve/base';
import type { SourceDefaults } from './resolve-sources.ts';

/** What a plan depends on, beyond the statement. */
export interface PlanContext extends SourceDefaults {
  /** `now()` everywhere in the query. */
  readonly nowNs: TimestampNs;
  readonly limits: PlanLimits;
}

export interface PlanLimits {
  /** Windows of a bounded query, InfluxDB's max-select-buckets; 0: no limit. */
  readonly selectBucketCountMax: number;
  /** Windows of one series, whatever the query: what a data node holds in memory. */
  readonly windowCountMax: number;
}
