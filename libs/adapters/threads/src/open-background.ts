import type { Background, Tasks } from '@varve/ports';
import { ThreadClient } from './thread-client.ts';

/** Starts a thread that runs the functions which a module exports. `module` is its address, as of `import.meta.resolve`. */
export async function openBackground<Known extends Tasks>(module: string): Promise<Background<Known>> {
  const thread = await ThreadClient.start<Known & { close(): void }>({
    name: 'background',
    entry: new URL('./background-thread.ts', import.meta.url),
    data: { module },
  });
  return {
    run: (name, input, given) => thread.callWith(given, name as never, ...([input] as never)) as Promise<never>,
    close: () => thread.close(),
  };
}
