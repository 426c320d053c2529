export { METRIC_CATALOGUE, metrics } from './metrics.ts';
export type { MetricDefinition, MetricKind, MetricUnit } from './metrics.ts';
