import type { TimestampNs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { MAX_TIME_NS, MIN_TIME_NS, timeZoneOf, type TimeRange, type TimeZone } from '@varve/model';
import type { SelectStatement } from '../influxql/ast.ts';
import { windowsOf, type OuterWindows } from '../influxql/validate-select.ts';
import { checkSelect, isTimeColumn } from './check-select.ts';
import { checkTypes } from './check-types.ts';
import { columnNames } from './column-names.ts';
import { expandFields, type ExpandedField } from './expand-fields.ts';
import { typeOfColumn } from './expression.ts';
import { planCondition } from './plan-condition.ts';
import { PlanColumns } from './plan-columns.ts';
import { dimensionKeys, planDimensions, type Dimensions } from './plan-dimensions.ts';
import { hasField, intersection, measurementCount } from './planned-sources.ts';
import { planProjections, type Projections } from './plan-projections.ts';
import { formOf, isSelectedPoint, planFill } from './plan-shape.ts';
import { isFillSeen, planTransform, reachOf, type Reach } from './plan-transform.ts';
import type { MergeInput, MergePlan, PlannedSource, QueryPlan, RowColumn } from './query-plan.ts';
import { resolveSources, type SourceDefaults } from './resolve-sources.ts';
import { planError, type PlanError } from './schema-view.ts';
import { mergedFields, mergedTagKeys, type SourceMeasurement } from './select-schema.ts';
import { isOpen, subqueryCount, withConstantsFolded } from './select-sources.ts';
import type { AggregatesOutput, ColumnOrigin, MeasurementPlan, RowsOutput, ShardPlan, WindowPlan } from './shard-plan.ts';
import { splitTime, type SplitCondition } from './split-time.ts';
import { columnTypes, expandableNames, subquerySchema, withDimensions, type SubquerySchema } from './subquery-schema.ts';
import { timeZoneWindow } from './time-zone-windows.ts';
import { windowCountIn } from './window-line.ts';

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

/** Turns a SELECT into work for shards and for the coordinator, or says in InfluxDB's words why it cannot be done. */
export function planQuery(statement: SelectStatement, context: PlanContext): QueryPlan | PlanError {
  const { subqueryCountMax } = LIMITS;
  if (subqueryCount(statement) > subqueryCountMax) return planError(`more than ${subqueryCountMax} subqueries in one statement`);
  const planner = plannerOf(statement, context, undefined);
  return 'kind' in planner ? planner : planner.plan();
}

/** Plans a SELECT as far as it can be without the statement around it, its subqueries first: what they answer is what it may name. */
function plannerOf(written: SelectStatement, context: PlanContext, outer: OuterWindows | undefined): SelectPlanner | PlanError {
  const statement = withConstantsFolded(written);
  const timeZone = statement.timeZone === undefined ? undefined : timeZoneOf(statement.timeZone);
  const clock = { nowNs: context.nowNs, timeZone };
  const dimensions = planDimensions(statement.dimensions, clock);
  if (dimensions.kind === 'error') return dimensions;
  const windows = windowsOf(dimensions.window?.everyNs ?? 0n, statement, outer);
  const facts = checkSelect(statement, windows);
  if (facts.kind === 'error') return facts;
  const condition = splitTime(statement.condition, clock);
  if (condition.kind === 'error') return condition;
  const measurements = resolveSources(statement.sources.filter((source) => source.kind === 'measurement'), context);
  if ('kind' in measurements) return measurements;
  const subqueries: SelectPlanner[] = [];
  for (const source of statement.sources) {
    const planner = source.kind === 'subquery' ? plannerOf(source.statement, context, windows) : undefined;
    if (planner !== undefined && 'kind' in planner) return planner;
    if (planner !== undefined) subqueries.push(planner);
  }
  // Nobody would see the empty windows of a subquery.
  const isLean = outer !== undefined && facts.hasCalls && statement.fill.kind === 'null';
  return selectPlanner({ statement: isLean ? { ...statement, fill: { kind: 'none' } } : statement, context, timeZone, dimensions, condition, measurements, subqueries, hasCalls: facts.hasCalls });
}
/** A statement with its clauses taken apart, and what its sources are. */
interface CheckedSelect {
  readonly statement: SelectStatement;
  readonly context: PlanContext;
  /** Of tz(). */
  readonly timeZone: TimeZone | undefined;
  readonly dimensions: Dimensions;
  readonly condition: SplitCondition;
  readonly measurements: readonly SourceMeasurement[];
  readonly subqueries: readonly SelectPlanner[];
  readonly hasCalls: boolean;
}

/** A select list over a range. */
type PlanInputs = Omit<Projections, 'calls'> & Reach;

function selectPlanner(select: CheckedSelect): SelectPlanner | PlanError {
  const { statement, context, measurements } = select;
  const rows = select.subqueries.map(({ schema }) => schema);
  const fields = mergedFields([...measurements, ...rows]);
  const measured = isOpen(statement) ? mergedTagKeys(measurements, context.schema) : [];
  const dimensions = dimensionKeys(select.dimensions, [...measured, ...rows.flatMap((each) => each.dimensions)]);
  const names = { ...expandableNames({ fields, measured, rows }, dimensions), showsTagsOfTop: statement.target === undefined };
  const columns = new PlanColumns(fields, new Set(rows.flatMap((each) => [...each.tagColumns, ...each.dimensions])));
  const expanded = expandFields(statement.fields.filter(({ expression }) => !isTimeColumn(expression)), names);
  const typeError = checkTypes(expanded, columns);
  if (typeError !== undefined) return typeError;
  const projections = planProjections(expanded, columns, Number(BigInt.asUintN(32, context.nowNs)));
  return projections.kind === 'error' ? projections : new SelectPlanner(select, { fields: expanded, columns, projections, dimensions }, undefined);
}

/** What the select list comes to. */
interface PlannedFields {
  readonly fields: readonly ExpandedField[];
  readonly columns: PlanColumns;
  readonly projections: Projections;
  /** Keys of GROUP BY, sorted. */
  readonly dimensions: readonly string[];
}

/** What the statement around a subquery makes of it. */
interface Around {
  readonly range: TimeRange;
  readonly dimensions: readonly string[];
  readonly window: WindowPlan | undefined;
  readonly isDescending: boolean;
  /** No more rows of each series are looked at; undefined: all are. */
  readonly rowCountMax: number | undefined;
}

class SelectPlanner {
  readonly #select: CheckedSelect;
  readonly #fields: PlannedFields;
  readonly #around: Around | undefined;
  /** By the clock of the place. */
  #window: WindowPlan | undefined;

  constructor(select: CheckedSelect, fields: PlannedFields, around: Around | undefined) {
    this.#select = select;
    this.#fields = fields;
    this.#around = around;
  }

  /** What a statement around this one may name. */
  get schema(): SubquerySchema {
    return subquerySchema(this.#rowColumns, this.#fields.dimensions);
  }

  plan(): QueryPlan | PlanError {
    const { statement, hasCalls } = this.#select;
    const { fields, projections } = this.#fields;
    const asked = this.#range();
    this.#window = windowOf(this.#plainWindow, this.#select.timeZone, asked, leadOf(projections));
    const bucketError = this.#checkBuckets(asked);
    if (bucketError !== undefined) return bucketError;
    // Functions of fields that nobody has answer nothing.
    const isEmpty = asked.startNs >= asked.endNs || (hasCalls && projections.outputs.length === 0);
    const scope = { asked, window: this.#window, isDescending: this.#isDescending };
    const { windows, points } = reachOf(projections, scope);
    const transform = planTransform(projections, statement, scope);
    const sources = isEmpty ? [] : this.#sources({ ...projections, ...points });
    if ('kind' in sources) return sources;
    const time = statement.fields.find(({ expression }) => isTimeColumn(expression));
    const names = [time?.alias ?? 'time', ...columnNames(fields)];
    const tagColumns = fields.flatMap(({ tagOfTop: key }, column) => (key === undefined ? [] : [{ key, column }]));
    return { sources, range: points.range, mergePlan: this.#mergePlan({ inputs: { ...projections, ...windows }, transform, names, tagColumns, sources }) };
  }

  /** Without an upper bound, windows end with the one that holds the present. A subquery reads no more than what is around it. */
  #range(): TimeRange {
    const { condition, context } = this.#select;
    const openEndNs = this.#plainWindow === undefined ? MAX_TIME_NS : context.nowNs;
    const own = { startNs: condition.minNs ?? MIN_TIME_NS, endNs: (condition.maxNs ?? openEndNs) + 1n };
    return this.#around === undefined ? own : intersection(own, this.#around.range);
  }

  #checkBuckets({ startNs, endNs }: TimeRange): PlanError | undefined {
    const { selectBucketCountMax } = this.#select.context.limits;
    const window = this.#window;
    if (window === undefined || selectBucketCountMax === 0 || startNs <= MIN_TIME_NS || startNs >= endNs) return undefined;
    const bucketCount = windowCountIn(window, startNs, endNs);
    if (bucketCount <= BigInt(selectBucketCountMax)) return undefined;
    return planError(`max-select-buckets limit exceeded: (${bucketCount}/${selectBucketCountMax})`);
  }

  #sources(inputs: PlanInputs): PlannedSource[] | PlanError {
    const sources: PlannedSource[] = this.#measurementSources(inputs);
    for (const subquery of this.#select.subqueries) {
      const source = this.#subquerySource(subquery, inputs);
      if ('text' in source) return source;
      if (source.shardPlan.measurements.length > 0) sources.push(source);
    }
    return sources;
  }

  #measurementSources(inputs: PlanInputs): PlannedSource[] {
    const groups = Map.groupBy(this.#select.measurements, ({ database, retentionPolicy }) => JSON.stringify([database, retentionPolicy]));
    const sources: PlannedSource[] = [];
    for (const measurements of groups.values()) {
      const plans = measurements.map((measurement) => this.#measurementPlan(measurement)).filter(hasField);
      if (plans.length === 0) continue;
      const { database, retentionPolicy } = measurements[0]!;
      sources.push({ kind: 'measurements', database, retentionPolicy, shardPlan: this.#shardPlan(inputs, plans) });
    }
    return sources;
  }

  #subquerySource(subquery: SelectPlanner, inputs: PlanInputs): PlannedSource | PlanError {
    const columns = subquery.#rowColumns;
    const condition = planCondition(this.#select.condition.rest, columnTypes(columns));
    const output = this.#output(inputs);
    const rowCountMax = output.kind === 'rows' && condition.rowFilter === undefined ? output.rowCountMax : undefined;
    const around = { range: inputs.range, dimensions: this.#dimensions, window: this.#plainWindow, isDescending: this.#isDescending, rowCountMax };
    const plan = new SelectPlanner(subquery.#select, subquery.#fields, around).plan();
    if ('text' in plan) return plan;
    const rows: MeasurementPlan = { name: '', ...condition, origins: this.#originsIn(subquery) };
    const shardPlan = this.#shardPlan(inputs, [rows].filter(hasField));
    return { kind: 'subquery', plan, shardPlan, columns: withDimensions(columns, subquery.#fields.dimensions) };
  }

  #originsIn(subquery: SelectPlanner): readonly ColumnOrigin[] {
    const columns = withDimensions(subquery.#rowColumns, subquery.#fields.dimensions);
    return this.#fields.columns.originsInRows((name) => columns.some((column) => column.name === name));
  }

  #measurementPlan(measurement: SourceMeasurement): MeasurementPlan {
    return {
      name: measurement.name,
      ...planCondition(this.#select.condition.rest, measurement.fields),
      origins: this.#fields.columns.originsIn(measurement),
    };
  }

  #shardPlan(inputs: PlanInputs, measurements: readonly MeasurementPlan[]): ShardPlan {
    const isDescending = this.#isDescending;
    const sign = isDescending ? -1 : 1;
    return {
      range: inputs.range,
      isDescending,
      dimensions: this.#dimensions,
      measurements: measurements.toSorted((left, right) => sign * (left.name < right.name ? -1 : 1)),
      columns: this.#fields.columns.all,
      output: this.#output(inputs),
    };
  }

  #output({ calls, neighbours, outputs }: PlanInputs): RowsOutput | AggregatesOutput {
    const { statement, context } = this.#select;
    if (calls.length === 0) {
      const limit = this.#limit;
      return { kind: 'rows', rowCountMax: limit === undefined || outputs.length > 0 ? undefined : limit + statement.offset };
    }
    const plain = calls.map(({ type: _type, ...call }) => call);
    return { kind: 'aggregates', form: formOf(calls, neighbours), calls: plain, neighbours, window: this.#window, windowCountMax: context.limits.windowCountMax };
  }

  #mergePlan({ inputs, transform, names, tagColumns, sources }: Pick<MergePlan, 'transform' | 'tagColumns'> & {
    readonly inputs: PlanInputs;
    readonly names: readonly string[];
    readonly sources: readonly PlannedSource[];
  }): MergePlan {
    const { statement } = this.#select;
    return {
      range: inputs.range,
      isDescending: this.#isDescending,
      timeZone: statement.timeZone,
      dimensions: this.#dimensions,
      hasOneSeries: this.#dimensions.length === 0 && measurementCount(sources) === 1,
      input: this.#mergeInput(inputs),
      fill: isFillSeen(statement.fill, inputs, transform) ? planFill(statement, inputs.expressions) : { kind: 'none' },
      transform,
      columnNames: names,
      tagColumns,
      projections: inputs.expressions,
      limits: {
        limit: this.#limit,
        offset: statement.offset,
        seriesLimit: statement.seriesLimit === 0 ? undefined : statement.seriesLimit,
        seriesOffset: statement.seriesOffset,
      },
    };
  }

  #mergeInput({ calls, neighbours, expressions }: PlanInputs): MergeInput {
    const columns = this.#fields.columns.all;
    if (calls.length === 0) return { kind: 'rows', columns };
    return {
      kind: 'aggregates',
      form: formOf(calls, neighbours),
      calls,
      neighbours: neighbours.map((column) => columns[column]!),
      window: this.#window,
      hasPointTimes: this.#window === undefined && isSelectedPoint(calls, expressions),
      windowCountMax: this.#select.context.limits.windowCountMax,
    };
  }

  /** The columns of the rows as a statement around sees them; none where there can be no value, as of names that nobody has. */
  get #rowColumns(): readonly RowColumn[] {
    const { fields, columns, projections } = this.#fields;
    const { measurements, subqueries } = this.#select;
    const origins = [...measurements.map((each) => columns.originsIn(each)), ...subqueries.map((each) => this.#originsIn(each))];
    if (!origins.some((each) => hasField({ origins: each }))) return [];
    const names = columnNames(fields);
    return fields.flatMap(({ expression }, projection): RowColumn[] => {
      const type = typeOfColumn(projections.expressions[projection]!);
      const isTag = expression.kind === 'variable' && columns.isTag(expression);
      return type === 'unknown' ? [] : [{ name: names[projection]!, type, isTag, projection }];
    });
  }

  /** Those of a subquery tell its series apart for what is around it, too. */
  get #dimensions(): readonly string[] {
    return this.#around === undefined ? this.#fields.dimensions : [...new Set([...this.#fields.dimensions, ...this.#around.dimensions])].sort();
  }

  /** Rows of each series that pass: no more than what is around takes of it. */
  get #limit(): number | undefined {
    const { limit } = this.#select.statement;
    const wanted = this.#around?.rowCountMax;
    return limit === 0 ? wanted : Math.min(limit, wanted ?? Infinity);
  }

  get #isDescending(): boolean {
    return this.#around?.isDescending ?? this.#select.statement.order === 'DESC';
  }

  /** A subquery without windows has those of the statement around it, but by its own clock, as InfluxDB has it. */
  get #plainWindow(): WindowPlan | undefined {
    return this.#select.dimensions.window ?? this.#around?.window;
  }
}


/** By the clock of the place, over all windows that are read. */
function windowOf(window: WindowPlan | undefined, timeZone: TimeZone | undefined, range: TimeRange, leadWindowCount: number): WindowPlan | undefined {
  if (window === undefined || timeZone === undefined || range.startNs >= range.endNs) return window;
  const leadNs = BigInt(leadWindowCount) * window.everyNs;
  return timeZoneWindow(window, timeZone, { startNs: range.startNs - leadNs, endNs: range.endNs + leadNs });
}

function leadOf({ calls }: Projections): number {
  return calls.reduce((most, { leadWindowCount }) => Math.max(most, leadWindowCount), 0);
}
