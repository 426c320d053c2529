import type { DurationMs, SizeBytes } from '@varve/base';
import { ADDRESS, COUNT, DURATION, ENDPOINT, oneOf, PATH, RATIO, SIZE, type Address, type OptionKind } from './option-kind.ts';

// One table drives flags, environment variables, TOML keys, --help and the type of the configuration. An option is named
// by its section and key; the rest follows: [http] bind-address = --http-bind-address = VARVE_HTTP_BIND_ADDRESS.
// Sections and keys are InfluxDB's where it has the option.

/** One row of the table. Bounds are inclusive, in the unit of the value, and for numbers only. */
export interface Option<Value> {
  readonly section: string;
  readonly key: string;
  readonly kind: OptionKind<Value>;
  readonly default: Value;
  readonly min?: number;
  readonly max?: number;
  /** One line for `--help`: what it does, and what 0 means where 0 is special. */
  readonly help: string;
}

/** A row whose type of value does not matter. */
export type AnyOption = Option<Address | number | string | readonly string[] | readonly number[]>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MIB = 2 ** 20;
/** Timers take 31 bits of milliseconds, a little more than 24 days. */
const DELAY_MS_MAX = 24 * 24 * HOUR_MS;

/** Every option there is. Units are last in the names, as everywhere. */
export const OPTIONS = {
  httpBindAddress: option(ADDRESS, {
    section: 'http',
    key: 'bind-address',
    default: { host: '127.0.0.1', port: 8086 },
    help: 'where the HTTP API listens; ":8086" is every interface, port 0 any free port',
  }),
  bodySizeBytesMax: option<SizeBytes>(SIZE, {
    section: 'http',
    key: 'max-body-size',
    default: 25_000_000,
    min: 1_024,
    max: 1_000_000_000,
    help: 'largest request body, before and after unpacking; a larger one is answered 413',
  }),
  rowCountMax: option(COUNT, {
    section: 'http',
    key: 'max-row-limit',
    default: 0,
    help: 'rows of a query answer that is not chunked; the rest is cut and marked "partial"; 0 is no limit',
  }),
  connectionCountMax: option(COUNT, {
    section: 'http',
    key: 'max-connection-limit',
    default: 10_000,
    help: 'open connections; more are closed at once; 0 is no limit',
  }),
  concurrentWriteCountMax: option(COUNT, {
    section: 'http',
    key: 'max-concurrent-write-limit',
    default: 0,
    help: 'writes worked on at a time; more wait; 0 is no limit',
  }),
  enqueuedWriteCountMax: option(COUNT, {
    section: 'http',
    key: 'max-enqueued-write-limit',
    default: 1_000,
    help: 'writes that wait for their turn; more are answered 503; 0: none waits',
  }),
  enqueuedWriteTimeoutMs: option<DurationMs>(DURATION, {
    section: 'http',
    key: 'enqueued-write-timeout',
    default: 30_000,
    min: 1,
    max: DELAY_MS_MAX,
    help: 'longest wait of a write for its turn, then it is answered 503',
  }),
  dataDir: option(PATH, {
    section: 'data',
    key: 'dir',
    default: './varve-data',
    help: 'directory of everything that lasts; made when missing; one process at a time',
  }),
  memtableSizeBytesMax: option<SizeBytes>(SIZE, {
    section: 'data',
    key: 'cache-snapshot-memory-size',
    default: 25 * MIB,
    min: MIB,
    max: 16 * 1024 * MIB,
    help: 'points in memory before the largest shard is flushed to its file',
  }),
  flushAgeMsMax: option<DurationMs>(DURATION, {
    section: 'data',
    key: 'cache-snapshot-write-cold-duration',
    default: 10_000,
    min: 1_000,
    max: DELAY_MS_MAX,
    help: 'age at which points in memory are flushed however few they are',
  }),
  chunkCacheSizeBytesMax: option<SizeBytes>(SIZE, {
    section: 'data',
    key: 'chunk-cache-size',
    default: 256 * MIB,
    max: 64 * 1024 * MIB,
    help: 'compressed chunks that queries read last are kept in memory up to this, half of it by scan threads where there are any',
  }),
  scanThreadCount: option(COUNT, {
    section: 'data',
    key: 'scan-threads',
    default: 1,
    max: 64,
    help: 'threads that scan chunks for long queries beside the one that does everything else, started when first wanted; 0: that one does it',
  }),
  seriesCountMax: option(COUNT, {
    section: 'data',
    key: 'max-series-per-database',
    default: 1_000_000,
    help: 'series of one shard group of a database; points of more are dropped and answered 400; the same for all coordinators; 0 is no limit',
  }),
  journalFileSizeBytesMax: option<SizeBytes>(SIZE, {
    section: 'data',
    key: 'journal-file-size',
    default: 64 * MIB,
    min: MIB,
    max: 4 * 1024 * MIB,
    help: 'size at which the journal begins its next file; a file is deleted when all its rows are flushed',
  }),
  writeTimeoutMs: option<DurationMs>(DURATION, {
    section: 'coordinator',
    key: 'write-timeout',
    default: 10_000,
    min: 1,
    max: DELAY_MS_MAX,
    help: 'a write that has not reached its consistency level by then is answered 504',
  }),
  concurrentQueryCountMax: option(COUNT, {
    section: 'coordinator',
    key: 'max-concurrent-queries',
    default: 0,
    help: 'queries that run at a time, on all coordinators; more are refused; 0 is no limit',
  }),
  queryTimeoutMs: option<DurationMs>(DURATION, {
    section: 'coordinator',
    key: 'query-timeout',
    default: 0,
    max: DELAY_MS_MAX,
    help: 'a query that runs longer, all its statements together, is stopped; 0 is no limit',
  }),
  selectBucketCountMax: option(COUNT, {
    section: 'coordinator',
    key: 'max-select-buckets',
    default: 0,
    help: 'GROUP BY time windows of one SELECT; more are refused; 0 is no limit',
  }),
  selectSeriesCountMax: option(COUNT, {
    section: 'coordinator',
    key: 'max-select-series',
    default: 0,
    help: 'series of one shard group that one SELECT reads; a SELECT of more is ended; 0 is no limit',
  }),
  selectPointCountMax: option(COUNT, {
    section: 'coordinator',
    key: 'max-select-point',
    default: 0,
    help: 'points that one SELECT works on, on all nodes; a SELECT of more is ended; 0 is no limit',
  }),
  selectMemorySizeBytesMax: option<SizeBytes>(SIZE, {
    section: 'coordinator',
    key: 'max-select-memory',
    default: 0,
    help: 'memory that the data of one SELECT takes up at a time, on all nodes, roughly; a SELECT of more is ended; 0 is no limit',
  }),
  slowQueryMs: option<DurationMs>(DURATION, {
    section: 'coordinator',
    key: 'log-queries-after',
    default: 0,
    max: DELAY_MS_MAX,
    help: 'a query that took longer is logged as slow; 0 logs none',
  }),
  retentionCheckIntervalMs: option<DurationMs>(DURATION, {
    section: 'retention',
    key: 'check-interval',
    default: 30 * MINUTE_MS,
    min: 1_000,
    max: 24 * HOUR_MS,
    help: 'how often shard groups beyond their retention policy are looked for and dropped',
  }),
  precreationCheckIntervalMs: option<DurationMs>(DURATION, {
    section: 'shard-precreation',
    key: 'check-interval',
    default: 10 * MINUTE_MS,
    min: 1_000,
    max: 24 * HOUR_MS,
    help: 'how often the next shard groups are looked for and made ahead of their time',
  }),
  precreationAdvanceMs: option<DurationMs>(DURATION, {
    section: 'shard-precreation',
    key: 'advance-period',
    default: 30 * MINUTE_MS,
    min: 1_000,
    max: 24 * HOUR_MS,
    help: 'how long before its start a shard group is made',
  }),
  logLevel: option(oneOf(['debug', 'info', 'warn', 'error']), {
    section: 'logging',
    key: 'level',
    default: 'info',
    help: 'the least serious events that are logged',
  }),
  logFormat: option(oneOf(['auto', 'console', 'json']), {
    section: 'logging',
    key: 'format',
    default: 'auto',
    help: 'lines for people or for machines; auto: for people on a terminal, else JSON',
  }),
  otlpEndpoint: option(ENDPOINT, {
    section: 'tracing',
    key: 'otlp-endpoint',
    default: '',
    help: 'OpenTelemetry collector that takes traces as OTLP over HTTP, such as http://127.0.0.1:4318; off: none are made',
  }),
  traceSampleRatio: option(RATIO, {
    section: 'tracing',
    key: 'sample-ratio',
    default: 1,
    min: 0,
    max: 1,
    help: 'part of the requests whose traces are recorded; a request that brings a recorded trace always is',
  }),
};

/** One checked value per row of a table. */
export type ConfigOf<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** The configuration of the database in one process: one value per row of {@link OPTIONS}. */
export type VarveConfig = ConfigOf<typeof OPTIONS>;

/** What holds when nobody says anything. */
export const DEFAULT_CONFIG = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, row]) => [name, row.default]),
) as VarveConfig;

/** `--section-key`. */
export function flagOf({ section, key }: AnyOption): string {
  return `--${section}-${key}`;
}

/** `VARVE_SECTION_KEY`. */
export function environmentNameOf({ section, key }: AnyOption): string {
  return `VARVE_${section}_${key}`.toUpperCase().replaceAll('-', '_');
}

/** A row; its default is of the kind's type. */
export function option<Value>(kind: OptionKind<Value>, row: Omit<Option<NoInfer<Value>>, 'kind'>): Option<Value> {
  return { kind, ...row };
}
