/** The thread behind each store of this room: SQLite's driver is synchronous, and an fsync must not stop the event loop. */
import { workerData } from 'node:worker_threads';
import { serveCalls, type Served } from '@varve/threads';
import type { StoreChoice } from './store-thread.ts';

serveCalls(await openerOf(workerData as StoreChoice));

/** Loads what this thread's store needs, and no other store: each thread has modules of its own. */
async function openerOf(choice: StoreChoice): Promise<() => Served> {
  switch (choice.store) {
    case 'journal': {
      const { JournalFiles } = await import('./journal-files.ts');
      return () => new JournalFiles(choice.options);
    }
    case 'shards': {
      const { ShardFiles } = await import('./shard-files.ts');
      return () => new ShardFiles(choice.options);
    }
    case 'hints': {
      const { HintFile } = await import('./hint-file.ts');
      return () => new HintFile(choice.options);
    }
    case 'raft': {
      const { RaftLogFile } = await import('./raft-log-file.ts');
      return () => new RaftLogFile(choice.options);
    }
  }
}
