import { join } from 'node:path';

/** What a cluster on this machine is made of. */
export interface ClusterOptions {
  /** Coordinators listen on this port and the next. */
  readonly httpBasePort: number;
  readonly dataDir: string;
  readonly natsCount: 1 | 3;
  /** Where traces go; empty: none are made, unless Jaeger runs. */
  readonly otlpEndpoint: string;
  /** Program of a Jaeger that is to run beside the cluster and take its traces; undefined: none. */
  readonly jaeger?: string | undefined;
  readonly logLevel: string;
}

/** One process: what it is called and how it is started. */
export interface PlannedProcess {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Where Jaeger takes traces, and where people look at them, unless it is told otherwise. */
const JAEGER_OTLP_ENDPOINT = 'http://127.0.0.1:4318';
export const JAEGER_URL = 'http://127.0.0.1:16686';

/** Binaries, and ports that nobody else listens on. */
export interface Surroundings {
  readonly natsServer: string;
  readonly node: string;
  /** Of the repository. */
  readonly root: string;
  /** Two for each nats-server: for clients and for the other servers. */
  readonly ports: readonly number[];
}

const META_COUNT = 3;
const DATA_COUNT = 3;
export const COORDINATOR_COUNT = 2;

/** All processes, in the order in which they are started. */
export function planCluster(options: ClusterOptions, surroundings: Surroundings): readonly PlannedProcess[] {
  const { httpBasePort, dataDir, natsCount, jaeger, logLevel } = options;
  const otlpEndpoint = jaeger === undefined ? options.otlpEndpoint : JAEGER_OTLP_ENDPOINT;
  const { ports } = surroundings;
  const servers = numbers(natsCount).map((number) => `127.0.0.1:${ports[number - 1]}`);
  const common = [...['--nats-servers', servers.join(','), '--logging-level', logLevel], ...(otlpEndpoint === '' ? [] : ['--tracing-otlp-endpoint', otlpEndpoint])];
  const service = (app: string, name: string, flags: readonly string[]): PlannedProcess => planService(surroundings, { app, name, flags: [...common, ...flags] });
  return [
    ...(jaeger === undefined ? [] : [{ name: 'jaeger', command: jaeger, arguments: [], env: { COLLECTOR_OTLP_ENABLED: 'true' } }]),
    ...numbers(natsCount).map((number) => natsServer(number, natsCount, surroundings)),
    ...numbers(META_COUNT).map((number) => service('meta-raft', `meta${number}`, metaFlags(number, META_COUNT, dataDir))),
    ...numbers(DATA_COUNT).map((number) => service('data-shard', `data${number}`, [...ANY_PORT, '--data-dir', join(dataDir, `data${number}`)])),
    service('repair', 'repair1', [...ANY_PORT, '--data-dir', join(dataDir, 'repair1')]),
    ...numbers(COORDINATOR_COUNT).map((number) =>
      service('coordinator', `coordinator${number}`, ['--http-bind-address', `127.0.0.1:${httpBasePort + number - 1}`, '--data-dir', join(dataDir, `coordinator${number}`)])),
  ];
}

/** Meta nodes alone. */
export interface MetaGroupPlan {
  readonly voterCount: number;
  readonly dataDir: string;
  /** Where NATS listens. */
  readonly natsServer: string;
  /** For each of them. */
  readonly flags: readonly string[];
  /** Another program than the meta node's own, with the same options. */
  readonly program?: string | undefined;
}

/** All of them, the first one first. */
export function planMetaGroup({ voterCount, dataDir, natsServer, flags, program }: MetaGroupPlan, surroundings: Pick<Surroundings, 'node' | 'root'>): readonly PlannedProcess[] {
  return numbers(voterCount).map((number) =>
    planService(surroundings, { app: 'meta-raft', program, name: `meta${number}`, flags: ['--nats-servers', natsServer, ...metaFlags(number, voterCount, dataDir), ...flags] }));
}

const ANY_PORT = ['--http-bind-address', '127.0.0.1:0'];

function metaFlags(number: number, count: number, dataDir: string): readonly string[] {
  return [...ANY_PORT, '--data-dir', join(dataDir, `meta${number}`), '--meta-peer-id', String(number), '--meta-voters', numbers(count).join(',')];
}

interface ServicePlan {
  readonly app: string;
  /** Instead of the app's own. */
  readonly program?: string | undefined;
  readonly name: string;
  readonly flags: readonly string[];
}

function planService({ node, root }: Pick<Surroundings, 'node' | 'root'>, { app, program = join(root, `apps/${app}/src/main.ts`), name, flags }: ServicePlan): PlannedProcess {
  return { name, command: node, arguments: [...NODE_FLAGS, program, '--node-name', name, '--logging-format', 'console', ...flags] };
}

/**
 * For Node itself, as the apps' images, `nx serve` and `npm start` have them too. V8 would let three spaces for what is young grow to
 * 32 MiB each, and keep them. What a service throws away is mostly bytes outside of the heap, and what a meta node keeps it keeps
 * for long.
 */
const NODE_FLAGS = ['--max-semi-space-size=4', '--v8-pool-size=1'];

function natsServer(number: number, count: number, { natsServer: command, ports }: Surroundings): PlannedProcess {
  const clientPort = (each: number): number => ports[each - 1]!;
  const routePort = (each: number): number => ports[count + each - 1]!;
  const routes = numbers(count).filter((each) => each !== number).map((each) => `nats://127.0.0.1:${routePort(each)}`);
  const clustered = count === 1 ? [] : ['--cluster_name', 'varve', '--cluster', `nats://127.0.0.1:${routePort(number)}`, '--routes', routes.join(',')];
  return { name: `nats${number}`, command, arguments: ['-a', '127.0.0.1', '-p', String(clientPort(number)), ...clustered] };
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
