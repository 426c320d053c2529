import { parseSeriesKey, type Cell, type Database, type SeriesBlock, type SeriesKey, type ShownCell, type TagSet } from '@varve/model';
import type { KeyMatch, ShowStatement } from '../influxql/ast.ts';
import { textMatcher } from '../plan/expression.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { formatGoDuration } from './go-duration.ts';
import { measurementsWhere } from './measurements-where.ts';
import { showBlock as block } from './show-block.ts';
import { showContinuousQueries } from './show-continuous-queries.ts';
import { compareTexts, notSupported, scopedMeasurements, showScope, type ScopedShow, type ShowContext, type ShowScope } from './show-scope.ts';
import { showShardGroups, showShards } from './show-shards.ts';
import { showSubscriptions } from './show-subscriptions.ts';
import { showGrants, showUsers } from './show-users.ts';

/** What a SHOW statement is answered from. */
export interface ShowInputs extends ShowContext {
  /** What {@link showNeeds} asked for, in any order, repeated keys allowed; empty when it asked for nothing. */
  readonly seriesKeys: readonly SeriesKey[];
  /** Of the measurements that it asked for, those that have a series. Absent: all. */
  readonly measurements?: ReadonlySet<string> | undefined;
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
    case 'showMeasurements':
    case 'showSeries':
    case 'showTagKeys':
    case 'showTagValues':
    case 'showFieldKeys': {
      const scope = showScope(statement, inputs);
      if (scope.kind !== 'error') return showScoped(statement, scope, inputs);
      return statement.kind === 'showMeasurements' ? [] : scope;
    }
    default:
      return notSupported(statement.kind);
  }
}

function showScoped(statement: ScopedShow, scope: ShowScope, { seriesKeys, measurements }: ShowInputs): readonly SeriesBlock[] | PlanError {
  switch (statement.kind) {
    case 'showMeasurements':
      return showMeasurements(statement, listed(scope, measurements), seriesKeys);
    case 'showSeries':
      return limited(statement, '', ['key'], [[...new Set(seriesKeys)].sort()]);
    case 'showTagKeys':
      return showTagKeys(statement, seriesKeys);
    case 'showTagValues':
      return showTagValues(statement, seriesKeys);
    case 'showFieldKeys':
      return showFieldKeys(statement, listed(scope, measurements));
  }
}

type Measurements = ReturnType<typeof scopedMeasurements>;

/** The catalog keeps a measurement of which everything was deleted, for the types of its fields; nobody is shown it. */
function listed(scope: ShowScope, measurements: ReadonlySet<string> | undefined): Measurements {
  return scopedMeasurements(scope).filter(([name]) => measurements?.has(name) ?? true);
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
  measurements: Measurements,
  seriesKeys: readonly SeriesKey[],
): readonly SeriesBlock[] | PlanError {
  const all = measurements.map(([name]) => name);
  if (statement.condition === undefined) return limited(statement, 'measurements', ['name'], [all]);
  const chosen = measurementsWhere(statement.condition, tagSetsByMeasurement(seriesKeys));
  if ('kind' in chosen) return chosen;
  return limited(statement, 'measurements', ['name'], [all.filter((name) => chosen.has(name))]);
}

function showTagKeys(limits: RowLimit, seriesKeys: readonly SeriesKey[]): SeriesBlock[] {
  return [...tagSetsByMeasurement(seriesKeys)].flatMap(([name, tagSets]) => {
    const keys = new Set(tagSets.flatMap((tags) => tags.map(([key]) => key)));
    return limited(limits, name, ['tagKey'], [[...keys].sort()]);
  });
}

function showTagValues(statement: RowLimit & { readonly keyMatch: KeyMatch }, seriesKeys: readonly SeriesKey[]): SeriesBlock[] {
  const isWanted = keyMatcher(statement.keyMatch);
  return [...tagSetsByMeasurement(seriesKeys)].flatMap(([name, tagSets]) => {
    const pairs = distinctPairs(tagSets, isWanted);
    return limited(statement, name, ['key', 'value'], [pairs.map(([key]) => key), pairs.map(([, value]) => value)]);
  });
}

function showFieldKeys(limits: RowLimit, measurements: Measurements): SeriesBlock[] {
  return measurements.flatMap(([name, fields]) => {
    const sorted = [...fields].sort(([left], [right]) => compareTexts(left, right));
    return limited(limits, name, ['fieldKey', 'fieldType'], [sorted.map(([field]) => field), sorted.map(([, type]) => type)]);
  });
}

function tagSetsByMeasurement(seriesKeys: readonly SeriesKey[]): ReadonlyMap<string, readonly TagSet[]> {
  const parsed = [...new Set(seriesKeys)].map(parseSeriesKey).sort((left, right) => compareTexts(left.measurement, right.measurement));
  const groups = Map.groupBy(parsed, ({ measurement }) => measurement);
  return new Map([...groups].map(([name, series]) => [name, series.map(({ tags }) => tags)]));
}

function distinctPairs(tagSets: readonly TagSet[], isWanted: (key: string) => boolean): (readonly [string, string])[] {
  const values = new Map<string, Set<string>>();
  for (const [key, value] of tagSets.flat()) {
    if (!isWanted(key)) continue;
    const known = values.get(key);
    if (known === undefined) values.set(key, new Set([value]));
    else known.add(value);
  }
  return [...values.keys()].sort().flatMap((key) => [...values.get(key)!].sort().map((value) => [key, value] as const));
}

function keyMatcher(match: KeyMatch): (key: string) => boolean {
  switch (match.operator) {
    case '=':
      return (key) => key === match.key;
    case '!=':
      return (key) => key !== match.key;
    case 'IN':
      return (key) => match.keys.includes(key);
    case '=~':
      return textMatcher(match.pattern);
    case '!~': {
      const matches = textMatcher(match.pattern);
      return (key) => !matches(key);
    }
  }
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
