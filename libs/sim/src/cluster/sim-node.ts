import { DbError } from '@varve/base';
import type { Service } from '@varve/kit';
import { SimDisk } from '../sim-disk.ts';
import { SimProcess } from '../sim-process.ts';
import type { SimScheduler } from '../sim-scheduler.ts';

/** What a process is made of, for one run. */
export interface SimRun<Made extends Service> {
  readonly service: Made;
  /** Of its bus: as a broken connection to the server. */
  cutOff(): void;
  reconnect(): void;
}

/** A start that fails is tried again after so long, as a supervisor would. */
const RESTART_PAUSE_MS = 1_000;

/** A machine with one process on it, which dies and comes back; its disk stays. */
export class SimNode<Made extends Service> {
  readonly name: string;
  readonly disk: SimDisk;
  readonly #scheduler: SimScheduler;
  readonly #make: (process: SimProcess, disk: SimDisk) => SimRun<Made>;
  #process: SimProcess | undefined;
  #run: SimRun<Made> | undefined;
  #isServing = false;

  constructor(scheduler: SimScheduler, name: string, make: (process: SimProcess, disk: SimDisk) => SimRun<Made>) {
    this.#scheduler = scheduler;
    this.name = name;
    this.#make = make;
    this.disk = new SimDisk(scheduler, name);
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  /** While it runs and has started. */
  get service(): Made | undefined {
    return this.#isServing ? this.#run?.service : undefined;
  }

  /** A new process on the disk. */
  start(): void {
    if (this.#process !== undefined) return;
    const process = new SimProcess(this.#scheduler, this.name);
    this.#process = process;
    this.#run = this.#make(process, this.disk);
    this.#run.service.start().then(
      () => {
        if (this.#process === process) this.#isServing = true;
      },
      (error: unknown) => {
        if (!(error instanceof DbError)) throw error;
        if (this.#process !== process) return;
        this.kill();
        this.#scheduler.schedule(RESTART_PAUSE_MS, `${this.name} is started again`, () => this.start());
      },
    );
  }

  /** As kill -9. */
  kill(): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#run = undefined;
    this.#isServing = false;
  }

  cutOff(): void {
    this.#run?.cutOff();
  }

  reconnect(): void {
    this.#run?.reconnect();
  }
}
