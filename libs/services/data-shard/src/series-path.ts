import type { WireMessage } from '@varve/wire';
import { answerSeries, decodeSeriesQuestion } from '@varve/query';
import { heldReplica, type ReadFrom } from './query-path.ts';

/** Answers what series or tag keys the asked shards have. @throws DbError SHARD_NOT_HERE, MESSAGE_INVALID */
export async function* produceSeries(from: ReadFrom, asked: WireMessage<'dataSeries'>): AsyncGenerator<Uint8Array> {
  const question = decodeSeriesQuestion(asked.payload);
  const { shards, version } = asked.header;
  for (const shard of shards) yield* answerSeries(question, (await heldReplica(from, shard, version)).table);
}
