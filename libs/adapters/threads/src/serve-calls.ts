import { parentPort, type MessagePort } from 'node:worker_threads';
import { assert, DbError } from '@varve/base';
import type { Served, ThreadCall, ThreadReply } from './thread-protocol.ts';

/**
 * Opens an object in this worker thread and answers calls of its methods in their order. What no caller waits for, such as
 * checkpoints, runs after the answer. An error that is not a DbError is a bug and ends the thread.
 */
export function serveCalls(open: () => Served): void {
  assert(parentPort !== null, 'calls are served in a worker thread only');
  const port = parentPort;
  let served: Served | undefined;
  answer(port, 0, () => {
    served = open();
  });
  port.on('message', ({ id, method, args }: ThreadCall) => {
    answer(port, id, () => methodOf(served!, method)(...args));
    letGo(args);
    if (method === 'close') port.close();
    else served!.afterReply();
  });
}

function methodOf(served: Served, name: string): (...args: unknown[]) => unknown {
  const method = (served as unknown as Record<string, (...args: unknown[]) => unknown>)[name];
  assert(method !== undefined, `no method "${name}"`);
  return method.bind(served);
}

function answer(port: MessagePort, id: number, produce: () => unknown): void {
  try {
    const result = produce();
    const reply: ThreadReply = { id, result };
    port.postMessage(reply, ownedBuffers(result));
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    const { code, message, facts } = error;
    const reply: ThreadReply = { id, failure: { code, message, facts } };
    port.postMessage(reply);
    if (id === 0) port.close();
  }
}

/** Frees the bytes of a call's arguments at once: nothing keeps them, and the collector of a thread that makes few objects comes late. */
function letGo(args: readonly unknown[]): void {
  for (const buffer of ownedBuffers(args)) buffer.transfer(0);
}

/** Buffers in a result change hands instead of being copied: what a method returns it does not keep. */
function ownedBuffers(result: unknown, found: Set<ArrayBuffer> = new Set()): ArrayBuffer[] {
  if (ArrayBuffer.isView(result)) {
    if (result.byteLength > 0 && result.byteLength === result.buffer.byteLength) found.add(result.buffer as ArrayBuffer);
  } else if (typeof result === 'object' && result !== null) {
    for (const part of Object.values(result)) ownedBuffers(part, found);
  }
  return [...found];
}
