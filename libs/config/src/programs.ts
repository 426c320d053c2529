import { CLUSTER_OPTIONS } from './cluster-options.ts';
import { OPTIONS, type AnyOption } from './options.ts';

/** The processes of a cluster. */
export type ClusterProgram = 'coordinator' | 'meta-raft' | 'data-shard' | 'repair';

/** What can be started: the whole database in one process, or one service of a cluster. */
export type Program = 'varve' | ClusterProgram;

/** What a program is for, and where its defaults are not those of the tables. */
interface ProgramFacts {
  readonly introduction: string;
  readonly rows: Readonly<Record<string, AnyOption>>;
}

/** By the program's name. */
export const PROGRAMS: Readonly<Record<Program, ProgramFacts>> = {
  varve: { introduction: 'Varve is a time-series database that speaks InfluxDB 1.x.', rows: OPTIONS },
  coordinator: cluster('coordinator', 8_086, 'Takes writes and queries of InfluxDB 1.x clients for a Varve cluster.'),
  'meta-raft': cluster('meta-raft', 8_091, 'Keeps the catalog of a Varve cluster, together with the other voters.'),
  'data-shard': cluster('data-shard', 8_188, 'Keeps copies of shards of a Varve cluster.'),
  repair: cluster('repair', 8_189, 'Keeps hints for silent owners, and keeps the copies of a Varve cluster equal.'),
};

function cluster(program: ClusterProgram, port: number, introduction: string): ProgramFacts {
  const { httpBindAddress, dataDir, nodeName } = CLUSTER_OPTIONS;
  const isForClients = program === 'coordinator';
  return {
    introduction,
    rows: {
      ...CLUSTER_OPTIONS,
      httpBindAddress: { ...httpBindAddress, default: { host: '127.0.0.1', port }, ...(isForClients ? {} : { help: 'where /health and /metrics are served; port 0 any free port' }) },
      dataDir: { ...dataDir, default: `./varve-data/${program}` },
      nodeName: { ...nodeName, default: `${program}-1` },
    },
  };
}
