import { LIMITS } from '@varve/config';
import type { Asked } from '@varve/kit';
import { decodeVector, type ShardId } from '@varve/model';
import type { DamagedJournalRow, Journal } from '@varve/ports';
import { missingFrom } from '@varve/reconcile';
import type { Damage } from './damage.ts';
import { heldReplica, type ReadFrom } from './query-path.ts';

/**
 * Hands a peer the frames that it lacks and this owner still has in its journal, the bytes of one answer bounded (X7). Where a
 * row is damaged the others are handed out before the answer fails.
 * @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, MESSAGE_INVALID, STORAGE_CORRUPT
 */
export async function* produceFrames(
  { journal, ...from }: Pick<ReadFrom, 'replicaOf' | 'damage'> & { readonly journal: Journal },
  { header: { shard, version }, payload }: Asked<'dataFrames', Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { table, journalIndex } = await heldReplica(from, shard, version);
  const seqs = journalIndex.seqsOf(missingFrom(decodeVector(payload), table.vector));
  yield* framesAt({ journal, damage: from.damage }, shard, seqs, signal);
}

async function* framesAt(
  { journal, damage }: { readonly journal: Journal; readonly damage: Damage },
  shard: ShardId,
  seqs: readonly number[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const [first] = seqs;
  if (first === undefined) return;
  let damaged: DamagedJournalRow | undefined;
  let next = 0;
  let leftBytes: number = LIMITS.pullSizeBytesMax;
  for await (const row of journal.read(shard, first - 1)) {
    while (next < seqs.length && seqs[next]! < row.seq) next += 1; // Let go meanwhile: the asker finds out in the next round.
    if (row.seq !== seqs[next]) continue;
    if (row.frame === undefined) damaged ??= row;
    else yield row.frame;
    next += 1;
    leftBytes -= row.frame?.length ?? 0;
    if (next === seqs.length || leftBytes <= 0 || signal.aborted) break;
  }
  if (damaged !== undefined) throw damage.ofRow(damaged);
}
