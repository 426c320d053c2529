import { assert, DbError, type DurationMs, type Prng } from '@varve/base';
import type { SimProcess } from './sim-process.ts';
import type { SimScheduler } from './sim-scheduler.ts';

/** A write that a crash cut off, and what became of it. */
export interface InterruptedWrite {
  readonly what: string;
  readonly isKept: boolean;
}

/** A machine's disk: what is on it outlives the processes that use it. */
export class SimDisk {
  /** `full` refuses what needs space, `broken` every write. May be changed at any time. */
  condition: 'sound' | 'full' | 'broken' = 'sound';
  /** How long a read or a synced write takes. May be changed at any time: a slow disk. */
  latencyMsMin: DurationMs = 0.1;
  latencyMsMax: DurationMs = 2;
  readonly name: string;
  readonly prng: Prng;
  readonly #files = new Map<string, unknown>();
  readonly #interrupted: InterruptedWrite[] = [];

  constructor(scheduler: SimScheduler, name: string) {
    this.name = name;
    this.prng = scheduler.prngOf(`disk ${name}`);
  }

  /** Writes that were under way when their process was killed, for tests that must hit some. */
  get interruptedWrites(): readonly InterruptedWrite[] {
    return this.#interrupted;
  }

  /** The durable content under a name; the same store must always ask for it. */
  file<Content>(name: string, create: () => Content): Content {
    if (!this.#files.has(name)) this.#files.set(name, create());
    return this.#files.get(name) as Content;
  }

  /** A disk with the same content, apart from now on: a backup, or a copied directory. */
  copy(scheduler: SimScheduler): SimDisk {
    const copy = new SimDisk(scheduler, this.name);
    for (const [name, content] of this.#files) copy.#files.set(name, structuredClone(content));
    return copy;
  }

  latencyMs(): DurationMs {
    return this.latencyMsMin + this.prng.fraction() * (this.latencyMsMax - this.latencyMsMin);
  }

  noteInterrupted(write: InterruptedWrite): void {
    this.#interrupted.push(write);
  }

  /** @throws DbError STORAGE_FULL, STORAGE_FAILED when the disk's condition does not allow the write */
  checkWrite(needsSpace: boolean): void {
    if (this.condition === 'broken') throw new DbError('STORAGE_FAILED', `disk ${this.name} is broken`);
    if (this.condition === 'full' && needsSpace) throw new DbError('STORAGE_FULL', `disk ${this.name} is full`);
  }
}

interface Write {
  readonly what: string;
  readonly needsSpace: boolean;
  readonly apply: () => void;
  readonly succeed: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * How a store's writes reach its disk. One group is being written at a time, what comes meanwhile makes the next one, and
 * a group is on the disk as a whole or not at all. When the process dies, the group being written may have made it; the
 * ones behind it have not.
 */
export class SimFile {
  readonly #process: SimProcess;
  readonly #disk: SimDisk;
  readonly #name: string;
  readonly #isBrokenByFailure: boolean;
  #waiting: Write[] = [];
  #underway: Write[] = [];
  #failure: unknown;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(
    process: SimProcess,
    disk: SimDisk,
    options: {
      readonly name: string;
      /** After one failed write every later one fails too. */
      readonly isBrokenByFailure: boolean;
    },
  ) {
    this.#process = process;
    this.#disk = disk;
    this.#name = options.name;
    this.#isBrokenByFailure = options.isBrokenByFailure;
    process.onKill(() => this.#onKill());
  }

  /**
   * Resolves with what `apply` returned, when it is durable. `apply` changes the durable content; it must not fail.
   * @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  async write<Value>(what: string, apply: () => Value, { needsSpace = true } = {}): Promise<Value> {
    this.#checkOpen();
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      let written: Value;
      this.#waiting.push({
        what: `${this.#name} ${what}`,
        needsSpace,
        apply: () => {
          written = apply();
        },
        succeed: () => resolve(written),
        fail: reject,
      });
      this.#startGroup();
    });
  }

  /** Resolves with what `look` saw of the durable content. */
  async read<Value>(what: string, look: () => Value): Promise<Value> {
    this.#checkOpen();
    return this.#process.perform(this.#disk.latencyMs(), `has read ${this.#name} ${what}`, look);
  }

  /** Resolves when everything is written; refuses from now on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#underway.length > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new DbError('STORAGE_FAILED', `${this.#name} of ${this.#process.name} is closed`);
  }

  #startGroup(): void {
    if (this.#underway.length > 0 || this.#waiting.length === 0 || !this.#process.isAlive) return;
    this.#underway = this.#waiting;
    this.#waiting = [];
    const what = `${this.#process.name} ${this.#name}: ${this.#underway.length} writes end`;
    this.#process.scheduler.schedule(this.#disk.latencyMs(), what, () => this.#endGroup());
  }

  /** The disk goes on while the process is paused, and knows nothing of it once it is dead. */
  #endGroup(): void {
    if (!this.#process.isAlive) return;
    const group = this.#underway;
    this.#underway = [];
    try {
      for (const { needsSpace } of group) this.#disk.checkWrite(needsSpace);
      for (const { apply } of group) apply();
      this.#process.schedule(0, `has written ${this.#name}`, () => group.forEach(({ succeed }) => succeed()));
    } catch (error) {
      assert(error instanceof DbError, `a simulated write failed: ${String(error)}`);
      this.#failGroup(group, error);
    }
    this.#startGroup();
    if (this.#underway.length === 0) this.#onIdle?.();
  }

  #failGroup(group: readonly Write[], error: DbError): void {
    const failed = this.#isBrokenByFailure ? [...group, ...this.#waiting] : group;
    if (this.#isBrokenByFailure) {
      this.#failure = error;
      this.#waiting = [];
    }
    this.#process.schedule(0, `cannot write ${this.#name}: ${error.code}`, () =>
      failed.forEach(({ fail }) => fail(error)),
    );
  }

  #onKill(): void {
    if (this.#underway.length === 0) return;
    const isKept = this.#disk.condition === 'sound' && this.#disk.prng.chance(0.5);
    this.#process.scheduler.note(
      `${this.#name} of ${this.#process.name}: what was under way is ${isKept ? 'kept' : 'lost'}`,
    );
    for (const { what, apply } of this.#underway) {
      this.#disk.noteInterrupted({ what, isKept });
      if (isKept) apply();
    }
  }
}
