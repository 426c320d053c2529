import type { IncarnationId, NodeId, ShardId } from '@varve/model';

/** The four services, as their subjects name them. */
export type ServiceKind = 'coordinator' | 'meta' | 'data' | 'repair';

/** Every subject of one cluster. Two clusters on one bus never meet: all begin with `varve.<clusterId>.`. */
export interface Subjects {
  readonly metaPropose: string;
  readonly metaCatalog: string;
  readonly metaChanged: string;
  /** What Raft peers say to this one. Never with a queue: a message is for one peer. */
  raft(peer: number): string;
  raftSnapshot(peer: number): string;
  /** Peers that start make themselves known to this one. */
  raftHello(peer: number): string;
  /** What operators want of this peer. */
  metaControl(peer: number): string;
  /** Everybody who wants to know who lives listens. */
  readonly heartbeat: string;
  /** All owners of the shard listen; the frame is published once. */
  shardWrite(shard: ShardId): string;
  /** Who runs under a name answers here, so that a second one under the same name finds out. */
  nodeClaim(service: ServiceKind, name: string): string;
  /** The coordinator that holds this incarnation listens. */
  pledge(incarnation: IncarnationId): string;
  /** What the coordinator of this name is asked about its queries. */
  coordinatorQueries(name: string): string;
  coordinatorKill(name: string): string;
  dataReady(node: NodeId): string;
  dataQuery(node: NodeId): string;
  dataSeries(node: NodeId): string;
  dataKnown(node: NodeId): string;
  dataVectors(node: NodeId): string;
  dataFrames(node: NodeId): string;
  dataPull(node: NodeId): string;
  dataWrite(node: NodeId): string;
  dataWatermark(node: NodeId): string;
  repairHint(node: NodeId): string;
  repairHeld(node: NodeId): string;
}

/** The subjects of the cluster with this id. */
export function subjectsOf(clusterId: string): Subjects {
  const prefix = `varve.${clusterId}`;
  return {
    metaPropose: `${prefix}.meta.propose`,
    metaCatalog: `${prefix}.meta.catalog`,
    metaChanged: `${prefix}.meta.changed`,
    raft: (peer) => `${prefix}.raft.${peer}.message`,
    raftSnapshot: (peer) => `${prefix}.raft.${peer}.snapshot`,
    raftHello: (peer) => `${prefix}.raft.${peer}.hello`,
    metaControl: (peer) => `${prefix}.raft.${peer}.control`,
    heartbeat: `${prefix}.heartbeat`,
    nodeClaim: (service, name) => `${prefix}.claim.${service}.${tokenOf(name)}`,
    shardWrite: (shard) => `${prefix}.shard.${shard}.write`,
    pledge: (incarnation) => `${prefix}.incarnation.${incarnation}.pledge`,
    coordinatorQueries: (name) => `${prefix}.coordinator.${tokenOf(name)}.queries`,
    coordinatorKill: (name) => `${prefix}.coordinator.${tokenOf(name)}.kill`,
    dataReady: (node) => `${prefix}.data.${node}.ready`,
    dataQuery: (node) => `${prefix}.data.${node}.query`,
    dataSeries: (node) => `${prefix}.data.${node}.series`,
    dataKnown: (node) => `${prefix}.data.${node}.known`,
    dataVectors: (node) => `${prefix}.data.${node}.vectors`,
    dataFrames: (node) => `${prefix}.data.${node}.frames`,
    dataPull: (node) => `${prefix}.data.${node}.pull`,
    dataWrite: (node) => `${prefix}.data.${node}.write`,
    dataWatermark: (node) => `${prefix}.data.${node}.watermark`,
    repairHint: (node) => `${prefix}.repair.${node}.hint`,
    repairHeld: (node) => `${prefix}.repair.${node}.held`,
  };
}

/** Any text as one token of a subject: dots, wildcards and white space are escaped, and different texts stay different. */
function tokenOf(name: string): string {
  return encodeURIComponent(name).replace(/[.*]/g, (each) => (each === '.' ? '%2E' : '%2A'));
}
