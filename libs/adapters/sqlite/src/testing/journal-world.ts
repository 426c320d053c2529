import type { ShardId } from '@varve/model';
import { JournalFiles, type JournalBatch } from '../journal-files.ts';

/** A batch of rows `first` to `last` of one shard; each frame names its row. */
export function batchOf(shard: ShardId, first: number, last: number, padding = 0): JournalBatch {
  const frames = Array.from({ length: last - first + 1 }, (_, index) =>
    Buffer.from(frameText(shard, first + index).padEnd(padding, '.')),
  );
  const heads = frames.flatMap((frame, index) => [shard, first + index, frame.length]);
  return { heads: Float64Array.from(heads), frames: new Uint8Array(Buffer.concat(frames)) };
}

/** All rows of a shard as `shard/seq`, read page by page; a damaged one by what is said of it. */
export function readAll(journal: JournalFiles, shard: ShardId, afterSeq = 0): string[] {
  const texts: string[] = [];
  let lastSeq = afterSeq;
  for (let page = journal.readPage(shard, lastSeq); page.length > 0; page = journal.readPage(shard, lastSeq)) {
    texts.push(...page.map((row) => (row.frame === undefined ? row.damage : Buffer.from(row.frame).toString().replaceAll('.', ''))));
    lastSeq = page.at(-1)!.seq;
  }
  return texts;
}

/** What {@link readAll} finds of rows `first` to `last`. */
export function textsOf(shard: ShardId, first: number, last: number): string[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => frameText(shard, first + index));
}

function frameText(shard: ShardId, seq: number): string {
  return `frame ${shard}/${seq}`;
}
