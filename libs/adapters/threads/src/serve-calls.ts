import { parentPort, type MessagePort } from 'node:worker_threads';
import { assert, DbError } from '@varve/base';
import { HANDED_OVER_SIZE_BYTES_MIN, type Served, type ThreadCall, type ThreadReply } from './thread-protocol.ts';

/**
 * Opens an object in this worker thread and answers calls of its methods in their order, one after the other. What no caller waits
 * for, such as checkpoints, runs after the answer. An error that is not a DbError is a bug and ends the thread.
 */
export function serveCalls(open: () => Served): void {
  assert(parentPort !== null, 'calls are served in a worker thread only');
  const port = parentPort;
  let served: Served | undefined;
  let last = answer(port, 0, () => {
    served = open();
  });
  const onCall = async ({ id, method, args }: ThreadCall): Promise<void> => {
    await answer(port, id, () => methodOf(served!, method)(...args));
    letGo(args);
    if (method === 'close') port.close();
    else served!.afterReply();
  };
  port.on('message', (call: ThreadCall) => {
    last = last.then(() => onCall(call));
  });
}

function methodOf(served: Served, name: string): (...args: unknown[]) => unknown {
  const method = (served as unknown as Record<string, (...args: unknown[]) => unknown>)[name];
  assert(method !== undefined, `no method "${name}"`);
  return method.bind(served);
}

async function answer(port: MessagePort, id: number, produce: () => unknown): Promise<void> {
  try {
    const result = await produce();
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
  for (const { buffer } of viewsIn(args)) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

/** Large buffers in a result change hands instead of being copied: what a method returns it does not keep. Each once, wherever it stands. */
function ownedBuffers(result: unknown): ArrayBuffer[] {
  const owned = viewsIn(result).filter(({ byteLength, buffer }) => byteLength >= HANDED_OVER_SIZE_BYTES_MIN && byteLength === buffer.byteLength);
  return [...new Set(owned.map(({ buffer }) => buffer as ArrayBuffer))];
}

function viewsIn(value: unknown, found: ArrayBufferView[] = []): ArrayBufferView[] {
  if (ArrayBuffer.isView(value)) found.push(value);
  else if (typeof value === 'object' && value !== null) for (const part of value instanceof Map ? value.values() : Object.values(value)) viewsIn(part, found);
  return found;
}
