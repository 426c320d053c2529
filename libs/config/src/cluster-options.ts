import type { DurationMs, SizeBytes } from '@varve/base';
import { LIMITS } from './limits.ts';
import { COUNT, DURATION, NAME, NUMBERS, SERVERS, SIZE, TOKEN } from './option-kind.ts';
import { option, OPTIONS, type ConfigOf } from './options.ts';

const MIB = 2 ** 20;
/** One that is lost, or late, must change nothing. */
const ELECTION_TIMEOUT_HEARTBEAT_COUNT_MIN = 3;

/** What the processes of a cluster take: one file may serve all of them, each reads what it needs. */
export const CLUSTER_OPTIONS = {
  ...OPTIONS,
  clusterId: option(TOKEN, {
    section: 'cluster',
    key: 'id',
    default: 'varve',
    help: 'the same for all processes of a cluster; clusters with different ids on one NATS never meet',
  }),
  nodeName: option(NAME, {
    section: 'node',
    key: 'name',
    default: 'node',
    help: 'of this process, for ever the same; two of one kind need different ones',
  }),
  natsServers: option(SERVERS, {
    section: 'nats',
    key: 'servers',
    default: ['127.0.0.1:4222'],
    help: 'where NATS is; several servers are those of one NATS cluster',
  }),
  metaPeerId: option(COUNT, {
    section: 'meta',
    key: 'peer-id',
    default: 1,
    min: 1,
    max: LIMITS.metaPeerIdMax,
    help: 'which member of the meta group a meta-raft process is; its data directory belongs to it for ever',
  }),
  metaVoters: option(NUMBERS, {
    section: 'meta',
    key: 'voters',
    default: [1],
    help: 'peer ids that the meta group is founded with, the same for each of them; 3 survive the loss of one; who comes later joins by POST /join',
  }),
  raftHeartbeatIntervalMs: option<DurationMs>(DURATION, {
    section: 'meta',
    key: 'heartbeat-interval',
    default: LIMITS.raftHeartbeatIntervalMs,
    min: 10,
    max: 10_000,
    help: 'how often the leader of the meta group says that it lives; 50ms for nodes of one LAN; the same for each of them',
  }),
  raftElectionTimeoutMs: option<DurationMs>(DURATION, {
    section: 'meta',
    key: 'election-timeout',
    default: LIMITS.raftElectionTimeoutMs,
    min: ELECTION_TIMEOUT_HEARTBEAT_COUNT_MIN * 10,
    max: 60_000,
    help: 'how long a meta node hears of no leader before it stands for election, up to twice as long by chance; at least three heartbeats; 300ms for nodes of one LAN',
  }),
  hintSizeBytesMax: option<SizeBytes>(SIZE, {
    section: 'hinted-handoff',
    key: 'max-size',
    default: 1_024 * MIB,
    min: MIB,
    help: 'frames that a repair process keeps for one silent owner; what is beyond is left to reconciliation',
  }),
};

/** The configuration of a process of a cluster: one value per row of {@link CLUSTER_OPTIONS}. */
export type ClusterConfig = ConfigOf<typeof CLUSTER_OPTIONS>;

/** What is wrong with values that are right one by one, for people; undefined when they fit. */
export function misfitOf({ raftHeartbeatIntervalMs, raftElectionTimeoutMs }: ClusterConfig): string | undefined {
  if (raftElectionTimeoutMs >= ELECTION_TIMEOUT_HEARTBEAT_COUNT_MIN * raftHeartbeatIntervalMs) return undefined;
  const { raftElectionTimeoutMs: timeout, raftHeartbeatIntervalMs: interval } = CLUSTER_OPTIONS;
  return `election-timeout in [meta]: ${timeout.kind.format(raftElectionTimeoutMs)} is less than three times heartbeat-interval, which is ${interval.kind.format(raftHeartbeatIntervalMs)}`;
}
