import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { DbError, type ErrorCode } from '@varve/base';
import type { Opened } from './contract-test.ts';

/** Names a factory function that opens a port, for a process that has to load it by itself. */
export interface ChildModule {
  /** Where the file with the factory is. */
  readonly module: URL;
  readonly factory: string;
  /** Arguments of the factory, as they survive a structured clone. */
  readonly args: readonly unknown[];
  /** Methods that return an AsyncIterable; the child collects it. */
  readonly iterables?: readonly string[];
}

/** A port whose implementation lives in a process of its own, so that a test can kill it. */
export interface PortInChild<Port> {
  readonly port: Port;
  readonly pid: number;
  /** Resolves when the process is gone; calls under way fail. */
  kill(): Promise<void>;
}

/** What the child answers. */
type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: { readonly code: string | undefined; readonly message: string } };

/**
 * Opens a port in a new process. When the test ends the process is killed, if it still lives.
 * @throws DbError with the code that opening failed with
 */
export async function openInChild<Port extends object>(child: ChildModule): Promise<PortInChild<Port>> {
  const remote = new Remote(startChild(child), child.iterables ?? []);
  onTestFinished(() => remote.kill());
  await remote.call('', child.args as unknown[]);
  return { port: remote.proxy<Port>(), pid: remote.pid, kill: () => remote.kill() };
}

/** The same as a contract suite wants it: a crash is kill -9, and what is opened again finds what was durable. */
export async function openKillable<Port extends { close(): Promise<void> }>(child: ChildModule): Promise<Opened<Port>> {
  const { port, kill } = await openInChild<Port>(child);
  return {
    port,
    crash: async () => {
      await kill();
      return openKillable(child);
    },
    reopen: async () => {
      await port.close();
      return openKillable(child);
    },
  };
}

function startChild({ module, factory }: ChildModule): ChildProcess {
  const main = new URL('./child-main.ts', import.meta.url);
  return fork(main, [module.href, factory], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Calls methods of the port in the child; one answer per call. */
class Remote {
  readonly #child: ChildProcess;
  readonly #iterables: readonly string[];
  readonly #waiting = new Map<
    number,
    { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }
  >();
  readonly #gone: Promise<unknown>;
  #nextId = 1;

  constructor(child: ChildProcess, iterables: readonly string[]) {
    this.#child = child;
    this.#iterables = iterables;
    this.#gone = once(child, 'exit');
    child.on('message', (reply) => this.#onReply(reply as unknown as Reply));
    child.once('exit', () => this.#failAll());
  }

  get pid(): number {
    return this.#child.pid!;
  }

  call(method: string, args: unknown[]): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, args } as unknown as Serializable, (error) => {
        if (error !== null) this.#failAll();
      });
    });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#gone;
  }

  proxy<Port extends object>(): Port {
    const methodOf = (name: string) =>
      this.#iterables.includes(name)
        ? (...args: unknown[]) => this.#items(name, args)
        : (...args: unknown[]) => this.call(name, args);
    // A promise that resolves to the proxy must not take it for a promise.
    return new Proxy({} as Port, { get: (_, name) => (name === 'then' ? undefined : methodOf(String(name))) });
  }

  async *#items(name: string, args: unknown[]): AsyncGenerator<unknown> {
    yield* (await this.call(name, args)) as unknown[];
  }

  #onReply(reply: Reply): void {
    const call = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('result' in reply) call?.resolve(reply.result);
    else if (reply.failure.code === undefined) call?.reject(new Error(reply.failure.message));
    else call?.reject(new DbError(reply.failure.code as ErrorCode, reply.failure.message));
  }

  #failAll(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the child process is gone'));
    this.#waiting.clear();
  }
}
