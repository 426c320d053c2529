import type { FieldType, TimeRange } from '@varve/model';
import type { FunctionName } from '../functions/function-table.ts';
import type { TransformArgument } from '../transforms/transformation.ts';
import type { Expression } from './expression.ts';
import type { AggregatesOutput, PlanCall, ShardPlan, WindowPlan } from './shard-plan.ts';

/** What a SELECT becomes: work for the shards of each source, and how their answers become one. */
export interface QueryPlan {
  /** Per (database, retention policy) and per subquery, in order of the statement; another for what stands there twice. Empty: the answer has no rows. */
  readonly sources: readonly PlannedSource[];
  /** Every row of the answer comes from points of this range. */
  readonly range: TimeRange;
  readonly mergePlan: MergePlan;
}

export type PlannedSource = PlannedMeasurements | PlannedSubquery;

/** Measurements of one retention policy: the same plan goes to all its shards in the range. */
export interface PlannedMeasurements {
  readonly kind: 'measurements';
  readonly database: string;
  readonly retentionPolicy: string;
  readonly shardPlan: ShardPlan;
}

/** A subquery: its rows are what the plan runs over instead of shards. */
export interface PlannedSubquery {
  readonly kind: 'subquery';
  readonly plan: QueryPlan;
  /** One measurement without a name, which stands for all that the rows come from. */
  readonly shardPlan: ShardPlan;
  /** Where the fields that the shard plan reads are in the rows. */
  readonly columns: readonly RowColumn[];
}

/** A column of a subquery's rows: the value of a projection, or of a tag of the row's series. */
export interface RowColumn {
  readonly name: string;
  readonly type: FieldType;
  /** Whether it is a tag of what the subquery reads. */
  readonly isTag: boolean;
  /** Whether `*` stands for it. */
  readonly isListed: boolean;
  /** Index of the projection; undefined: the tag of that name which the row's series has. */
  readonly projection: number | undefined;
}

/** What the coordinator does with partial results. */
export interface MergePlan {
  readonly range: TimeRange;
  readonly isDescending: boolean;
  /** Of tz(): whose clock times are shown by; undefined: UTC. */
  readonly timeZone: string | undefined;
  /** Sorted; they become the tags of each series of the answer. */
  readonly dimensions: readonly string[];
  /** All rows of the answer can only belong to one series: shards may be read one after the other. */
  readonly hasOneSeries: boolean;
  readonly input: MergeInput;
  readonly fill: PlannedFill;
  /** What stands between the inputs and the projections; undefined: nothing. */
  readonly transform: TransformPlan | undefined;
  /** Names of the answer's columns, that of the time first. */
  readonly columnNames: readonly string[];
  /** Columns, the time not counted, that INTO writes as tags: the tags of top() and bottom(). */
  readonly tagColumns: readonly TagColumn[];
  /** One per column after the time, over the inputs, or over what becomes of them in `transform`. */
  readonly projections: readonly Expression[];
  readonly limits: RowLimits;
}

export interface TagColumn {
  readonly key: string;
  readonly column: number;
}

/** Inputs of the projections: the columns of rows; or the calls, then the neighbours of a selector. */
export type MergeInput =
  | { readonly kind: 'rows'; readonly columns: readonly MergeColumn[] }
  | {
      readonly kind: 'aggregates';
      /** As the shards are asked for them. */
      readonly form: AggregatesOutput['form'];
      readonly calls: readonly (PlanCall & MergeColumn)[];
      readonly neighbours: readonly MergeColumn[];
      readonly window: WindowPlan | undefined;
      /** The answer's rows carry the time of the selected point, not of a window. */
      readonly hasPointTimes: boolean;
      /** Windows of one series that an answer has at most. */
      readonly windowCountMax: number;
    };

/** Input of the projections where there are functions over windows. */
export type AggregatesInput = MergeInput & { readonly kind: 'aggregates' };

/** For a call its argument's type. */
interface MergeColumn {
  readonly type: 'float' | 'integer' | 'string' | 'boolean';
}

/** Chains of transformations over inputs, joined by time. */
export interface TransformPlan {
  /** What the answer is about; windows before it are there for transformations only. */
  readonly range: TimeRange;
  readonly outputs: readonly TransformChain[];
}

export interface TransformChain {
  /** Index of an input. */
  readonly input: number;
  /** From the innermost to the outermost; none: the input as it is. */
  readonly steps: readonly (TransformStep | AggregateStep)[];
  /** Of what comes out. */
  readonly type: FieldType;
}

export interface TransformStep {
  readonly kind: 'transformation';
  /** A name of the table of transformations. */
  readonly function: string;
  /** Of the points that it takes. */
  readonly type: FieldType;
  readonly args: readonly TransformArgument[];
}

/** A function over the whole series; only the first step, and only over rows. */
export interface AggregateStep {
  readonly kind: 'aggregate';
  readonly function: FunctionName;
  /** Of the points that it takes. */
  readonly type: FieldType;
  readonly parameter: number | undefined;
}

/** What stands where a window has no value. A bigint is a whole number that no float64 holds. */
export type PlannedFill = { readonly kind: 'null' | 'none' | 'previous' | 'linear' } | { readonly kind: 'number'; readonly value: number | bigint };

/** Per series of the answer, and per measurement: how many series. undefined: no limit. */
export interface RowLimits {
  readonly limit: number | undefined;
  readonly offset: number;
  readonly seriesLimit: number | undefined;
  readonly seriesOffset: number;
}
