import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { SizeBytes } from '@varve/base';
import type { Journal, ShardStore } from '@varve/ports';
import type { CallClient, Served } from '@varve/threads';
import { JournalFiles } from '../journal-files.ts';
import { journalOn } from '../open-journal.ts';
import { shardStoreOn } from '../open-shard-store.ts';
import { ShardFiles } from '../shard-files.ts';

/**
 * Journal and shard store of a data directory in the calling thread, for tests that open hundreds of them: all but the threads
 * is what `openJournal` and `openShardStore` open. @throws DbError
 */
export async function openStoresHere(
  directory: string,
  options: { readonly journalFileSizeBytesMax?: SizeBytes } = {},
): Promise<{ readonly journal: Journal; readonly shardStore: ShardStore }> {
  const { journalFileSizeBytesMax: fileSizeBytesMax } = options;
  const journalOptions = { directory: join(directory, 'journal'), ...(fileSizeBytesMax !== undefined && { fileSizeBytesMax }) };
  return {
    journal: await journalOn(clientOf(new JournalFiles(journalOptions))),
    shardStore: shardStoreOn(clientOf(new ShardFiles({ directory: join(directory, 'shards') }))),
  };
}

/** As the storage worker does it: one call after the other; what nobody waits for runs after the answer. */
function clientOf<Store extends Served>(store: Store): CallClient<Store> {
  let worked: Promise<unknown> = Promise.resolve();
  const send = (name: string, args: readonly unknown[]): Promise<never> => {
    const answered = worked.then(() => (store as unknown as Record<string, (...all: readonly unknown[]) => never>)[name]!(...args));
    worked = answered.catch(() => undefined).then(() => (name === 'close' ? undefined : afterReply(store)));
    return answered;
  };
  return {
    call: (name, ...args) => send(name, args),
    callWith: (_, name, ...args) => send(name, args),
    close: () => send('close', []),
  };
}

async function afterReply(store: Served): Promise<void> {
  await setImmediate();
  store.afterReply();
}
