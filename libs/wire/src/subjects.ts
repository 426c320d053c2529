import type { NodeId, ShardId } from '@varve/model';

/** Every subject of one cluster. Two clusters on one bus never meet: all begin with `varve.<clusterId>.`. */
export interface Subjects {
  readonly metaPropose: string;
  readonly metaCatalog: string;
  readonly metaChanged: string;
  /** All owners of the shard listen; the frame is published once. */
  shardWrite(shard: ShardId): string;
  dataReady(node: NodeId): string;
  dataQuery(node: NodeId): string;
  dataSeries(node: NodeId): string;
}

/** The subjects of the cluster with this id. */
export function subjectsOf(clusterId: string): Subjects {
  const prefix = `varve.${clusterId}`;
  return {
    metaPropose: `${prefix}.meta.propose`,
    metaCatalog: `${prefix}.meta.catalog`,
    metaChanged: `${prefix}.meta.changed`,
    shardWrite: (shard) => `${prefix}.shard.${shard}.write`,
    dataReady: (node) => `${prefix}.data.${node}.ready`,
    dataQuery: (node) => `${prefix}.data.${node}.query`,
    dataSeries: (node) => `${prefix}.data.${node}.series`,
  };
}
