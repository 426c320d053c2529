export { openCatalogCache } from './open-catalog-cache.ts';
export { openLog } from './open-log.ts';
export { openMetrics } from './open-metrics.ts';
export { openPasswordHasher } from './open-password-hasher.ts';
export { systemClock } from './system-clock.ts';
export { systemRandom } from './system-random.ts';
export type { CatalogCacheOptions } from './open-catalog-cache.ts';
export type { LogOptions } from './open-log.ts';
export type { PrometheusMetrics } from './open-metrics.ts';
