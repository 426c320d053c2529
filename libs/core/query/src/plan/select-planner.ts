import { MAX_TIME_NS, MIN_TIME_NS, type TimeRange, type TimeZone } from '@varve/model';
import type { SelectStatement } from '../influxql/ast.ts';
import { isTimeColumn } from './check-select.ts';
import { columnNames } from './column-names.ts';
import type { ExpandedField } from './expand-fields.ts';
import { typeOfColumn } from './expression.ts';
import { windowCountProblem } from './filled-windows.ts';
import { planCondition } from './plan-condition.ts';
import type { PlanColumns } from './plan-columns.ts';
import type { PlanContext } from './plan-context.ts';
import type { Dimensions } from './plan-dimensions.ts';
import type { Projections } from './plan-projections.ts';
import { formOf, isSelectedPoint, planFill } from './plan-shape.ts';
import { isFillSeen, leadOfCalls, planTransform, reachOf, type Reach } from './plan-transform.ts';
import { hasField, intersection, measurementCount } from './planned-sources.ts';
import type { MergeInput, MergePlan, PlannedSource, QueryPlan, RowColumn } from './query-plan.ts';
import { sourceId } from './resolve-sources.ts';
import { planError, type PlanError } from './schema-view.ts';
import type { SourceMeasurement } from './select-schema.ts';
import type { AggregatesOutput, ColumnOrigin, MeasurementPlan, RowsOutput, ShardPlan, WindowPlan } from './shard-plan.ts';
import type { SplitCondition } from './split-time.ts';
import { columnTypes, subquerySchema, withDimensions, type SubquerySchema } from './subquery-schema.ts';
import { timeZoneWindow } from './time-zone-windows.ts';
import { windowCountIn, windowsAway, windowStartNs } from './window-line.ts';

/** A statement with its clauses taken apart, and what its sources are. */
export interface CheckedSelect {
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

/** A SELECT that is planned but for what the statement around it makes of it. */
export class SelectPlanner {
  readonly #select: CheckedSelect;
  readonly #fields: PlannedFields;
  readonly #around: Around | undefined;
  readonly #form: AggregatesOutput['form'];
  /** By the clock of the place. */
  #window: WindowPlan | undefined;

  constructor(select: CheckedSelect, fields: PlannedFields, around: Around | undefined) {
    this.#select = select;
    this.#fields = fields;
    this.#form = formOf(fields.projections);
    this.#around = around;
  }

  /** What a statement around this one may name. */
  get schema(): SubquerySchema {
    return subquerySchema(this.#rowColumns, this.#fields.dimensions);
  }

  /** How often shards are asked again for a measurement that stands several times in one FROM, here and in subqueries. */
  get repeatCount(): number {
    const groups = byPolicy(this.#select.measurements);
    const policies = new Set(groups.map(([first]) => JSON.stringify([first!.database, first!.retentionPolicy])));
    return this.#select.subqueries.reduce((count, each) => count + each.repeatCount, groups.length - policies.size);
  }

  plan(): QueryPlan | PlanError {
    const { statement, hasCalls } = this.#select;
    const { fields, projections } = this.#fields;
    const asked = this.#range();
    this.#window = windowOf(this.#plainWindow, this.#select.timeZone, asked, leadOfCalls(projections.calls));
    const bucketError = this.#checkBuckets(asked);
    if (bucketError !== undefined) return bucketError;
    // Functions of fields that nobody has answer nothing.
    const isEmpty = asked.startNs >= asked.endNs || (hasCalls && projections.outputs.length === 0);
    const scope = { asked, window: this.#window, isDescending: this.#isDescending };
    const { windows, points: reached } = reachOf(projections, scope);
    const points = this.#lastWindows(asked, reached, leadOfCalls(projections.calls));
    const transform = planTransform(projections, statement, scope);
    const sources = isEmpty ? [] : this.#sources(points, transform === undefined ? this.#wantedWindowCount : undefined);
    if ('kind' in sources) return sources;
    const time = statement.fields.find(({ expression }) => isTimeColumn(expression));
    const names = [time?.alias ?? 'time', ...columnNames(fields)];
    const tagColumns = fields.flatMap(({ tagOfTop: key }, column) => (key === undefined ? [] : [{ key, column }]));
    const mergePlan = this.#mergePlan({ reach: windows, transform, names, tagColumns, sources });
    const problem = sources.length === 0 ? undefined : windowCountProblem(mergePlan);
    return problem === undefined ? { sources, range: points.range, mergePlan } : planError(problem);
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

  /** With `max-select-buckets` a statement without a lower bound of time reads no more than its last windows; rows begin with the first value in them. */
  #lastWindows({ startNs, endNs }: TimeRange, reach: Reach, leadWindowCount: number): Reach {
    const { selectBucketCountMax } = this.#select.context.limits;
    const window = this.#window;
    if (window === undefined || selectBucketCountMax === 0 || startNs > MIN_TIME_NS || this.#around !== undefined) return reach;
    const firstNs = windowsAway(window, windowStartNs(window, endNs - 1n), 1 - selectBucketCountMax - leadWindowCount);
    return firstNs <= MIN_TIME_NS ? reach : { ...reach, range: { startNs: firstNs, endNs: reach.range.endNs } };
  }

  #sources(reach: Reach, wantedWindowCount: number | undefined): PlannedSource[] | PlanError {
    const sources: PlannedSource[] = this.#measurementSources(reach, wantedWindowCount);
    for (const subquery of this.#select.subqueries) {
      const source = this.#subquerySource(subquery, reach);
      if ('text' in source) return source;
      if (source.shardPlan.measurements.length > 0) sources.push(source);
    }
    return sources;
  }

  #measurementSources(reach: Reach, wantedWindowCount: number | undefined): PlannedSource[] {
    const sources: PlannedSource[] = [];
    for (const measurements of byPolicy(this.#select.measurements)) {
      const plans = measurements.map((measurement) => this.#measurementPlan(measurement)).filter(hasField);
      if (plans.length === 0) continue;
      const { database, retentionPolicy } = measurements[0]!;
      sources.push({ kind: 'measurements', database, retentionPolicy, shardPlan: this.#shardPlan(reach, plans, wantedWindowCount) });
    }
    return sources;
  }

  #subquerySource(subquery: SelectPlanner, reach: Reach): PlannedSource | PlanError {
    const columns = subquery.#rowColumns;
    const condition = planCondition(this.#select.condition.rest, columnTypes(columns), 'subquery');
    const output = this.#output(reach.calls);
    const rowCountMax = output.kind === 'rows' && condition.rowFilter === undefined ? output.rowCountMax : undefined;
    const around = { range: reach.range, dimensions: this.#dimensions, window: this.#plainWindow, isDescending: this.#isDescending, rowCountMax };
    const plan = new SelectPlanner(subquery.#select, subquery.#fields, around).plan();
    if ('text' in plan) return plan;
    const rows: MeasurementPlan = { name: '', ...condition, origins: this.#originsIn(subquery) };
    const shardPlan = this.#shardPlan(reach, [rows].filter(hasField));
    return { kind: 'subquery', plan, shardPlan, columns: withDimensions(columns, subquery.#fields.dimensions) };
  }

  #originsIn(subquery: SelectPlanner): readonly ColumnOrigin[] {
    const columns = withDimensions(subquery.#rowColumns, subquery.#fields.dimensions);
    return this.#fields.columns.originsInRows(new Set(columns.map(({ name }) => name)));
  }

  #measurementPlan(measurement: SourceMeasurement): MeasurementPlan {
    return {
      ...planCondition(this.#select.condition.rest, measurement.fields),
      name: measurement.name,
      origins: this.#fields.columns.originsIn(measurement),
    };
  }

  #shardPlan(reach: Reach, measurements: readonly MeasurementPlan[], wantedWindowCount?: number): ShardPlan {
    return {
      range: reach.range,
      isDescending: this.#isDescending,
      dimensions: this.#dimensions,
      measurements: this.#inOrder(measurements),
      columns: this.#fields.columns.all,
      output: this.#output(reach.calls, wantedWindowCount),
    };
  }

  #inOrder(measurements: readonly MeasurementPlan[]): readonly MeasurementPlan[] {
    if (measurements.length < 2) return measurements;
    const sign = this.#isDescending ? -1 : 1;
    return measurements.toSorted((left, right) => sign * (left.name < right.name ? -1 : 1));
  }

  #output(calls: Reach['calls'], wantedWindowCount?: number): RowsOutput | AggregatesOutput {
    const { statement, context } = this.#select;
    const { neighbours, outputs } = this.#fields.projections;
    if (calls.length === 0) {
      const limit = this.#limit;
      return { kind: 'rows', rowCountMax: limit === undefined || outputs.length > 0 ? undefined : limit + statement.offset };
    }
    return { kind: 'aggregates', form: this.#form, calls: calls.map(({ call }) => call), neighbours, window: this.#window, windowCountMax: context.limits.windowCountMax, wantedWindowCount };
  }

  #mergePlan({ reach, transform, names, tagColumns, sources }: Pick<MergePlan, 'transform' | 'tagColumns'> & {
    readonly reach: Reach;
    readonly names: readonly string[];
    readonly sources: readonly PlannedSource[];
  }): MergePlan {
    const { statement } = this.#select;
    const { expressions } = this.#fields.projections;
    return {
      range: reach.range,
      isDescending: this.#isDescending,
      timeZone: statement.timeZone,
      dimensions: this.#dimensions,
      hasOneSeries: this.#dimensions.length === 0 && measurementCount(sources) === 1,
      input: this.#mergeInput(reach.calls),
      fill: isFillSeen(statement.fill, reach, transform) ? planFill(statement, expressions) : { kind: 'none' },
      transform,
      columnNames: names,
      tagColumns,
      projections: expressions,
      limits: {
        limit: this.#limit,
        offset: statement.offset,
        seriesLimit: statement.seriesLimit === 0 ? undefined : statement.seriesLimit,
        seriesOffset: statement.seriesOffset,
      },
    };
  }

  #mergeInput(calls: Reach['calls']): MergeInput {
    const { projections: { neighbours, expressions }, columns: { all: columns } } = this.#fields;
    if (calls.length === 0) return { kind: 'rows', columns };
    return {
      kind: 'aggregates',
      form: this.#form,
      calls: calls.map(({ call, type }) => ({ ...call, type })),
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
    return fields.flatMap(({ expression, isUnlisted }, projection): RowColumn[] => {
      const type = typeOfColumn(projections.expressions[projection]!);
      const isTag = expression.kind === 'variable' && columns.isTag(expression);
      return type === 'unknown' || (isTag && !columns.isKnownTag(expression)) ? [] : [{ name: names[projection]!, type, isTag, isListed: isUnlisted !== true, projection }];
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

  /**
   * Of each group, where the first windows with values are enough: windows that have none are filled from those before, and every one with
   * values is a row. States of bytes may depend on the order in which points come.
   */
  get #wantedWindowCount(): number | undefined {
    const limit = this.#limit;
    const isEach = this.#fields.projections.expressions.every(({ kind }) => kind === 'input');
    if (limit === undefined || this.#window === undefined || this.#form !== 'columns' || !isEach) return undefined;
    return this.#select.statement.fill.kind === 'linear' ? undefined : limit + this.#select.statement.offset;
  }

  get #isDescending(): boolean {
    return this.#around?.isDescending ?? this.#select.statement.order === 'DESC';
  }

  /** A subquery without windows has those of the statement around it, but by its own clock, as InfluxDB has it. */
  get #plainWindow(): WindowPlan | undefined {
    return this.#select.dimensions.window ?? this.#around?.window;
  }
}

/** Measurements of one policy together, in order of the statement; one that stands there again, among those that do (SO1). */
function byPolicy(measurements: readonly SourceMeasurement[]): readonly (readonly SourceMeasurement[])[] {
  const groups = new Map<string, SourceMeasurement[]>();
  const counts = new Map<string, number>();
  for (const measurement of measurements) {
    const id = sourceId(measurement);
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    const place = JSON.stringify([count, measurement.database, measurement.retentionPolicy]);
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [measurement]);
    else group.push(measurement);
  }
  return [...groups.values()];
}

/** By the clock of the place, over all windows that are read. */
function windowOf(window: WindowPlan | undefined, timeZone: TimeZone | undefined, range: TimeRange, leadWindowCount: number): WindowPlan | undefined {
  if (window === undefined || timeZone === undefined || range.startNs >= range.endNs) return window;
  const leadNs = BigInt(leadWindowCount) * window.everyNs;
  return timeZoneWindow(window, timeZone, { startNs: range.startNs - leadNs, endNs: range.endNs + leadNs });
}
