import type { SizeBytes } from '@varve/base';
import { COUNT, NAME, NUMBERS, SERVERS, SIZE, TOKEN } from './option-kind.ts';
import { option, OPTIONS, type ConfigOf } from './options.ts';

const MIB = 2 ** 20;

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
    max: 1_000,
    help: 'which of the voters a meta-raft process is; its data directory belongs to it for ever',
  }),
  metaVoters: option(NUMBERS, {
    section: 'meta',
    key: 'voters',
    default: [1],
    help: 'peer ids of all meta-raft processes, the same for each of them; 3 survive the loss of one',
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
