/**
 * The thread behind each store of this room: SQLite's driver is synchronous, and an fsync must not stop the event loop.
 * It opens one store, then answers calls of its methods in their order. What no caller waits for, such as checkpoints,
 * runs after the answer. An error that is not a DbError is a bug and ends the thread.
 */
import { parentPort, workerData, type Transferable } from 'node:worker_threads';
import { assert, DbError } from '@varve/base';
import type { StoreCall, StoreChoice, StoreReply, WorkerStore } from './worker-protocol.ts';

assert(parentPort !== null, 'the storage worker runs in a worker thread only');
const port = parentPort;
const open = await openerOf(workerData as StoreChoice);
let store: WorkerStore | undefined;

answer(0, () => {
  store = open();
});
port.on('message', ({ id, method, args }: StoreCall) => {
  answer(id, () => methodOf(store!, method)(...args));
  letGo(args);
  if (method === 'close') port.close();
  else store!.afterReply();
});

/** Loads what this thread's store needs, and no other store: each thread has modules of its own. */
async function openerOf(choice: StoreChoice): Promise<() => WorkerStore> {
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

function methodOf(opened: WorkerStore, name: string): (...args: unknown[]) => unknown {
  const method = (opened as unknown as Record<string, (...args: unknown[]) => unknown>)[name];
  assert(method !== undefined, `no method "${name}"`);
  return method.bind(opened);
}

function answer(id: number, produce: () => unknown): void {
  try {
    const result = produce();
    const reply: StoreReply = { id, result };
    port.postMessage(reply, ownedBuffers(result));
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    const { code, message, facts } = error;
    const reply: StoreReply = { id, failure: { code, message, facts } };
    port.postMessage(reply);
    if (id === 0) port.close();
  }
}

/** Frees the bytes of a call's arguments at once: no store keeps them, and the collector of a thread that makes few objects comes late. */
function letGo(args: readonly unknown[]): void {
  for (const buffer of ownedBuffers(args)) (buffer as ArrayBuffer).transfer(0);
}

/** Buffers in a result change hands instead of being copied: what a store returns it does not keep. */
function ownedBuffers(result: unknown, found: Transferable[] = []): Transferable[] {
  if (ArrayBuffer.isView(result)) {
    if (result.byteLength > 0 && result.byteLength === result.buffer.byteLength)
      found.push(result.buffer as ArrayBuffer);
  } else if (typeof result === 'object' && result !== null) {
    for (const part of Object.values(result)) ownedBuffers(part, found);
  }
  return found;
}
