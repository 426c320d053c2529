import type { Background, Tasks } from '@varve/ports';
import type { SimProcess } from './sim-process.ts';

/** In virtual ms: long enough that everything else happens meanwhile. */
const TASK_MS_MAX = 20;

/** A thread in virtual time. What it works on is a clone, as between threads. */
export class SimBackground<Known extends Tasks> implements Background<Known> {
  readonly #process: SimProcess;
  readonly #tasks: Known;

  constructor(process: SimProcess, tasks: Known) {
    this.#process = process;
    this.#tasks = tasks;
  }

  run<Name extends keyof Known & string>(name: Name, input: Parameters<Known[Name]>[0], given: readonly ArrayBuffer[]): Promise<ReturnType<Known[Name]>> {
    const clone = structuredClone(input, { transfer: [...given] }) as never;
    const delayMs = TASK_MS_MAX * this.#process.scheduler.prngOf(`background of ${this.#process.name}`).fraction();
    return this.#process.perform(delayMs, `has run ${name}`, () => this.#tasks[name]!(clone) as ReturnType<Known[Name]>);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
