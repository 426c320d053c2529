import type { TimestampNs } from '@varve/base';
import { joinNs, MIN_TIME_NS, type SplitTime } from '@varve/model';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';

/** When the row of a window is: at its start; without windows at the lower bound of the query. 0 where that is before all points. */
export function windowTimeNs({ range }: MergePlan, { window }: AggregatesInput, { ms, subNs }: SplitTime): TimestampNs {
  const timeNs = window === undefined ? range.startNs : joinNs(ms, subNs);
  return timeNs <= MIN_TIME_NS ? 0n : timeNs;
}
