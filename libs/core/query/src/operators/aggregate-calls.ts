import type { TimestampNs } from '@varve/base';
import { hasNumbers, type FieldType, type SeriesSummaries, type SummarizedField } from '@varve/model';
import type { NumberPartial } from '../functions/column-form.ts';
import type { PartialState } from '../functions/function-definition.ts';
import { columnForm, FUNCTIONS } from '../functions/function-table.ts';
import type { SummaryRun } from '../functions/run.ts';
import { optionsOf, type AggregatesOutput, type MeasurementPlan, type ShardPlan } from '../plan/shard-plan.ts';
import { WindowGrid } from '../plan/window-grid.ts';
import { RunCutter } from './run-cutter.ts';
import type { ReadQuestion } from './shard-source.ts';
import type { RowFilter } from './row-filter.ts';
import type { SeriesGroup } from './series-groups.ts';
import { fieldsToRead, isNumericType } from './slice-cells.ts';

/** A plan that asks for aggregates. */
export type AggregatesPlan = ShardPlan & { readonly output: AggregatesOutput };

/** A value that is held takes some hundred nanoseconds. */
const HELD_ROW_COUNT_AT_ONCE = 32_768;

/** Calls on one field, over the same offsets: half-open, −∞ to ∞ where they take all that is read. */
interface CallGroup {
  readonly column: number;
  readonly name: string;
  /** As the plan has it. */
  readonly type: FieldType;
  readonly calls: readonly number[];
  readonly startNs: number;
  readonly endNs: number;
  /** Whether they can do with a summary without numbers. */
  readonly countIsEnough: boolean;
}

/** A state per call: numbers in columns, or bytes, as the plan's form says. */
export type CallStates = readonly (PartialState | NumberPartial)[];

/** The calls of a plan over one measurement in one shard: what all of its groups have alike. */
export class AggregateCalls {
  readonly plan: AggregatesPlan;
  readonly measurement: MeasurementPlan;
  readonly rowFilter: RowFilter;
  readonly grid: WindowGrid;
  readonly cutter: RunCutter;
  /** Calls that take the same values. */
  readonly groups: readonly CallGroup[];
  /** Rows that are added in one go: a filter, or functions that hold values, may take long for each. */
  readonly rowCountAtOnce: number;
  readonly #startNs: TimestampNs;
  /** Whether summaries may stand for rows: no row and no cell beside a value is looked at, and each function can do with them. */
  readonly #takesSummaries: boolean;
  /** Fields of the summaries at hand, and those of them that each group of calls takes. */
  #summarized: SeriesSummaries['fields'] = [];
  #taken: readonly (SummarizedField | undefined)[] = [];

  constructor(plan: AggregatesPlan, { measurement, rowFilter }: Pick<SeriesGroup, 'measurement' | 'rowFilter'>, startNs: TimestampNs) {
    this.plan = plan;
    this.measurement = measurement;
    this.rowFilter = rowFilter;
    this.grid = new WindowGrid(plan.output.window, startNs);
    this.cutter = new RunCutter(this.grid);
    this.#startNs = startNs;
    const states = this.createStates();
    this.groups = callGroups(plan, measurement, startNs, states);
    this.rowCountAtOnce = Math.min(rowFilter.rowCountAtOnce, states.some((state) => 'heldCount' in state) ? HELD_ROW_COUNT_AT_ONCE : Infinity);
    const areFields = plan.output.calls.every(({ column }) => measurement.origins[column]!.kind !== 'tag');
    this.#takesSummaries = rowFilter.passesAll && plan.output.neighbours.length === 0 && areFields && states.every(({ addSummary }) => addSummary !== undefined);
  }

  /** What is asked of each series. */
  question(): ReadQuestion {
    const { grid } = this;
    return {
      fields: fieldsToRead(this.measurement),
      maySummarize: this.#takesSummaries ? (minNs, maxNs) => maxNs < grid.endOf(grid.indexOf(minNs)) : undefined,
      mayPass: this.rowFilter.mayPass,
      isBrief: this.plan.output.form === 'columns', // Numbers are taken out of the rows; states of bytes may keep them.
    };
  }

  /** Of one group. */
  createStates(): CallStates {
    const { columns, output } = this.plan;
    return output.calls.map((call) => {
      const { type } = columns[call.column]!;
      if (output.form === 'columns') return columnForm(call.function, type, output.window !== undefined)!.createPartial();
      return FUNCTIONS[call.function].createPartial(optionsOf(call, type, output.neighbours.length), this.#startNs);
    });
  }

  /** By group of calls, the field that summaries have of it; undefined where they have no values for them. */
  fieldsOf({ fields }: SeriesSummaries): readonly (SummarizedField | undefined)[] {
    if (fields !== this.#summarized) {
      this.#summarized = fields;
      this.#taken = this.groups.map(({ name, type }) => fields.find((field) => field.name === name && (field.type === type || (isNumericType(field.type) && isNumericType(type)))));
    }
    return this.#taken;
  }
}

/** Whether all calls can take a summary in the place of its rows. `fields`: by group of calls. */
export function takeSummary(groups: readonly CallGroup[], summary: SummaryPlace, fields: readonly (SummarizedField | undefined)[]): boolean {
  for (let index = 0; index < groups.length; index += 1) if (!takesSummary(groups[index]!, summary, fields[index])) return false;
  return true;
}

type SummaryPlace = Pick<SummaryRun, 'minOffsetNs' | 'maxOffsetNs' | 'at'>;

function takesSummary({ startNs, endNs, type, countIsEnough }: CallGroup, { minOffsetNs, maxOffsetNs, at }: SummaryPlace, field: SummarizedField | undefined): boolean {
  // A call that begins or ends among these rows has to see them.
  if ((startNs > minOffsetNs && startNs <= maxOffsetNs) || (endNs > minOffsetNs && endNs <= maxOffsetNs)) return false;
  if (field === undefined) return true;
  return (field.type === type || type === 'float') && (countIsEnough || hasNumbers(field.summaries, at));
}

function callGroups({ columns, output: { calls } }: AggregatesPlan, { origins }: MeasurementPlan, shardStartNs: TimestampNs, states: CallStates): CallGroup[] {
  const groups: (CallGroup & { readonly calls: number[]; countIsEnough: boolean })[] = [];
  for (const [call, { column, range }] of calls.entries()) {
    const [startNs, endNs] = range === undefined ? [-Infinity, Infinity] : [Number(range.startNs - shardStartNs), Number(range.endNs - shardStartNs)];
    const countIsEnough = states[call]!.countIsEnough === true;
    const group = groups.find((each) => each.column === column && each.startNs === startNs && each.endNs === endNs);
    if (group === undefined) groups.push({ column, name: origins[column]!.name, type: columns[column]!.type, calls: [call], startNs, endNs, countIsEnough });
    else {
      group.calls.push(call);
      group.countIsEnough &&= countIsEnough;
    }
  }
  return groups;
}
