import type { ErrorCode, TimestampNs } from '@varve/base';
import type { ReadLevel, SeriesBlock, ShownCell, TagExpression, TimeRange, WriteLevel } from '@varve/model';
import type { TraceParent } from './tracer.ts';

/** Units that `/write` takes for its times. */
export type Precision = 'n' | 'u' | 'ms' | 's' | 'm' | 'h';

/** One write as it leaves the HTTP edge: unpacked bytes, checked parameters. */
export interface WriteRequest {
  /** Read before `writePoints` returns its promise and never after: the caller then gives its memory back. */
  readonly body: Uint8Array;
  readonly precision: Precision;
  readonly database: string;
  /** undefined: the database's default. */
  readonly retentionPolicy: string | undefined;
  /** undefined: the policy's default. */
  readonly level: WriteLevel | undefined;
  /** Time of the request, for lines without one. */
  readonly nowNs: TimestampNs;
  /** The span that asks, when it is recorded. */
  readonly traceParent?: TraceParent | undefined;
}

/** What became of a write that was not refused as a whole. Everything in `acceptedRowCount` is durable at the level. */
export interface WriteSummary {
  readonly acceptedRowCount: number;
  /** One text per refused line, in InfluxDB's words, in order of the lines. Empty: 204. */
  readonly lineErrors: readonly string[];
  /** Points dropped after parsing (beyond the retention policy, field type conflict), with the reason in InfluxDB's words. */
  readonly dropped: { readonly pointCount: number; readonly reason: string } | undefined;
}

/** In InfluxDB's words what was not applied; undefined when everything was. */
export function partialWriteText({ lineErrors, dropped }: WriteSummary): string | undefined {
  if (lineErrors.length === 0 && dropped === undefined) return undefined;
  const reasons = dropped === undefined ? lineErrors : [...lineErrors, dropped.reason];
  return `partial write: ${reasons.join('\n')} dropped=${dropped?.pointCount ?? 0}`;
}

/** Points to delete, as a statement would name them, in one retention policy. */
export interface DeleteRequest {
  readonly database: string;
  /** undefined: the database's default. */
  readonly retentionPolicy: string | undefined;
  /** undefined: all. */
  readonly measurement: string | undefined;
  readonly series: TagExpression;
  readonly range: TimeRange;
  readonly traceParent?: TraceParent | undefined;
}

/** One query as it leaves the HTTP edge. Several statements may stand in one text. */
export interface QueryRequest {
  readonly text: string;
  readonly database: string | undefined;
  readonly retentionPolicy: string | undefined;
  /** Values for `$name` in the text, as JSON has them, int64 as bigint; the parser says which it takes. */
  readonly params: Readonly<Record<string, unknown>>;
  /** undefined: the policy's default. */
  readonly level: ReadLevel | undefined;
  /** Reads this data node alone, whatever the others have (Q6); undefined: whoever serves. */
  readonly nodeId: number | undefined;
  /** Fixed once: `now()` everywhere in the query. */
  readonly nowNs: TimestampNs;
  /** True for GET: statements that change something answer with InfluxDB's warning. */
  readonly isReadOnlyMethod: boolean;
  /** Rows per emitted block at most. */
  readonly chunkRowCount: number;
  /** Aborts the work everywhere when the client is gone. */
  readonly signal: AbortSignal;
  /** Called when the query is ended before its end (killed, its time is over, `signal`), also while nobody takes its items: those that are left are few. */
  readonly onEnded?: (() => void) | undefined;
  /** The span that asks, when it is recorded. */
  readonly traceParent?: TraceParent | undefined;
}

export type { Cell } from '@varve/model';

/** A piece of one result series of one statement. */
export interface ResultBlock extends SeriesBlock<ShownCell> {
  readonly kind: 'rows';
  readonly statementId: number;
  /** What one object of a chunked answer has whole, whatever its `chunk_size`, as in InfluxDB; absent: that many rows. */
  readonly whole?: 'series' | 'statement' | undefined;
}

/** What a statement answers, piece by piece; `done` ends each statement, so that an empty answer shows too. */
export type ResultItem =
  | ResultBlock
  | { readonly kind: 'message'; readonly statementId: number; readonly level: 'warning'; readonly text: string }
  /** Some shards, or coordinators, had nobody to answer for them: the rows are what the others have. The last item before `done`. */
  | { readonly kind: 'partial'; readonly statementId: number; readonly text: string }
  /** More rows would follow, and the edge answers no more of them. */
  | { readonly kind: 'cut'; readonly statementId: number }
  /** Without a code: it was not executed, because of the one before. */
  | { readonly kind: 'error'; readonly statementId: number; readonly text: string; readonly code?: ErrorCode }
  | { readonly kind: 'done'; readonly statementId: number };

export interface Health {
  readonly isPassing: boolean;
  /** One line per service or check that is not well; empty when passing. */
  readonly problems: readonly string[];
}

/** What the HTTP edge (and the library form) may ask of a coordinator. */
export interface Gateway {
  /** @throws DbError with the codes of WRITE_…, DATABASE_NOT_FOUND, RETENTION_POLICY_NOT_FOUND, META_UNAVAILABLE */
  writePoints(request: WriteRequest): Promise<WriteSummary>;
  /**
   * Resolves when what was acknowledged before is deleted for good. docs/specs/delete.md.
   * @throws DbError DATABASE_NOT_FOUND, QUERY_LIMIT: nothing is deleted; DELETE_INCOMPLETE, META_UNAVAILABLE, CLOCK_SKEWED, STOPPING: the same again is safe
   */
  deletePoints(request: DeleteRequest): Promise<void>;
  /** Parses everything first. @throws DbError QUERY_PARSE before the first item; later failures come as items. */
  runQuery(request: QueryRequest): AsyncIterable<ResultItem>;
  health(): Health;
}

