import type { NodeId, ShardId, TagExpression, TimeRange } from '@varve/model';
import { quoteString } from '../influxql/quote.ts';
import type { PlannedMeasurements } from '../plan/query-plan.ts';
import type { AggregatesOutput, MeasurementPlan, ShardPlan } from '../plan/shard-plan.ts';
import { formatGoDuration } from '../show/go-duration.ts';
import { rangeText } from './range-text.ts';

/** A shard that a plan asks. */
export interface ExplainedShard {
  readonly shard: ShardId;
  /** Its window. */
  readonly range: TimeRange;
  /** Whom it would be asked of, in this order. */
  readonly owners: readonly NodeId[];
}

/** A source of a plan, and what there is of it. */
export interface ExplainedSource {
  readonly source: PlannedMeasurements;
  /** Every row of the answer comes from it. */
  readonly range: TimeRange;
  readonly shards: readonly ExplainedShard[];
  /** Series in these shards that the conditions on tags let pass, each once; an estimate where they are many. */
  readonly seriesCount: number;
}

/** Lists are cut here, and say so. */
const SHARD_LINE_COUNT_MAX = 100;
const NAME_COUNT_MAX = 20;

/**
 * The lines of EXPLAIN: per source the expressions as InfluxDB prints them, what data nodes do, and each shard. Lines of InfluxDB that tell of
 * its files are not there. A plan without sources is an empty line, as in InfluxDB.
 */
export function explainPlan(sources: readonly ExplainedSource[]): readonly string[] {
  if (sources.length === 0) return [''];
  return sources.flatMap((each, index) => [...(index === 0 ? [] : ['']), ...sourceLines(each)]);
}

function sourceLines({ source, range, shards, seriesCount }: ExplainedSource): readonly string[] {
  const { database, retentionPolicy, shardPlan } = source;
  const names = shardPlan.measurements.map(({ name }) => name);
  return [
    ...expressionLines(shardPlan),
    `NUMBER OF SHARDS: ${shards.length}`,
    `NUMBER OF SERIES: ${seriesCount}`,
    `SOURCE: ${database}.${retentionPolicy}: ${cut(names, NAME_COUNT_MAX).join(', ')}`,
    `TIME RANGE: ${rangeText(range)}`,
    ...pushedDown(shardPlan).map((text) => `PUSHED DOWN: ${text}`),
    ...cut(shards.map(shardLine), SHARD_LINE_COUNT_MAX),
  ];
}

function shardLine({ shard, range, owners }: ExplainedShard): string {
  return `SHARD ${shard}: ${rangeText(range)}, owners ${owners.join(', ')}`;
}

function expressionLines({ columns, measurements, output }: ShardPlan): readonly string[] {
  const isTag = (column: number): boolean => measurements.some(({ origins }) => origins[column]!.kind === 'tag');
  const named = columns.map(({ name, type }, column) => `${name}::${isTag(column) ? 'tag' : type}`);
  const auxiliary = (texts: readonly string[]): string => `AUXILIARY FIELDS: ${cut(texts, NAME_COUNT_MAX).join(', ')}`;
  if (output.kind === 'rows') return ['EXPRESSION: <nil>', auxiliary(named)];
  const { calls, neighbours } = output;
  const expressions = calls.map(({ function: name, column, parameter }) => `EXPRESSION: ${name}(${named[column]!}${parameter === undefined ? '' : `, ${parameter}`})`);
  return neighbours.length === 0 ? expressions : [...expressions, auxiliary(neighbours.map((column) => named[column]!))];
}

/** What data nodes do themselves, so that it need not travel. */
function pushedDown({ dimensions, measurements, output, isDescending }: ShardPlan): readonly string[] {
  return [
    ...new Set(measurements.flatMap(filterTexts)),
    ...(dimensions.length === 0 ? [] : [`groups by ${cut(dimensions, NAME_COUNT_MAX).join(', ')}`]),
    ...(output.kind === 'aggregates' ? [aggregateText(output)] : [`rows, ${isDescending ? 'newest' : 'oldest'} first${output.rowCountMax === undefined ? '' : `, at most ${output.rowCountMax} of each group`}`]),
  ];
}

function aggregateText({ window, wantedWindowCount }: AggregatesOutput): string {
  const ofEach = wantedWindowCount === undefined ? '' : `, of the first ${wantedWindowCount} of each group`;
  return window === undefined ? 'partial aggregates' : `partial aggregates per window of ${formatGoDuration(window.everyNs)}${ofEach}`;
}

function filterTexts({ tagFilter, rowFilter }: MeasurementPlan): readonly string[] {
  return [...(tagFilter.kind === 'all' ? [] : [`series where ${tagText(tagFilter)}`]), ...(rowFilter === undefined ? [] : ['conditions on rows'])];
}

const TAG_TEXT_LENGTH_MAX = 1_000;

function tagText(filter: TagExpression): string {
  const text = fullText(filter);
  return text.length <= TAG_TEXT_LENGTH_MAX ? text : `${text.slice(0, TAG_TEXT_LENGTH_MAX)}…`;
}

function fullText(filter: TagExpression): string {
  switch (filter.kind) {
    case 'all':
      return 'true';
    case 'and':
    case 'or':
      return filter.parts.length === 0 ? String(filter.kind === 'and') : `(${filter.parts.map(fullText).join(` ${filter.kind.toUpperCase()} `)})`;
    case 'match':
      return `${filter.key} ${filter.operator} ${filter.operator.includes('~') ? `/${filter.value}/` : quoteString(filter.value)}`;
  }
}

function cut(texts: readonly string[], countMax: number): readonly string[] {
  return texts.length <= countMax ? texts : [...texts.slice(0, countMax), `… and ${texts.length - countMax} more`];
}
