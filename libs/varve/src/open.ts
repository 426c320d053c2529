import { DEFAULT_CONFIG, LIMITS, type VarveConfig } from '@varve/config';
import type { FieldValue, ReadLevel, WriteLevel } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Gateway, type Log, type Precision } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { collectSeries, type ResultSeries } from './collect-series.ts';
import { openEmbedded } from './embedded.ts';

/** What may be said when opening; everything else has its default. */
export interface OpenOptions extends Partial<VarveConfig> {
  /** Directory of everything that lasts; made when missing; one process at a time. */
  readonly dataDir: string;
  /** Where events go; nowhere by default. */
  readonly log?: Log;
  /** Called once when a store can keep its promises no more. Default: throws, which ends the process. */
  readonly onFatal?: (error: unknown) => void;
}

export interface WriteOptions {
  readonly retentionPolicy?: string;
  /** Unit of the times; nanoseconds by default. */
  readonly precision?: Precision;
  readonly level?: WriteLevel;
}

export interface QueryOptions {
  readonly database?: string;
  readonly retentionPolicy?: string;
  /** Values for `$name` in the text. */
  readonly params?: Readonly<Record<string, FieldValue>>;
  readonly level?: ReadLevel;
}

/** A database in this process: the four services without HTTP. */
export interface Varve {
  /**
   * Writes line protocol; resolves when it is on disk. Refused lines and dropped points come back, they throw only when
   * nothing of the text could be read. @throws DbError WRITE_PARSE, DATABASE_NOT_FOUND, WRITE_TIMEOUT …
   */
  write(database: string, lines: string, options?: WriteOptions): Promise<{ readonly acceptedRowCount: number; readonly problems: readonly string[] }>;
  /** Runs InfluxQL, whole answers in memory. @throws DbError QUERY_PARSE, QUERY_INVALID with InfluxDB's text when a statement fails */
  query(text: string, options?: QueryOptions): Promise<readonly ResultSeries[]>;
  /** Finishes what is under way and lets go of the data directory. */
  close(): Promise<void>;
}

/**
 * Opens a data directory in this process.
 * @throws DbError STORAGE_LOCKED, STORAGE_UNWRITABLE, STORAGE_CORRUPT, STORAGE_NEWER_FORMAT
 */
export async function open({ log = SILENT_LOG, onFatal = endProcess, ...options }: OpenOptions): Promise<Varve> {
  const ports = { clock: systemClock, random: systemRandom, log, metrics: SILENT_METRICS, tracer: SILENT_TRACER, onFatal };
  const { gateway, close } = await openEmbedded(ports, { ...DEFAULT_CONFIG, ...options });
  return {
    close,
    write: (database, lines, writeOptions = {}) => write(gateway, { database, lines, ...writeOptions }),
    query: (text, queryOptions = {}) => query(gateway, { text, ...queryOptions }),
  };
}

/** The journal makes it safe to end at any moment; going on after a failed commit is not. */
function endProcess(error: unknown): void {
  setImmediate(() => {
    throw error; // Outside of every handler that might take it for a refused request.
  });
}

async function write(
  gateway: Gateway,
  { database, lines, retentionPolicy, precision = 'n', level }: WriteOptions & { readonly database: string; readonly lines: string },
): ReturnType<Varve['write']> {
  const body = new TextEncoder().encode(lines);
  const summary = await gateway.writePoints({ body, precision, database, retentionPolicy, level, nowNs: nowNs() });
  const { acceptedRowCount, lineErrors, dropped } = summary;
  const problems = dropped === undefined ? lineErrors : [...lineErrors, `${dropped.reason} dropped=${dropped.pointCount}`];
  return { acceptedRowCount, problems };
}

function query(
  gateway: Gateway,
  { text, database, retentionPolicy, params = {}, level }: QueryOptions & { readonly text: string },
): Promise<readonly ResultSeries[]> {
  const request = {
    ...{ text, database, retentionPolicy, params, level, nodeId: undefined, nowNs: nowNs() },
    ...{ isReadOnlyMethod: false, chunkRowCount: LIMITS.resultBlockRowCountMax, signal: new AbortController().signal },
  };
  return collectSeries(gateway.runQuery(request));
}

function nowNs(): bigint {
  return BigInt(Math.floor(systemClock.wallMs())) * 1_000_000n;
}
