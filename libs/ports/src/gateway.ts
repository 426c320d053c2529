import type { TimestampNs } from '@varve/base';
import type { FieldValue, ReadLevel, SplitTimes, TagSet, WriteLevel } from '@varve/model';

/** Units that `/write` takes for its times. */
export type Precision = 'n' | 'u' | 'ms' | 's' | 'm' | 'h';

/** One write as it leaves the HTTP edge: unpacked bytes, checked parameters. */
export interface WriteRequest {
  readonly body: Uint8Array;
  readonly precision: Precision;
  readonly database: string;
  /** undefined: the database's default. */
  readonly retentionPolicy: string | undefined;
  /** undefined: the policy's default. */
  readonly level: WriteLevel | undefined;
  /** Time of the request, for lines without one. */
  readonly nowNs: TimestampNs;
}

/** What became of a write that was not refused as a whole. Everything in `acceptedRowCount` is durable at the level. */
export interface WriteSummary {
  readonly acceptedRowCount: number;
  /** One text per refused line, in InfluxDB's words, in order of the lines. Empty: 204. */
  readonly lineErrors: readonly string[];
  /** Points dropped after parsing (beyond the retention policy, field type conflict), with the reason in InfluxDB's words. */
  readonly dropped: { readonly pointCount: number; readonly reason: string } | undefined;
}

/** One query as it leaves the HTTP edge. Several statements may stand in one text. */
export interface QueryRequest {
  readonly text: string;
  readonly database: string | undefined;
  readonly retentionPolicy: string | undefined;
  /** Values for `$name` in the text. */
  readonly params: Readonly<Record<string, FieldValue>>;
  /** undefined: the policy's default. */
  readonly level: ReadLevel | undefined;
  /** Fixed once: `now()` everywhere in the query. */
  readonly nowNs: TimestampNs;
  /** True for GET: statements that change something answer with InfluxDB's warning. */
  readonly isReadOnlyMethod: boolean;
  /** Rows per emitted block at most. */
  readonly chunkRowCount: number;
  /** Aborts the work everywhere when the client is gone. */
  readonly signal: AbortSignal;
}

/** A cell of an answer. Times are in the block's `times`, never in cells. bigint only beyond ±(2^53 − 1). */
export type Cell = FieldValue | null;

/**
 * A piece of one result series. Blocks of a series come one after the other; a block with another name or other tags
 * begins the next series.
 */
export interface ResultBlock {
  readonly kind: 'rows';
  readonly statementId: number;
  readonly name: string;
  /** undefined: the answer has no `tags` member. */
  readonly tags: TagSet | undefined;
  /** Names of all columns; the first is `time` exactly when `times` is there. */
  readonly columns: readonly string[];
  readonly times: SplitTimes | undefined;
  /** One array per column after the time column. */
  readonly cells: readonly (readonly Cell[])[];
  readonly rowCount: number;
  /** More rows of this very series follow in the next block. */
  readonly isPartial: boolean;
}

/** What a statement answers, piece by piece; `done` ends each statement, so that an empty answer shows too. */
export type ResultItem =
  | ResultBlock
  | { readonly kind: 'message'; readonly statementId: number; readonly level: 'warning'; readonly text: string }
  | { readonly kind: 'error'; readonly statementId: number; readonly text: string }
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
  /** Parses everything first. @throws DbError QUERY_PARSE before the first item; later failures come as items. */
  runQuery(request: QueryRequest): AsyncIterable<ResultItem>;
  health(): Health;
}

