/**
 * The process behind `openInChild`: loads a module, opens its port with the first call's arguments, then answers calls
 * of the port's methods until it is killed. Started as `node child-main.ts <module URL> <factory>`.
 */
type Port = Record<string, (...args: unknown[]) => unknown>;

const [moduleUrl, factoryName] = process.argv.slice(2) as [string, string];
const module = (await import(moduleUrl)) as Record<string, (...args: unknown[]) => Promise<Port>>;
let port: Port | undefined;

process.on('message', (message) => {
  const { id, method, args } = message as { readonly id: number; readonly method: string; readonly args: unknown[] };
  void answer(id, () => call(method, args));
});

// Whoever started it is gone.
process.on('disconnect', () => process.exit());

async function answer(id: number, produce: () => Promise<unknown>): Promise<void> {
  try {
    process.send?.({ id, result: await produce() });
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    process.send?.({ id, failure: { code: typeof code === 'string' ? code : undefined, message } });
  }
}

/** The first call has no method: it opens the port. Started without an `await` before it, so that calls stay in order. */
async function call(method: string, args: unknown[]): Promise<unknown> {
  if (method === '') {
    port = await module[factoryName]!(...args);
    return undefined;
  }
  const result = port![method]!(...args);
  return isAsyncIterable(result) ? await collect(result) : await result;
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
