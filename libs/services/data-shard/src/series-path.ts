import type { WireMessage } from '@varve/wire';
import { answerSeries, decodeSeriesQuestion } from '@varve/query';
import { livingSeries } from './living-series.ts';
import { servingReplica, type ReadFrom } from './query-path.ts';
import { Turns } from './turns.ts';

/** Answers what series, tag keys or measurements the asked shards have. @throws DbError SHARD_NOT_HERE, SHARD_JOINING, MESSAGE_INVALID */
export async function* produceSeries(from: ReadFrom, asked: WireMessage<'dataSeries'>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const question = decodeSeriesQuestion(asked.payload);
  const { shards } = asked.header;
  const { shardStore, cache } = from;
  const turns = new Turns(from.clock);
  for (const shard of shards) {
    const replica = await servingReplica(from, shard, asked.header);
    for (const piece of answerSeries(question, await livingSeries({ replica, shardStore, cache }, question, turns))) {
      await turns.maybeRest();
      if (signal.aborted) return;
      yield piece;
    }
  }
}
