import { DbError, type SizeBytes } from '@varve/base';
import { problemsOf, ShardOnDisk } from './shard-on-disk.ts';

/** Frames by their numbers. */
export interface ShardHistory {
  readonly asked: readonly number[];
  readonly acked: readonly number[];
}

/** One shard and what was asked of it, in this process and in those before. */
export class ShardRun {
  readonly asked: number[];
  readonly acked: number[];
  /** Of everything that was tried: `done` or a code. */
  readonly outcomes: string[] = [];
  readonly #directory: string;
  #shard: ShardOnDisk | undefined;

  constructor(directory: string, { asked, acked }: ShardHistory) {
    this.#directory = directory;
    this.asked = [...asked];
    this.acked = [...acked];
  }

  get isOpen(): boolean {
    return this.#shard !== undefined;
  }

  async open(options: { readonly journalFileSizeBytesMax?: SizeBytes } = {}): Promise<void> {
    await this.#try(async () => {
      this.#shard = await ShardOnDisk.open(this.#directory, options);
    });
  }

  /** New frames, all at once. A node whose journal has failed would have ended: it may ack nothing more. */
  async write(count = 1): Promise<void> {
    const first = Math.max(0, ...this.asked) + 1;
    await Promise.all(Array.from({ length: count }, (_, index) => this.#send(first + index)));
  }

  /** As a coordinator does with frames that were not acked. */
  async resend(): Promise<void> {
    for (const number of this.asked.filter((each) => !this.acked.includes(each))) await this.#send(number);
  }

  async flush(): Promise<void> {
    await this.#try((shard) => shard.flush());
  }

  async merge(): Promise<void> {
    await this.#try(async (shard) => {
      if (!(await shard.merge())) this.outcomes.push('nothing to merge');
    });
  }

  /** Until what goes on behind the answers has ended. */
  async settle(): Promise<void> {
    await this.#shard?.settle();
  }

  /** @throws Error when a query would see what is wrong */
  async check(): Promise<void> {
    const problems = this.#shard === undefined ? [] : problemsOf(await this.#shard.cells(), this);
    if (problems.length > 0) throw new Error(`${this.#directory}: ${problems.join('; ')}`);
  }

  async close(): Promise<void> {
    await this.#shard?.close();
    this.#shard = undefined;
  }

  async #send(number: number): Promise<void> {
    if (!this.asked.includes(number)) this.asked.push(number);
    await this.#try(async (shard) => {
      const mayAck = !shard.isFatal;
      await shard.write(number);
      if (!mayAck) throw new Error(`frame ${number} was acknowledged by a journal that has failed`);
      this.acked.push(number);
    });
  }

  async #try(act: (shard: ShardOnDisk) => Promise<void>): Promise<void> {
    try {
      if (this.#shard === undefined && act.length > 0) return;
      await act(this.#shard!);
      this.outcomes.push('done');
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.outcomes.push(error.code);
    }
  }
}

/** What goes before an operation, without faults, and the operation itself. */
interface ShardOperation {
  /** Whose calls are counted, below the directory; all when absent. */
  readonly path?: string;
  prepare(run: ShardRun): Promise<void>;
  act(run: ShardRun): Promise<void>;
}

/** Of about 50 kB each in the WAL: a few more, and it is moved into the file. */
const WRITES_BEFORE_CHECKPOINT = 80;

/** What a disk may fail in. */
export const OPERATIONS = {
  /** Makes journal and directories, and the first commit. */
  create: {
    prepare: () => Promise.resolve(),
    act: async (run) => {
      await run.open();
      await run.write();
    },
  },
  /** Opens what a killed process has left. */
  recover: {
    prepare: () => Promise.resolve(),
    act: async (run) => {
      await run.open();
      if (run.isOpen) await run.resend();
    },
  },
  append: {
    prepare: async (run) => {
      await run.open();
      await run.write();
    },
    act: async (run) => {
      await run.write(3);
      await run.write();
    },
  },
  /** Makes the shard's file. */
  firstFlush: {
    prepare: async (run) => {
      await run.open();
      await run.write(4);
    },
    act: (run) => run.flush(),
  },
  flush: {
    prepare: async (run) => {
      await run.open();
      await run.write(3);
      await run.flush();
      await run.write(3);
    },
    act: (run) => run.flush(),
  },
  merge: {
    prepare: async (run) => {
      await run.open();
      for (let round = 0; round < 4; round += 1) {
        await run.write(2);
        await run.flush();
      }
      await run.write();
    },
    act: (run) => run.merge(),
  },
  /** Begins a journal file, lets go of others. */
  trim: {
    prepare: async (run) => {
      await run.open({ journalFileSizeBytesMax: 1 });
      await run.write();
      await run.flush();
      await run.write();
    },
    act: async (run) => {
      await run.write();
      await run.flush();
    },
  },
  /** Of the journal; that of the shard's file follows each flush. */
  checkpoint: {
    path: 'journal/*.sqlite',
    prepare: async (run) => {
      await run.open();
      for (let round = 0; round < WRITES_BEFORE_CHECKPOINT; round += 1) await run.write();
    },
    act: async (run) => {
      for (let round = 0; round < 10; round += 1) await run.write();
    },
  },
  /** What a node does that starts on a sound disk, and goes on as if nothing had been. */
  verify: {
    prepare: async (run) => {
      await run.open();
      await run.check();
    },
    act: async (run) => {
      for (const act of [() => run.write(2), () => run.flush(), () => run.merge(), () => run.resend(), () => run.flush()]) await act();
      await run.check();
      await run.close();
    },
  },
} as const satisfies Record<string, ShardOperation>;

export type Operation = keyof typeof OPERATIONS;

/** An operation by its name. */
export function operationOf(name: Operation): ShardOperation {
  return OPERATIONS[name];
}
