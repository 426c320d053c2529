import { parseSeriesKey, type Cell, type Database, type SeriesBlock, type SeriesKey, type ShownCell, type TagSet } from '@varve/model';
import type { ShowStatement } from '../influxql/ast.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { cardinalityRows } from './cardinality-rows.ts';
import { formatGoDuration } from './go-duration.ts';
import { measurementsWhere } from './measurements-where.ts';
import { orderedKeys } from './series-order.ts';
import type { NamedSeries } from './series-question.ts';
import { showBlock as block } from './show-block.ts';
import { showContinuousQueries } from './show-continuous-queries.ts';
import { hasTimeCondition } from './show-filter.ts';
import { compareTexts, notSupported, scopedMeasurements, showScope, type ScopedShow, type ShowContext, type ResolvedScope } from './show-scope.ts';
import { showShardGroups, showShards } from './show-shards.ts';
import { showSubscriptions } from './show-subscriptions.ts';
import { showGrants, showUsers } from './show-users.ts';

/** What a SHOW statement is answered from. */
export interface ShowInputs extends ShowContext {
  /** What {@link showNeeds} asked for, in any order, repeated names allowed; empty when it asked for nothing. */
  readonly names: readonly NamedSeries[];
  /** What the sketches that it asked for come to; 0 when it asked for none. */
  readonly estimate: number;
}

/** The answer to a SHOW statement: columns, order and limits as InfluxDB 1.6 has them. */
export function showRows(statement: ShowStatement, inputs: ShowInputs): readonly SeriesBlock<ShownCell>[] | PlanError {
  switch (statement.kind) {
    case 'showDatabases':
      return [block('databases', ['name'], [[...inputs.catalog.databases.keys()]])];
    case 'showServers':
      return showServers(inputs);
    case 'showRetentionPolicies':
      return showRetentionPolicies(statement.database ?? inputs.database, inputs);
    case 'showUsers':
      return showUsers(inputs.catalog);
    case 'showGrants':
      return showGrants(inputs.catalog, statement.user);
    case 'showContinuousQueries':
      return showContinuousQueries(inputs.catalog);
    case 'showSubscriptions':
      return showSubscriptions(inputs.catalog);
    case 'showShards':
      return showShards(inputs.catalog);
    case 'showShardGroups':
      return showShardGroups(inputs.catalog);
    case 'showSeries':
      return showSeries(statement, inputs.names);
    case 'showMeasurements':
    case 'showTagKeys':
    case 'showTagValues':
    case 'showFieldKeys': {
      const scope = showScope(statement, inputs);
      if (scope.kind !== 'error') return showScoped(statement, scope, inputs.names);
      return statement.kind === 'showMeasurements' ? [] : scope;
    }
    case 'showSeriesCardinality':
    case 'showMeasurementCardinality':
    case 'showTagKeyCardinality':
    case 'showTagValuesCardinality':
    case 'showFieldKeyCardinality':
      return cardinalityRows(statement, inputs);
    default:
      return notSupported(statement.kind);
  }
}

function showScoped(statement: ScopedShow, scope: ResolvedScope, names: readonly NamedSeries[]): readonly SeriesBlock[] | PlanError {
  switch (statement.kind) {
    case 'showMeasurements':
      return showMeasurements(statement, scope, names);
    case 'showTagKeys':
      return showTagKeys(statement, names);
    case 'showTagValues':
      return showTagValues(statement, names);
    case 'showFieldKeys':
      return showFieldKeys(statement, listed(scope, names));
  }
}

function showSeries(statement: ShowStatement & { readonly kind: 'showSeries' }, names: readonly NamedSeries[]): readonly SeriesBlock[] {
  const keys = orderedKeys(names.map(({ name }) => name), hasTimeCondition(statement.condition));
  return limited(statement, '', ['key'], [keys]);
}

type Measurements = ReturnType<typeof scopedMeasurements>;

/** The catalog keeps a measurement of which everything was deleted, for the types of its fields; nobody is shown it. */
function listed(scope: ResolvedScope, names: readonly NamedSeries[]): Measurements {
  const living = new Set(names.map(({ measurement }) => measurement));
  return scopedMeasurements(scope).filter(([name]) => living.has(name));
}

/** Nodes with durable data, as Enterprise prints them. They are reached over the bus: their names stand for addresses. */
function showServers({ catalog }: ShowContext): readonly SeriesBlock[] {
  const kinds = [['data_nodes', 'data'], ['repair_nodes', 'repair']] as const;
  return kinds.flatMap(([series, role]) => {
    const nodes = [...catalog.nodes.values()].filter((node) => node.role === role).sort((left, right) => left.id - right.id);
    const names = nodes.map(({ name }) => name);
    return nodes.length === 0 ? [] : [block(series, ['id', 'http_addr', 'tcp_addr'], [nodes.map(({ id }) => id), names.map(() => ''), names])];
  });
}

function showRetentionPolicies(name: string | undefined, { catalog }: ShowContext): readonly SeriesBlock[] | PlanError {
  if (name === undefined || name === '') return planError('database name required');
  const database = catalog.databases.get(name);
  return database === undefined ? planError(`database not found: ${name}`) : [policiesBlock(database)];
}

function policiesBlock({ retentionPolicies, defaultRetentionPolicy }: Database): SeriesBlock {
  const policies = [...retentionPolicies.values()];
  return block('', ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'], [
    policies.map((policy) => policy.name),
    policies.map((policy) => formatGoDuration(policy.durationNs)),
    policies.map((policy) => formatGoDuration(policy.shardDurationNs)),
    policies.map((policy) => policy.replicaCount),
    policies.map((policy) => policy.name === defaultRetentionPolicy),
  ]);
}

function showMeasurements(
  statement: ScopedShow & { readonly kind: 'showMeasurements' },
  scope: ResolvedScope,
  names: readonly NamedSeries[],
): readonly SeriesBlock[] | PlanError {
  const all = listed(scope, names).map(([name]) => name);
  if (statement.condition === undefined) return limited(statement, 'measurements', ['name'], [all]);
  const chosen = measurementsWhere(statement.condition, tagSetsByMeasurement(names.map(({ name }) => name)));
  if ('kind' in chosen) return chosen;
  return limited(statement, 'measurements', ['name'], [all.filter((name) => chosen.has(name))]);
}

function showTagKeys(limits: RowLimit, names: readonly NamedSeries[]): SeriesBlock[] {
  return byMeasurement(names).flatMap(([measurement, named]) => limited(limits, measurement, ['tagKey'], [[...new Set(named.map(({ name }) => name))].sort()]));
}

function showTagValues(limits: RowLimit, names: readonly NamedSeries[]): SeriesBlock[] {
  return byMeasurement(names).flatMap(([measurement, named]) => {
    const pairs = distinctPairs(named);
    return limited(limits, measurement, ['key', 'value'], [pairs.map(([key]) => key), pairs.map(([, value]) => value)]);
  });
}

function showFieldKeys(limits: RowLimit, measurements: Measurements): SeriesBlock[] {
  return measurements.flatMap(([name, fields]) => {
    const sorted = [...fields].sort(([left], [right]) => compareTexts(left, right));
    return limited(limits, name, ['fieldKey', 'fieldType'], [sorted.map(([field]) => field), sorted.map(([, type]) => type)]);
  });
}

function byMeasurement(names: readonly NamedSeries[]): readonly (readonly [measurement: string, names: readonly NamedSeries[]])[] {
  return [...Map.groupBy(names, ({ measurement }) => measurement)].sort(([left], [right]) => compareTexts(left, right));
}

function tagSetsByMeasurement(seriesKeys: readonly SeriesKey[]): ReadonlyMap<string, readonly TagSet[]> {
  const parsed = [...new Set(seriesKeys)].map(parseSeriesKey).sort((left, right) => compareTexts(left.measurement, right.measurement));
  const groups = Map.groupBy(parsed, ({ measurement }) => measurement);
  return new Map([...groups].map(([name, series]) => [name, series.map(({ tags }) => tags)]));
}

function distinctPairs(named: readonly NamedSeries[]): (readonly [string, string])[] {
  const values = Map.groupBy(named, ({ name }) => name);
  return [...values.keys()].sort().flatMap((key) => [...new Set(values.get(key)!.map(({ value }) => value!))].sort().map((value) => [key, value] as const));
}

/** Rows of each series; a limit of 0 is none. */
interface RowLimit {
  readonly limit: number;
  readonly offset: number;
}

/** A block with the rows that LIMIT and OFFSET leave; none when they leave none. */
function limited({ limit, offset }: RowLimit, name: string, columns: readonly string[], cells: readonly (readonly Cell[])[]): SeriesBlock[] {
  const end = limit === 0 ? undefined : offset + limit;
  const left = cells.map((column) => column.slice(offset, end));
  return left[0]!.length === 0 ? [] : [block(name, columns, left)];
}
