import { MAX_TIME_NS, MIN_TIME_NS, timeRange, type Catalog, type RetentionPolicy, type TagExpression, type TimeRange } from '@varve/model';
import type { TimestampNs } from '@varve/base';
import type { DeleteStatement, DropSeriesStatement, Expr, MeasurementSource } from '../influxql/ast.ts';
import { textMatcher } from '../influxql/text-matcher.ts';
import { planCondition } from './plan-condition.ts';
import { planError, type PlanError } from './schema-view.ts';
import { splitTime } from './split-time.ts';

/** What a DELETE or DROP SERIES takes away. */
export interface DeletePlan {
  readonly kind: 'delete';
  readonly database: string;
  /** Undefined: no time at all. */
  readonly range: TimeRange | undefined;
  readonly parts: readonly DeletePart[];
}

/** Series of one retention policy. */
export interface DeletePart {
  readonly retentionPolicy: string;
  /** Undefined: all measurements. */
  readonly measurement: string | undefined;
  readonly series: TagExpression;
}

/** What a delete is planned against. */
export interface DeleteContext {
  readonly catalog: Catalog;
  /** Of the request. */
  readonly database: string | undefined;
  readonly nowNs: TimestampNs;
}

/**
 * The statement as series and times, in all policies of the database, as in InfluxDB 1.x; measurements that are not there are no error. What it does not say with tags
 * and time alone is refused as a whole: nothing is deleted then.
 */
export function planDelete(statement: DeleteStatement | DropSeriesStatement, context: DeleteContext): DeletePlan | PlanError {
  const split = splitTime(statement.condition, { nowNs: context.nowNs, timeZone: undefined });
  if (split.kind === 'error') return split;
  const { minNs, maxNs, rest } = split;
  if (statement.kind === 'dropSeries' && (minNs ?? maxNs) !== undefined) return planError("DROP SERIES doesn't support time in WHERE clause");
  const { catalog, database: name = '' } = context;
  const database = catalog.databases.get(name);
  if (database === undefined) return planError(`database not found: ${name}`);
  const parts: DeletePart[] = [];
  for (const policy of database.retentionPolicies.values()) {
    const planned = partsOf(policy, statement.sources, rest);
    if ('kind' in planned) return planned;
    parts.push(...planned);
  }
  return { kind: 'delete', database: name, range: rangeOf(minNs ?? MIN_TIME_NS, maxNs ?? MAX_TIME_NS), parts };
}

/** One part for all measurements where there is no FROM: they are asked the same then. */
function partsOf(policy: RetentionPolicy, sources: readonly MeasurementSource[], condition: Expr | undefined): readonly DeletePart[] | PlanError {
  const parts: DeletePart[] = [];
  for (const measurement of measurementsOf(policy, sources)) {
    const { tagFilter, rowFilter } = planCondition(condition, policy.measurements.get(measurement) ?? new Map());
    if (rowFilter !== undefined) return fieldsRefused(policy);
    if (!isNone(tagFilter)) parts.push({ retentionPolicy: policy.name, measurement, series: tagFilter });
  }
  const [first] = parts;
  return sources.length > 0 || first === undefined ? parts : [{ ...first, measurement: undefined }];
}

function measurementsOf({ measurements }: RetentionPolicy, sources: readonly MeasurementSource[]): readonly string[] {
  const all = [...measurements.keys()];
  if (sources.length === 0) return all;
  const matchers = sources.map(({ name, regex }) => (regex === undefined ? (each: string) => each === name : textMatcher(regex)));
  return all.filter((each) => matchers.some((matches) => matches(each)));
}

/** InfluxDB names the first shard that it has asked. */
function fieldsRefused({ shardGroups }: RetentionPolicy): PlanError {
  const [shard] = shardGroups.flatMap(({ shards }) => shards.map(({ id }) => id));
  const text = 'fields not supported in WHERE clause during deletion';
  return planError(shard === undefined ? text : `shard ${shard}: ${text}`);
}

function isNone(filter: TagExpression): boolean {
  return filter.kind === 'or' && filter.parts.length === 0;
}

/** Both inclusive. */
function rangeOf(minNs: TimestampNs, maxNs: TimestampNs): TimeRange | undefined {
  return minNs > maxNs ? undefined : timeRange(minNs, (maxNs + 1n) as TimestampNs);
}
