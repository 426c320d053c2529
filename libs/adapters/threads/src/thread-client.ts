import { once } from 'node:events';
import { Worker, type Transferable } from 'node:worker_threads';
import { DbError } from '@varve/base';
import type { ThreadCall, ThreadReply } from './thread-protocol.ts';

/** Calls under way at most; more mean that the thread does not get on. */
const CALL_COUNT_MAX = 10_000;
/** Of a thread's heap, for new objects, where nothing else is said: most of what it handles is bytes, which are outside of the heap. */
const YOUNG_SIZE_MB = 4;

type MethodName<Target> = {
  [Name in keyof Target]: Target[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Target] &
  string;
type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;
type Result<Method> = Method extends (...args: never[]) => infer Value ? Value : never;

/** An object somewhere else, called by the names and types of its own methods. */
export interface CallClient<Target> {
  /** Calls are worked off in their order. @throws DbError what the method threw, STORAGE_FAILED */
  call<Name extends MethodName<Target>>(name: Name, ...args: Arguments<Target[Name]>): Promise<Result<Target[Name]>>;
  /** As `call`; the buffers are the object's from now on. */
  callWith<Name extends MethodName<Target>>(given: readonly Transferable[], name: Name, ...args: Arguments<Target[Name]>): Promise<Result<Target[Name]>>;
  /** Resolves when all calls have ended and the object is closed. Later calls are refused. */
  close(): Promise<void>;
}

/** Which thread to start. */
export interface ThreadOptions {
  /** For people: in names of threads and in errors. */
  readonly name: string;
  /** A module that serves calls (`serveCalls`). */
  readonly entry: URL;
  /** Its `workerData`. */
  readonly data: unknown;
  /** Of its heap, for new objects: with less than it makes in a few milliseconds it mostly collects garbage. */
  readonly youngSizeMb?: number;
}

/** An object in a worker thread. */
export class ThreadClient<Target> implements CallClient<Target> {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #calls = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }
  >();
  readonly #ended: Promise<unknown>;
  #nextId = 1;
  /** Why no call is taken any more. */
  #refusal: DbError | undefined;

  /** Starts a thread and opens the object in it. Who starts it takes what it ends with until then. @throws DbError what opening it failed with, and a bug as it is */
  static async start<Target>(options: ThreadOptions): Promise<ThreadClient<Target>> {
    const client = new ThreadClient<Target>(options);
    const opened = new Promise<void>((resolve, reject) => client.#calls.set(0, { resolve, reject }));
    try {
      await opened;
    } catch (error) {
      client.#ended.catch(() => undefined);
      throw error;
    }
    return client;
  }

  private constructor({ name, entry, data, youngSizeMb = YOUNG_SIZE_MB }: ThreadOptions) {
    this.#name = name;
    this.#worker = new Worker(entry, {
      name,
      workerData: data,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: youngSizeMb },
    });
    this.#ended = once(this.#worker, 'exit');
    this.#worker.on('message', (reply: ThreadReply) => this.#onReply(reply));
    this.#worker.on('error', (error: Error) => this.#failAll(error));
    this.#worker.on('exit', () => this.#failAll(new DbError('STORAGE_FAILED', `the thread "${name}" has ended`)));
  }

  async call<Name extends MethodName<Target>>(
    name: Name,
    ...args: Arguments<Target[Name]>
  ): Promise<Result<Target[Name]>> {
    return this.#send(name, args, []);
  }

  async callWith<Name extends MethodName<Target>>(
    given: readonly Transferable[],
    name: Name,
    ...args: Arguments<Target[Name]>
  ): Promise<Result<Target[Name]>> {
    return this.#send(name, args, given);
  }

  async close(): Promise<void> {
    if (this.#refusal === undefined) {
      const closed = this.#send('close', [], []);
      this.#refusal = new DbError('STORAGE_FAILED', `the thread "${this.#name}" is closed`);
      await closed;
    }
    await this.#ended;
  }

  #send<Value>(method: string, args: readonly unknown[], given: readonly Transferable[]): Promise<Value> {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#calls.size >= CALL_COUNT_MAX)
      throw new DbError('STORAGE_FAILED', `${CALL_COUNT_MAX} calls wait for the thread "${this.#name}"`);
    const id = this.#nextId;
    this.#nextId += 1;
    const call: ThreadCall = { id, method, args };
    this.#worker.postMessage(call, given);
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  #onReply(reply: ThreadReply): void {
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if ('result' in reply) call?.resolve(reply.result as never);
    else call?.reject(new DbError(reply.failure.code, reply.failure.message, reply.failure.facts));
  }

  #failAll(error: Error): void {
    this.#refusal ??= new DbError('STORAGE_FAILED', `the thread "${this.#name}" has ended`, {}, { cause: error });
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}
