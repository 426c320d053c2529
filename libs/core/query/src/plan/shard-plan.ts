import { DbError, type TimestampNs } from '@varve/base';
import type { FieldType, SeriesKey, TagExpression, TimeRange } from '@varve/model';
import type { FunctionOptions } from '../functions/function-definition.ts';
import type { SelectLimits } from '../limits/select-limits.ts';
import type { FunctionName } from '../functions/function-table.ts';
import type { GroupKey } from '../partial/group-key.ts';
import { decodeJson, encodeJson } from './bigint-json.ts';
import type { Expression } from './expression.ts';

/**
 * What one shard does for a query: which series, which rows, which cells or partial aggregates. Plain data; the same plan
 * goes to every shard of one retention policy.
 */
export interface ShardPlan {
  readonly range: TimeRange;
  readonly isDescending: boolean;
  /** Tag keys that tell groups apart, sorted. */
  readonly dimensions: readonly string[];
  /** In the order in which they come out; names are unique. */
  readonly measurements: readonly MeasurementPlan[];
  readonly columns: readonly PlanColumn[];
  readonly output: RowsOutput | AggregatesOutput;
  /** What the shard counts, and where it ends; absent: nothing is counted. */
  readonly limits?: SelectLimits;
  /** Another owner has told the answer up to here, this place too: what lies behind it is wanted (Q4). Absent: all of it is. */
  readonly behind?: AnswerPlace;
}

/** A row or a window of a shard's answer. */
export type AnswerPlace = RowPlace | WindowPlace;

export interface RowPlace {
  readonly group: GroupKey;
  /** From the shard's start. */
  readonly offsetNs: number;
  readonly seriesKey: SeriesKey;
}

export interface WindowPlace {
  readonly group: GroupKey;
  /** As the shard numbers them. */
  readonly window: number;
}

export interface MeasurementPlan {
  readonly name: string;
  /** Series that it does not let pass have no row that passes `rowFilter`. */
  readonly tagFilter: TagExpression;
  /** What remains to be asked of each row; its inputs count through `filterColumns`. */
  readonly rowFilter: Expression | undefined;
  readonly filterColumns: readonly FilterColumn[];
  /** Where each of the plan's columns comes from in this measurement. */
  readonly origins: readonly ColumnOrigin[];
}

/** `none`: the measurement has neither such a field nor such a tag; all cells are null. */
export interface ColumnOrigin {
  readonly kind: 'field' | 'tag' | 'none';
  readonly name: string;
}

/** `tag` is '' and `tagOrNull` null where a series lacks it. */
export interface FilterColumn {
  readonly kind: ColumnOrigin['kind'] | 'tagOrNull';
  readonly name: string;
}

export interface PlanColumn {
  readonly name: string;
  /** A field of another numeric type is converted; of any other type its cells are null. Tags are strings. */
  readonly type: FieldType;
}

/** Rows in order of (group, time, series), all columns. */
export interface RowsOutput {
  readonly kind: 'rows';
  /** No more rows of a group are needed from one shard; undefined: all are. */
  readonly rowCountMax: number | undefined;
}

/** One partial state per (group, window, call). */
export interface AggregatesOutput {
  readonly kind: 'aggregates';
  /** How states travel: as numbers in columns, where those of all calls are numbers; else each in bytes of its own. */
  readonly form: 'columns' | 'states';
  readonly calls: readonly PlanCall[];
  /** Columns that a selector carries with its point; indexes into the plan's columns. */
  readonly neighbours: readonly number[];
  /** undefined: one window over everything. */
  readonly window: WindowPlan | undefined;
  /** Windows of one group that a data node holds at most. */
  readonly windowCountMax: number;
  /** No more windows with values of a group are needed from one shard, the first in the order of the answer; absent: all are. */
  readonly wantedWindowCount?: number | undefined;
}

export interface PlanCall {
  readonly function: FunctionName;
  /** Index into the plan's columns. */
  readonly column: number;
  /** The last argument, if it is no column; durations in nanoseconds. */
  readonly parameter: number | undefined;
  /** Tags of whose values only the best point takes part; absent: of none. */
  readonly tags?: readonly string[];
  /** The part of the plan's range whose points it takes; absent: all of it. */
  readonly range?: TimeRange;
  /** What is taken at random is a function of it and of the points. */
  readonly seed?: number;
  /** Of points that are equal for a selector it picks the one whose series has the greatest key; absent: the least. */
  readonly picksLastKey?: boolean;
  /** A value that is there several times has its last time; absent: its first. */
  readonly takesLastTime?: boolean;
}

/** What a call asks of its function, on either side of the wire. */
export function optionsOf({ parameter, tags = [], seed = 0, picksLastKey = false, takesLastTime = false }: PlanCall, type: FieldType, neighbourCount: number): FunctionOptions {
  return { type, parameter, tags, seed, picksLastKey, takesLastTime, neighbourCount };
}

/**
 * Windows are [offset + k × every, offset + (k + 1) × every), counted from the epoch, until the first shift. `offsetNs`
 * may be any time.
 */
export interface WindowPlan {
  readonly everyNs: bigint;
  readonly offsetNs: bigint;
  /** Ascending. Absent: windows stay as they are (TZ2). */
  readonly shifts?: readonly WindowShift[];
}

/** [fromNs, nextNs) is a window, and the ones behind it begin at nextNs + k × every until the next shift. */
export interface WindowShift {
  readonly fromNs: TimestampNs;
  readonly nextNs: TimestampNs;
}

/**
 * What a plan says and how it is answered, frames included: a node that reads or answers otherwise refuses it. What is new in a plan, a
 * function too, takes the next number, for the plans that have it: nodes that do not know it must not carry out the rest.
 */
const FORMAT = 8;

/** The bytes in which a plan travels: its format, then JSON with bigints as `{"ns": "…"}`. */
export function encodeShardPlan(plan: ShardPlan): Uint8Array {
  return encodeJson({ format: FORMAT, plan });
}

/** The inverse of {@link encodeShardPlan}. @throws DbError MESSAGE_INVALID */
export function decodeShardPlan(bytes: Uint8Array): ShardPlan {
  const { format, plan } = decodeJson(bytes, 'a shard plan') as { readonly format: unknown; readonly plan: ShardPlan };
  if (format !== FORMAT) throw new DbError('MESSAGE_INVALID', `a shard plan of format ${String(format)}; this node knows ${FORMAT}`);
  return plan;
}

/** How a plan travels. */
export const shardPlanCodec = { encode: encodeShardPlan, decode: decodeShardPlan };
