import type { Journal } from '@varve/ports';

/** A journal that does some things differently: for taps and planted bugs. */
export function journalWith(journal: Journal, changed: Partial<Pick<Journal, 'append' | 'read'>>): Journal {
  return {
    append: (rows) => journal.append(rows),
    read: (shard, afterSeq) => journal.read(shard, afterSeq),
    extents: () => journal.extents(),
    trim: (shard, throughSeq) => journal.trim(shard, throughSeq),
    sizeBytes: () => journal.sizeBytes(),
    close: () => journal.close(),
    ...changed,
  };
}
