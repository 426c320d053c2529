export { attributes } from './attributes.ts';
export { METRIC_CATALOGUE, metrics } from './metrics.ts';
export { spans } from './spans.ts';
export type { MetricDefinition, MetricKind, MetricUnit } from './metrics.ts';
