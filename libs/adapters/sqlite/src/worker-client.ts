import { once } from 'node:events';
import { Worker, type Transferable } from 'node:worker_threads';
import { DbError } from '@varve/base';
import type { StoreCall, StoreChoice, StoreReply } from './worker-protocol.ts';

/** Calls under way at most; more mean that the disk has stopped. */
const CALL_COUNT_MAX = 10_000;

type MethodName<Store> = {
  [Name in keyof Store]: Store[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Store] &
  string;
type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;
type Result<Method> = Method extends (...args: never[]) => infer Value ? Value : never;

/** A store somewhere else, called by the names and types of its own methods. */
export interface StoreClient<Store> {
  /** Calls are worked off in their order. @throws DbError what the method threw, STORAGE_FAILED */
  call<Name extends MethodName<Store>>(name: Name, ...args: Arguments<Store[Name]>): Promise<Result<Store[Name]>>;
  /** As `call`; the buffers are the store's from now on. */
  callWith<Name extends MethodName<Store>>(transferred: readonly Transferable[], name: Name, ...args: Arguments<Store[Name]>): Promise<Result<Store[Name]>>;
  /** Resolves when all calls have ended and the store is closed. Later calls are refused. */
  close(): Promise<void>;
}

/** A store in a worker thread. */
export class WorkerClient<Store> implements StoreClient<Store> {
  readonly #worker: Worker;
  readonly #calls = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }
  >();
  readonly #ended: Promise<unknown>;
  #nextId = 1;
  /** Why no call is taken any more. */
  #refusal: DbError | undefined;

  /** Starts a thread and opens a store in it. @throws DbError what opening the store failed with */
  static async start<Store>(choice: StoreChoice): Promise<WorkerClient<Store>> {
    const client = new WorkerClient<Store>(choice);
    await new Promise<void>((resolve, reject) => client.#calls.set(0, { resolve, reject }));
    return client;
  }

  private constructor(choice: StoreChoice) {
    this.#worker = new Worker(new URL('./storage-worker.ts', import.meta.url), {
      name: `storage: ${choice.store}`,
      workerData: choice,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 4 }, // it handles bytes, which are outside of the heap
    });
    this.#ended = once(this.#worker, 'exit');
    this.#worker.on('message', (reply: StoreReply) => this.#onReply(reply));
    this.#worker.on('error', (error: Error) => this.#failAll(error));
    this.#worker.on('exit', () =>
      this.#failAll(new DbError('STORAGE_FAILED', `the storage thread of ${choice.store} has ended`)),
    );
  }

  async call<Name extends MethodName<Store>>(
    name: Name,
    ...args: Arguments<Store[Name]>
  ): Promise<Result<Store[Name]>> {
    return this.#send(name, args, []);
  }

  async callWith<Name extends MethodName<Store>>(
    transferred: readonly Transferable[],
    name: Name,
    ...args: Arguments<Store[Name]>
  ): Promise<Result<Store[Name]>> {
    return this.#send(name, args, transferred);
  }

  async close(): Promise<void> {
    if (this.#refusal === undefined) {
      const closed = this.#send('close', [], []);
      this.#refusal = new DbError('STORAGE_FAILED', 'the store is closed');
      await closed;
    }
    await this.#ended;
  }

  #send<Value>(method: string, args: readonly unknown[], transferred: readonly Transferable[]): Promise<Value> {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#calls.size >= CALL_COUNT_MAX)
      throw new DbError('STORAGE_FAILED', `${CALL_COUNT_MAX} calls wait for the disk`);
    const id = this.#nextId;
    this.#nextId += 1;
    const call: StoreCall = { id, method, args };
    this.#worker.postMessage(call, transferred);
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
  }

  #onReply(reply: StoreReply): void {
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if ('result' in reply) call?.resolve(reply.result as never);
    else call?.reject(new DbError(reply.failure.code, reply.failure.message, reply.failure.facts));
  }

  #failAll(error: Error): void {
    this.#refusal ??= new DbError('STORAGE_FAILED', 'the storage thread has ended', {}, { cause: error });
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}
