import type { Background, Tasks } from '@varve/ports';
import { ThreadClient, type ThreadOptions } from './thread-client.ts';

/** What a thread is like beside the rest of the process. */
export interface BackgroundOptions extends Pick<ThreadOptions, 'name' | 'youngSizeMb'> {
  /** Whatever else the process has to do goes first, where cores are few. */
  readonly isNicer: boolean;
}

/** Starts a thread that runs the functions which a module exports. `module` is its address, as of `import.meta.resolve`. */
export async function openBackground<Known extends Tasks>(module: string, { isNicer, ...options }: BackgroundOptions): Promise<Background<Known>> {
  const thread = await ThreadClient.start<Known & { close(): void }>({
    ...options,
    entry: new URL('./background-thread.ts', import.meta.url),
    data: { module, isNicer },
  });
  return {
    run: (name, input, given) => thread.callWith(given, name as never, ...([input] as never)) as Promise<never>,
    close: () => thread.close(),
  };
}
