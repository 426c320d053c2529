import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { influxqlOf, rangeQueryOf, type Question } from './queries/query-kinds.ts';

// What is measured, and how each system is started on a fresh directory and spoken to. All take InfluxDB line protocol.

/** How to start a system. */
export interface Launch {
  readonly program: string;
  readonly programArguments: readonly string[];
}

export interface System {
  readonly name: string;
  /** Looked for on the PATH. */
  readonly program: string;
  /** Whether an acknowledged row is on disk, with the settings below. */
  readonly syncsBeforeAck: boolean;
  readonly pingPath: string;
  /** Databases must be made first; undefined: they need not. */
  readonly createPath: string | undefined;
  readonly writePath: string;
  /** Whether a field may be text. */
  readonly takesStrings: boolean;
  /** Where a question is asked; undefined: the system has no form of it. */
  queryPath(question: Question): string | undefined;
  /** Where a text in InfluxQL is asked; undefined: the system does not speak it. */
  influxqlPath(text: string): string | undefined;
  /** Where the one value of a host's field is asked for, which was written for a time. */
  valuePath(wanted: { readonly field: string; readonly host: string; readonly atMs: number }): string;
  /** Prepares the settings. `ports` are free, the first is the one for HTTP. */
  prepare(directory: string, ports: readonly number[]): Launch;
}

const influxLike = {
  pingPath: '/ping',
  createPath: '/query?q=CREATE+DATABASE+bench',
  writePath: '/write?db=bench',
  takesStrings: true,
  queryPath: (question) => askInfluxql(influxqlOf(question)),
  influxqlPath: askInfluxql,
  valuePath: ({ field, host }) => askInfluxql(`SELECT ${field} FROM cpu WHERE hostname = '${host}'`),
} satisfies Partial<System>;

const ROOT = resolve(import.meta.dirname, '../../..');
/** What `npm start` hands to Node: flags, the bootstrap, the program. */
const START = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly scripts: { readonly start: string } }).scripts.start
  .split(' ')
  .slice(1)
  .map((word) => (word.startsWith('-') ? word : join(ROOT, word)));

/** The database of this repository, all four services in one process, as `npm start` starts it. */
export const VARVE: System = {
  ...influxLike,
  name: 'Varve',
  program: process.execPath,
  syncsBeforeAck: true,
  prepare: (directory, [port]) => ({
    program: process.execPath,
    programArguments: [
      ...START,
      ...['--http-bind-address', `127.0.0.1:${port}`, '--data-dir', join(directory, 'data'), '--logging-level', 'warn', '--data-max-series-per-database', '0'],
    ],
  }),
};

/** Whose answers count as right. */
export const INFLUXDB: System = {
  ...influxLike,
  name: 'InfluxDB',
  program: 'influxd',
  syncsBeforeAck: true,
  prepare(directory, [port, rpcPort]) {
    const config = `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${directory}/meta"
[data]
  dir = "${directory}/data"
  wal-dir = "${directory}/wal"
  index-version = "tsi1"
  max-series-per-database = 0
  query-log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
  max-body-size = 0
`;
    return { program: 'influxd', programArguments: ['-config', writeConfig(directory, config)] };
  },
};

const VICTORIA_METRICS: System = {
  name: 'VictoriaMetrics',
  program: 'victoria-metrics',
  syncsBeforeAck: false,
  pingPath: '/health',
  createPath: undefined,
  writePath: '/write?db=bench',
  takesStrings: false,
  queryPath(question) {
    const query = rangeQueryOf(question);
    return query && `/api/v1/query_range?${query}`;
  },
  influxqlPath: () => undefined,
  valuePath({ field, host, atMs }) {
    const query = `cpu_${field}{hostname="${host}"}`;
    return `/api/v1/query?${new URLSearchParams({ query, time: String(atMs / 1_000) }).toString()}`;
  },
  prepare: (directory, [port]) => ({
    program: 'victoria-metrics',
    programArguments: [
      `-storageDataPath=${join(directory, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=100y',
      '-loggerLevel=ERROR',
    ],
  }),
};

const OPEN_GEMINI: System = {
  ...influxLike,
  name: 'openGemini',
  program: 'ts-server',
  syncsBeforeAck: false,
  prepare(directory, [port, raftPort, metaHttpPort, metaRpcPort, ingestPort, selectPort]) {
    const config = `[common]
  meta-join = ["127.0.0.1:${metaRpcPort}"]
[meta]
  bind-address = "127.0.0.1:${raftPort}"
  http-bind-address = "127.0.0.1:${metaHttpPort}"
  rpc-bind-address = "127.0.0.1:${metaRpcPort}"
  dir = "${directory}/data/meta"
[http]
  bind-address = "127.0.0.1:${port}"
[data]
  store-ingest-addr = "127.0.0.1:${ingestPort}"
  store-select-addr = "127.0.0.1:${selectPort}"
  store-data-dir = "${directory}/data"
  store-wal-dir = "${directory}/data"
  store-meta-dir = "${directory}/data/meta"
[logging]
  path = "${directory}/logs"
[gossip]
  enabled = false
`;
    return { program: 'ts-server', programArguments: ['-config', writeConfig(directory, config)] };
  },
};

/** What Varve is measured against, where it is installed. */
export const PEERS: readonly System[] = [INFLUXDB, VICTORIA_METRICS, OPEN_GEMINI];

/** The same database, started with other words before or behind the program. */
export function varveWith(options: {
  readonly nodeFlags?: readonly string[];
  readonly flags?: readonly string[];
}): System {
  const { nodeFlags = [], flags = [] } = options;
  return {
    ...VARVE,
    prepare(directory, ports) {
      const { program, programArguments } = VARVE.prepare(directory, ports);
      return { program, programArguments: [...nodeFlags, ...programArguments, ...flags] };
    },
  };
}

/** Whether a program can be started by its name. */
export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));
}

function askInfluxql(text: string): string {
  return `/query?${new URLSearchParams({ db: 'bench', epoch: 'ns', q: text }).toString()}`;
}

/** Ports of the loopback that nobody listens on just now. */
export async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(
    Array.from({ length: count }, async () => {
      const listener = createServer();
      await new Promise<void>((settle) => listener.listen(0, '127.0.0.1', settle));
      return listener;
    }),
  );
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port);
  await Promise.all(listeners.map((listener) => new Promise((settle) => listener.close(settle))));
  return ports;
}

function writeConfig(directory: string, text: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'settings.toml');
  writeFileSync(file, text);
  return file;
}
