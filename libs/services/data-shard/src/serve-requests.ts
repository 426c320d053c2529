import { LIMITS } from '@varve/config';
import { BYTES, serve, serveStream } from '@varve/kit';
import type { NodeId } from '@varve/model';
import type { Bus, Clock, Journal, Log, Subscription } from '@varve/ports';
import { seriesQuestionCodec, shardPlanCodec } from '@varve/query';
import type { Subjects } from '@varve/wire';
import { produceFrames } from './frames-path.ts';
import { answerKnownSeries } from './known-series-path.ts';
import type { Pulls } from './pull-path.ts';
import { heldReplica, produceQuery, type ReadFrom } from './query-path.ts';
import { produceSeries } from './series-path.ts';
import type { ShardReplica } from './shard-replica.ts';
import { answerVectors } from './vector-path.ts';
import { takeWatermarks } from './watermark-path.ts';
import type { WritePath } from './write-path.ts';

/** What a data node answers with. */
export interface RequestParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly subjects: Subjects;
  readonly node: NodeId;
  readonly from: ReadFrom;
  readonly writePath: WritePath;
  readonly pulls: Pulls;
  /** Resolves, with the version that it has then, once the node has worked off this one. */
  readonly catchUp: (version: number) => Promise<number>;
  /** The watermark of a replica has moved. */
  readonly onWatermark: (replica: ShardReplica) => void;
}

/** Everything that a data node is asked on subjects of its own. Frames of coordinators come on the subjects of shards. */
export function serveRequests(parts: RequestParts): readonly Subscription[] {
  const { bus, clock, log, journal, subjects, node, from, writePath, pulls, catchUp, onWatermark } = parts;
  const ports = { bus, clock, log };
  const idleTimeoutMs = LIMITS.streamIdleTimeoutMs;
  const caughtUpReplica: ReadFrom['replicaOf'] = async (shard, version) => {
    await catchUp(version);
    return from.replicaOf(shard, version);
  };
  return [
    serve(ports, { subject: subjects.dataReady(node), askedKind: 'dataReady', answerKind: 'dataReadyIs' }, async ({ header }) => ({
      header: { version: await catchUp(header.version) },
    })),
    serveStream(ports, { subject: subjects.dataQuery(node), askedKind: 'dataQuery', codec: shardPlanCodec, idleTimeoutMs }, (asked, signal, end) => produceQuery(from, asked, signal, end)),
    serveStream(ports, { subject: subjects.dataSeries(node), askedKind: 'dataSeries', codec: seriesQuestionCodec, idleTimeoutMs }, (asked, signal) => produceSeries(from, asked, signal)),
    serve(ports, { subject: subjects.dataVectors(node), askedKind: 'dataVectors', answerKind: 'dataVectorsAre' }, (asked) => answerVectors(caughtUpReplica, asked)),
    serve(ports, { subject: subjects.dataKnown(node), askedKind: 'dataKnown', answerKind: 'dataKnownIs' }, (asked) => answerKnownSeries(caughtUpReplica, asked)),
    serveStream(ports, { subject: subjects.dataFrames(node), askedKind: 'dataFrames', codec: BYTES, idleTimeoutMs }, (asked, signal) =>
      produceFrames({ ...from, journal }, asked, signal),
    ),
    serve(ports, { subject: subjects.dataPull(node), askedKind: 'dataPull', answerKind: 'dataPulled' }, async ({ header: { shard, source, version } }) => ({
      header: { frameCount: await pulls.pull(await heldReplica(from, shard, version), source, version) },
    })),
    serve(ports, { subject: subjects.dataWatermark(node), askedKind: 'dataWatermark', answerKind: 'dataWatermarkTaken' }, (asked) =>
      takeWatermarks({ replicaOf: (shard) => from.replicaOf(shard, 0), onRaised: onWatermark }, asked),
    ),
    serve(ports, { subject: subjects.dataWrite(node), askedKind: 'dataWrite', answerKind: 'dataWritten' }, async ({ header: { shard, traceParent }, payload }) => {
      await writePath.storeFromPeer(await heldReplica(from, shard, 0), payload, traceParent);
      return { header: { owner: node } };
    }),
  ];
}
