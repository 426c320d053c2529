import type { TimestampNs } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS, timeZoneOf, type TimeRange, type TimeZone } from '@varve/model';
import { columnForm, FUNCTIONS } from '../functions/function-table.ts';
import type { Expr, MeasurementSource, SelectStatement } from '../influxql/ast.ts';
import { foldWhole } from '../influxql/fold-constants.ts';
import { checkSelect, isTimeColumn } from './check-select.ts';
import { checkTypes } from './check-types.ts';
import { columnNames } from './column-names.ts';
import { expandFields } from './expand-fields.ts';
import { textMatcher } from './expression.ts';
import { planCondition } from './plan-condition.ts';
import { PlanColumns } from './plan-columns.ts';
import { planDimensions, type Dimensions } from './plan-dimensions.ts';
import { planProjections, type Projections } from './plan-projections.ts';
import { isFillSeen, planTransform, reachOf, type Reach } from './plan-transform.ts';
import type { Fill, MergeInput, MergePlan, PlannedSource, QueryPlan } from './query-plan.ts';
import { resolveSources, type SourceDefaults } from './resolve-sources.ts';
import { planError, type PlanError } from './schema-view.ts';
import { mergedFields, mergedTagKeys, type SourceMeasurement } from './select-schema.ts';
import type { AggregatesOutput, MeasurementPlan, RowsOutput, ShardPlan, WindowPlan } from './shard-plan.ts';
import { splitTime, type SplitCondition } from './split-time.ts';
import { windowCountIn } from './window-line.ts';
import { timeZoneWindow } from './time-zone-windows.ts';

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

/** Whether tag keys of the statement's measurements must be collected before it can be planned. */
export function needsTagKeys(statement: SelectStatement): boolean {
  const isOpen = (expression: Expr): boolean => expression.kind === 'wildcard' || expression.kind === 'regex';
  const { fields, dimensions } = withConstantsFolded(statement);
  return fields.some(({ expression }) => isOpen(expression)) || dimensions.some(isOpen);
}

/** The measurements whose tag keys a statement needs: those that its FROM names. */
export function selectMeasurements(statement: SelectStatement, context: SourceDefaults): readonly SourceMeasurement[] | PlanError {
  const sources = measurementSources(statement);
  return 'kind' in sources ? sources : resolveSources(sources, context);
}

/** Turns a SELECT into work for shards and for the coordinator, or says in InfluxDB's words why it cannot be done. */
export function planQuery(written: SelectStatement, context: PlanContext): QueryPlan | PlanError {
  const statement = withConstantsFolded(written);
  const sources = measurementSources(statement);
  if ('kind' in sources) return sources;
  const timeZone = statement.timeZone === undefined ? undefined : timeZoneOf(statement.timeZone);
  const clock = { nowNs: context.nowNs, timeZone };
  const dimensions = planDimensions(statement.dimensions, clock);
  if (dimensions.kind === 'error') return dimensions;
  const facts = checkSelect(statement, dimensions.window);
  if (facts.kind === 'error') return facts;
  const condition = splitTime(statement.condition, clock);
  if (condition.kind === 'error') return condition;
  const measurements = resolveSources(sources, context);
  if ('kind' in measurements) return measurements;
  return new SelectPlanner({ statement, context, timeZone, dimensions, condition, measurements, hasCalls: facts.hasCalls }).plan();
}

/** Also without parentheses: `(*)` is a wildcard. */
function withConstantsFolded(statement: SelectStatement): SelectStatement {
  const fields = statement.fields.map(({ expression, alias }) => ({ expression: foldWhole(expression), alias }));
  return { ...statement, fields, dimensions: statement.dimensions.map(foldWhole) };
}

/** The sources, where every part of the statement is one that is answered here. */
function measurementSources({ sources }: SelectStatement): readonly MeasurementSource[] | PlanError {
  const measurements = sources.filter((source) => source.kind === 'measurement');
  return measurements.length === sources.length ? measurements : planError('subqueries are not supported');
}

interface CheckedSelect {
  readonly statement: SelectStatement;
  readonly context: PlanContext;
  /** Of tz(). */
  readonly timeZone: TimeZone | undefined;
  readonly dimensions: Dimensions;
  readonly condition: SplitCondition;
  readonly measurements: readonly SourceMeasurement[];
  readonly hasCalls: boolean;
}

/** A select list over a range. */
type PlanInputs = Omit<Projections, 'calls'> & Reach;

class SelectPlanner {
  readonly #select: CheckedSelect;
  readonly #columns: PlanColumns;
  readonly #dimensions: readonly string[];
  readonly #range: TimeRange;
  #window: WindowPlan | undefined;

  constructor(select: CheckedSelect) {
    this.#select = select;
    this.#columns = new PlanColumns(mergedFields(select.measurements));
    this.#dimensions = dimensionKeys(select);
    this.#range = rangeOf(select);
  }

  plan(): QueryPlan | PlanError {
    const { statement } = this.#select;
    const fields = expandFields(statement.fields.filter(({ expression }) => !isTimeColumn(expression)), this.#expandableNames());
    const typeError = checkTypes(fields, this.#columns);
    if (typeError !== undefined) return typeError;
    const projections = planProjections(fields, this.#columns, Number(BigInt.asUintN(32, this.#select.context.nowNs)));
    if (projections.kind === 'error') return projections;
    const asked = this.#range;
    this.#window = windowOf(this.#select, asked, leadOf(projections));
    const bucketError = this.#checkBuckets(asked);
    if (bucketError !== undefined) return bucketError;
    // Functions of fields that nobody has answer nothing.
    const isEmpty = asked.startNs >= asked.endNs || (this.#select.hasCalls && projections.outputs.length === 0);
    const scope = { asked, window: this.#window, isDescending: this.#isDescending };
    const { windows, points } = reachOf(projections, scope);
    const transform = planTransform(projections, statement, scope);
    const sources = isEmpty ? [] : this.#sources({ ...projections, ...points });
    const time = statement.fields.find(({ expression }) => isTimeColumn(expression));
    const names = [time?.alias ?? 'time', ...columnNames(fields)];
    const tagColumns = fields.flatMap(({ tagOfTop: key }, column) => (key === undefined ? [] : [{ key, column }]));
    return { sources, range: points.range, mergePlan: this.#mergePlan({ inputs: { ...projections, ...windows }, transform, names, tagColumns, sources }) };
  }

  #expandableNames(): Parameters<typeof expandFields>[1] {
    const { statement, measurements, context } = this.#select;
    const tagKeys = needsTagKeys(statement) ? mergedTagKeys(measurements, context.schema) : [];
    return { showsTagsOfTop: statement.target === undefined, fields: mergedFields(measurements), tagKeys: tagKeys.filter((key) => !this.#dimensions.includes(key)) };
  }

  #checkBuckets({ startNs, endNs }: TimeRange): PlanError | undefined {
    const { selectBucketCountMax } = this.#select.context.limits;
    if (this.#window === undefined || selectBucketCountMax === 0 || startNs <= MIN_TIME_NS || startNs >= endNs) return undefined;
    const bucketCount = windowCountIn(this.#window, startNs, endNs);
    if (bucketCount <= BigInt(selectBucketCountMax)) return undefined;
    return planError(`max-select-buckets limit exceeded: (${bucketCount}/${selectBucketCountMax})`);
  }

  #sources(inputs: PlanInputs): PlannedSource[] {
    const groups = Map.groupBy(this.#select.measurements, ({ database, retentionPolicy }) => JSON.stringify([database, retentionPolicy]));
    const sources: PlannedSource[] = [];
    for (const measurements of groups.values()) {
      const plans = measurements.map((measurement) => this.#measurementPlan(measurement)).filter(({ origins }) => origins.some(({ kind }) => kind === 'field'));
      if (plans.length === 0) continue;
      const { database, retentionPolicy } = measurements[0]!;
      sources.push({ database, retentionPolicy, shardPlan: this.#shardPlan(inputs, plans) });
    }
    return sources;
  }

  #measurementPlan(measurement: SourceMeasurement): MeasurementPlan {
    return {
      name: measurement.name,
      ...planCondition(this.#select.condition.rest, measurement.fields),
      origins: this.#columns.originsIn(measurement),
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
      columns: this.#columns.all,
      output: this.#output(inputs),
    };
  }

  #output({ calls, neighbours, outputs }: PlanInputs): RowsOutput | AggregatesOutput {
    const { statement, context } = this.#select;
    if (calls.length === 0) {
      const { limit, offset } = statement;
      return { kind: 'rows', rowCountMax: limit === 0 || outputs.length > 0 ? undefined : limit + offset };
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
    const measurementCount = sources.reduce((count, { shardPlan }) => count + shardPlan.measurements.length, 0);
    return {
      range: inputs.range,
      isDescending: this.#isDescending,
      timeZone: statement.timeZone,
      dimensions: this.#dimensions,
      hasOneSeries: this.#dimensions.length === 0 && measurementCount === 1,
      input: this.#mergeInput(inputs),
      fill: isFillSeen(statement.fill, inputs, transform) ? planFill(statement, inputs.expressions) : { kind: 'none' },
      transform,
      columnNames: names,
      tagColumns,
      projections: inputs.expressions,
      limits: {
        limit: statement.limit === 0 ? undefined : statement.limit,
        offset: statement.offset,
        seriesLimit: statement.seriesLimit === 0 ? undefined : statement.seriesLimit,
        seriesOffset: statement.seriesOffset,
      },
    };
  }

  #mergeInput({ calls, neighbours, expressions }: PlanInputs): MergeInput {
    const columns = this.#columns.all;
    if (calls.length === 0) return { kind: 'rows', columns };
    const isSelector = calls.length === 1 && FUNCTIONS[calls[0]!.function].isSelector && !expressions.some(isNull);
    return {
      kind: 'aggregates',
      form: formOf(calls, neighbours),
      calls,
      neighbours: neighbours.map((column) => columns[column]!),
      window: this.#window,
      hasPointTimes: isSelector && this.#window === undefined,
      windowCountMax: this.#select.context.limits.windowCountMax,
    };
  }

  get #isDescending(): boolean {
    return this.#select.statement.order === 'DESC';
  }
}

/** Without an upper bound, windows end with the one that holds the present. */
function rangeOf({ condition, dimensions, context }: CheckedSelect): TimeRange {
  const openEndNs = dimensions.window === undefined ? MAX_TIME_NS : context.nowNs;
  return { startNs: condition.minNs ?? MIN_TIME_NS, endNs: (condition.maxNs ?? openEndNs) + 1n };
}

/** By the clock of the place, over all windows that are read. */
function windowOf({ dimensions: { window }, timeZone }: CheckedSelect, range: TimeRange, leadWindowCount: number): WindowPlan | undefined {
  if (window === undefined || timeZone === undefined || range.startNs >= range.endNs) return window;
  const leadNs = BigInt(leadWindowCount) * window.everyNs;
  return timeZoneWindow(window, timeZone, { startNs: range.startNs - leadNs, endNs: range.endNs + leadNs });
}

function leadOf({ calls }: Projections): number {
  return calls.reduce((most, { leadWindowCount }) => Math.max(most, leadWindowCount), 0);
}

/** Columns, where all states are numbers and no cell is carried beside them. */
function formOf(calls: Reach['calls'], neighbours: readonly number[]): AggregatesOutput['form'] {
  const areNumbers = calls.every(({ function: name, type }) => columnForm(name, type) !== undefined);
  return neighbours.length === 0 && areNumbers ? 'columns' : 'states';
}

/** An empty window is no row for count_hll(), and a filled one is, as with transformations. Nor is it one where rows are written. */
function planFill({ fill, target }: Pick<SelectStatement, 'fill' | 'target'>, expressions: Projections['expressions']): Fill {
  if (fill.kind === 'null' && (target !== undefined || !expressions.some(readsInput))) return { kind: 'none' };
  return fill.kind === 'number' ? { kind: 'number', value: Number(fill.value) } : { kind: fill.kind };
}

/** A function of a field that nobody has counts as a second function: the answer is no selected point any more. */
function isNull(expression: Projections['expressions'][number]): boolean {
  if (expression.kind === 'binary') return isNull(expression.left) || isNull(expression.right);
  if (expression.kind === 'math') return expression.args.some(isNull);
  if (expression.kind === 'sketchCount') return isNull(expression.argument);
  return expression.kind === 'literal' && expression.type === 'unknown';
}

/** Whether an expression depends on an input, and not through count_hll() alone. */
function readsInput(expression: Projections['expressions'][number]): boolean {
  if (expression.kind === 'binary') return readsInput(expression.left) || readsInput(expression.right);
  return expression.kind === 'math' ? expression.args.some(readsInput) : expression.kind === 'input';
}

/** The tag keys of GROUP BY, `*` and patterns expanded, sorted. */
function dimensionKeys({ dimensions, measurements, context, statement }: CheckedSelect): readonly string[] {
  const all = needsTagKeys(statement) ? mergedTagKeys(measurements, context.schema) : [];
  const keys = dimensions.tags.flatMap((tag) => {
    if (tag.kind === 'variable') return [tag.name];
    return tag.kind === 'regex' ? all.filter(textMatcher(tag.pattern)) : all;
  });
  return [...new Set(keys)].sort();
}
