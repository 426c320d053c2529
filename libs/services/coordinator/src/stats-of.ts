import type { Catalog } from '@varve/model';
import type { Figure, QueryRequest, SelfReport } from '@varve/ports';
import type { ModuleReport } from '@varve/query';
import { METRIC_CATALOGUE, metrics as names } from '@varve/telemetry';
import type { RunningQueries } from './running-queries.ts';
import type { SeriesCounts } from './series-counts.ts';

export interface StatsParts {
  readonly selfReport: SelfReport | undefined;
  readonly queries: RunningQueries;
  readonly catalog: Catalog;
  readonly counts: SeriesCounts;
}

/** Which module is asked for, and by whom. */
export interface StatsQuestion {
  /** undefined: all. */
  readonly module: string | undefined;
  readonly request: QueryRequest;
}

const NS_PER_S = 1_000_000_000;

/**
 * What SHOW STATS says of this coordinator's process: the modules and columns of InfluxDB as far as somebody counts what they
 * mean, then every metric of the catalogue under its first word. Columns that nothing here has (such as Go's) are left out.
 */
export async function statsOf(parts: StatsParts, { module, request }: StatsQuestion): Promise<readonly ModuleReport[]> {
  const { selfReport } = parts;
  const isAsked = (name: string): boolean => module === undefined || module === name;
  return [
    ...(selfReport === undefined ? [] : [runtimeStats(selfReport)]),
    await queryStats(parts),
    ...(isAsked('database') ? await databaseStats(parts, request) : []),
    ...(isAsked('shard') ? await shardStats(parts) : []),
    ...(selfReport === undefined ? [] : [await writeStats(selfReport), SUBSCRIBERS, CONTINUOUS_QUERIES, await httpStats(selfReport), ...(await catalogueStats(selfReport))]),
  ];
}

/** Nobody subscribes yet, and nothing runs continuously. */
const SUBSCRIBERS: ModuleReport = { module: 'subscriber', values: { createFailures: 0, pointsWritten: 0, writeFailures: 0 } };
const CONTINUOUS_QUERIES: ModuleReport = { module: 'cq', values: { queryFail: 0, queryOk: 0 } };

function runtimeStats(selfReport: SelfReport): ModuleReport {
  const { heapUsedBytes, heapTotalBytes, residentBytes } = selfReport.memory();
  const values = { Alloc: heapUsedBytes, HeapAlloc: heapUsedBytes, HeapIdle: heapTotalBytes - heapUsedBytes, HeapInUse: heapUsedBytes, HeapSys: heapTotalBytes, Sys: residentBytes };
  return { module: 'runtime', values };
}

async function queryStats({ selfReport, queries }: StatsParts): Promise<ModuleReport> {
  const [duration] = (await selfReport?.figures(names.queryDuration)) ?? [];
  const finished = duration?.count ?? 0;
  return {
    module: 'queryExecutor',
    values: {
      queriesActive: queries.size,
      queriesExecuted: finished + queries.size,
      queriesFinished: finished,
      queryDurationNs: Math.round((duration?.value ?? 0) * NS_PER_S),
      recoveredPanics: 0,
    },
  };
}

function databaseStats({ catalog, counts }: StatsParts, request: QueryRequest): Promise<readonly ModuleReport[]> {
  return Promise.all(
    [...catalog.databases.values()].map(async (database): Promise<ModuleReport> => {
      const [numMeasurements, numSeries] = [await counts.ofMeasurements(database, catalog, request), await counts.ofDatabase(database, catalog, request)];
      return { module: 'database', tags: [['database', database.name]], values: { numMeasurements, numSeries } };
    }),
  );
}

/** The newest of them. */
const SHARD_COUNT_MAX = 1_000;

async function shardStats({ catalog, counts }: StatsParts): Promise<readonly ModuleReport[]> {
  const placed = [...catalog.databases.values()].flatMap(({ name: database, retentionPolicies }) =>
    [...retentionPolicies.values()].flatMap(({ name: retentionPolicy, shardGroups }) => shardGroups.flatMap(({ shards }) => shards.map((shard) => ({ database, retentionPolicy, shard })))),
  );
  const newest = placed.sort((left, right) => left.shard.id - right.shard.id).slice(-SHARD_COUNT_MAX);
  const seriesCounts = await counts.ofShards(newest.map(({ shard }) => shard), catalog);
  return newest.map(({ database, retentionPolicy, shard: { id, owners } }, index) => ({
    module: 'shard',
    tags: [['database', database], ['engine', 'varve'], ['id', String(id)], ['retentionPolicy', retentionPolicy]],
    values: { owners: owners.length, seriesCreate: seriesCounts[index]! },
  }));
}

async function writeStats(selfReport: SelfReport): Promise<ModuleReport> {
  const [written, dropped, requests] = await Promise.all([names.pointsWritten, names.pointsDropped, names.httpRequests].map((name) => selfReport.figures(name)));
  const writes = requests!.filter(({ labels }) => labels['route'] === '/write');
  return {
    module: 'write',
    values: {
      pointReq: sumOf(written!) + sumOf(dropped!),
      req: sumOf(writes),
      writeDrop: sumOf(dropped!),
      writeError: sumOf(writes.filter(({ labels }) => labels['status']!.startsWith('5'))),
      writeOk: sumOf(writes.filter(({ labels }) => labels['status']!.startsWith('2'))),
      writeTimeout: sumOf(writes.filter(({ labels }) => labels['status'] === '504')),
    },
  };
}

async function httpStats(selfReport: SelfReport): Promise<ModuleReport> {
  const [requests, durations, written, dropped, refused] = await Promise.all(
    [names.httpRequests, names.httpRequestDuration, names.pointsWritten, names.pointsDropped, names.linesRefused].map((name) => selfReport.figures(name)),
  );
  const of = (route: string): number => sumOf(requests!.filter(({ labels }) => labels['route'] === route));
  const status = (digit: string): number => sumOf(requests!.filter(({ labels }) => labels['status']!.startsWith(digit)));
  const durationNs = (isWanted: (route: string) => boolean): number => Math.round(sumOf(durations!.filter(({ labels }) => isWanted(labels['route']!))) * NS_PER_S);
  return {
    module: 'httpd',
    tags: [['bind', selfReport.process.httpAddress]],
    values: {
      authFail: sumOf(requests!.filter(({ labels }) => labels['status'] === '401')),
      clientError: status('4'),
      pingReq: of('/ping'),
      pointsWrittenDropped: sumOf(dropped!),
      pointsWrittenFail: sumOf(refused!),
      pointsWrittenOK: sumOf(written!),
      promReadReq: of('/api/v1/prom/read'),
      promWriteReq: of('/api/v1/prom/write'),
      queryReq: of('/query'),
      queryReqDurationNs: durationNs((route) => route === '/query'),
      req: sumOf(requests!),
      reqDurationNs: durationNs(() => true),
      serverError: status('5'),
      statusReq: of('/status'),
      writeReq: of('/write'),
      writeReqDurationNs: durationNs((route) => route === '/write'),
    },
  };
}

/** `raft.log.length` is `log.length` of `varve_raft`; of a histogram there are the count and the sum. */
async function catalogueStats(selfReport: SelfReport): Promise<readonly ModuleReport[]> {
  const modules = new Map<string, Record<string, number>>();
  for (const { name, kind } of METRIC_CATALOGUE) {
    const [module, rest] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
    const figures = await selfReport.figures(name);
    const values = modules.get(module) ?? {};
    modules.set(module, values);
    if (kind !== 'histogram') values[rest] = sumOf(figures);
    else Object.assign(values, { [`${rest}.count`]: figures.reduce((sum, { count = 0 }) => sum + count, 0), [`${rest}.sum`]: sumOf(figures) });
  }
  return [...modules].map(([module, values]) => ({ module: `varve_${module}`, values }));
}

function sumOf(figures: readonly Figure[]): number {
  return figures.reduce((sum, { value }) => sum + value, 0);
}
