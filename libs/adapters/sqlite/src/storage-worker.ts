/**
 * The thread behind each store of this room: SQLite's driver is synchronous, and an fsync must not stop the event loop.
 * It opens one store, then answers calls of its methods in their order. What no caller waits for, such as checkpoints,
 * runs after the answer. An error that is not a DbError is a bug and ends the thread.
 */
import { parentPort, workerData, type Transferable } from 'node:worker_threads';
import { assert, DbError } from '@varve/base';
import { HintFile } from './hint-file.ts';
import { JournalFiles } from './journal-files.ts';
import { RaftLogFile } from './raft-log-file.ts';
import { ShardFiles } from './shard-files.ts';
import type { StoreCall, StoreChoice, StoreReply, WorkerStore } from './worker-protocol.ts';

assert(parentPort !== null, 'the storage worker runs in a worker thread only');
const port = parentPort;
let store: WorkerStore | undefined;

answer(0, () => {
  store = openStore(workerData as StoreChoice);
});
port.on('message', ({ id, method, args }: StoreCall) => {
  answer(id, () => methodOf(store!, method)(...args));
  if (method === 'close') port.close();
  else store!.afterReply();
});

function openStore(choice: StoreChoice): WorkerStore {
  switch (choice.store) {
    case 'journal':
      return new JournalFiles(choice.options);
    case 'shards':
      return new ShardFiles(choice.options);
    case 'hints':
      return new HintFile(choice.options);
    case 'raft':
      return new RaftLogFile(choice.options);
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
