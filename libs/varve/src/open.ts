import { DbError } from '@varve/base';
import { DEFAULT_CONFIG, LIMITS, type VarveConfig } from '@varve/config';
import { joinNs, type Cell, type FieldValue, type ReadLevel, type WriteLevel } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, type Gateway, type Log, type Precision, type ResultBlock } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
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

/** One series of an answer. */
export interface ResultSeries {
  readonly statementId: number;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  /** One array per row; the time, where there is one, as nanoseconds in a bigint. */
  readonly rows: readonly (readonly (Cell | bigint)[])[];
}

/** A database in this process: the four services without HTTP. */
export interface Varve {
  /**
   * Writes line protocol; resolves when it is on disk. Refused lines and dropped points come back, they throw only when
   * nothing of the text could be read. @throws DbError WRITE_PARSE, DATABASE_NOT_FOUND, WRITE_TIMEOUT …
   */
  write(database: string, lines: string, options?: WriteOptions): Promise<{ readonly acceptedRowCount: number; readonly problems: readonly string[] }>;
  /** Runs InfluxQL, whole answers in memory. @throws Error with InfluxDB's text when a statement fails; DbError QUERY_PARSE */
  query(text: string, options?: QueryOptions): Promise<readonly ResultSeries[]>;
  /** Finishes what is under way and lets go of the data directory. */
  close(): Promise<void>;
}

/**
 * Opens a data directory in this process.
 * @throws DbError STORAGE_LOCKED, STORAGE_UNWRITABLE, STORAGE_CORRUPT, STORAGE_NEWER_FORMAT
 */
export async function open({ log = SILENT_LOG, onFatal = endProcess, ...options }: OpenOptions): Promise<Varve> {
  const ports = { clock: systemClock, random: systemRandom, log, metrics: SILENT_METRICS, onFatal };
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

async function query(
  gateway: Gateway,
  { text, database, retentionPolicy, params = {}, level }: QueryOptions & { readonly text: string },
): Promise<readonly ResultSeries[]> {
  const series: ResultSeries[] = [];
  const request = {
    ...{ text, database, retentionPolicy, params, level, nowNs: nowNs() },
    ...{ isReadOnlyMethod: false, chunkRowCount: LIMITS.resultBlockRowCountMax, signal: new AbortController().signal },
  };
  let isContinued = false;
  for await (const item of gateway.runQuery(request)) {
    if (item.kind === 'error') throw new DbError('QUERY_INVALID', item.text);
    if (item.kind !== 'rows') continue;
    const last = series.at(-1);
    if (isContinued && last !== undefined) series[series.length - 1] = { ...last, rows: [...last.rows, ...rowsOf(item)] };
    else series.push(seriesOf(item));
    isContinued = item.isPartial;
  }
  return series;
}

function seriesOf(block: ResultBlock): ResultSeries {
  const { statementId, name, tags, columns } = block;
  return { statementId, name, tags: Object.fromEntries(tags ?? []), columns, rows: rowsOf(block) };
}

function rowsOf({ times, cells, rowCount }: ResultBlock): readonly (readonly (Cell | bigint)[])[] {
  return Array.from({ length: rowCount }, (_, row) => {
    const values = cells.map((column) => column[row] ?? null);
    return times === undefined ? values : [joinNs(times.ms[row]!, times.subNs[row]!), ...values];
  });
}

function nowNs(): bigint {
  return BigInt(Math.floor(systemClock.wallMs())) * 1_000_000n;
}
