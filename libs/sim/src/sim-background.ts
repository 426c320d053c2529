import { DbError } from '@varve/base';
import type { ScanTasks } from '@varve/data-shard-service';
import { ShareScanner, type ShareAnswer, type ShareJob } from '@varve/data-shard-service/share-scanner';
import type { Background, Tasks } from '@varve/ports';
import type { SimProcess } from './sim-process.ts';

/** In virtual ms: long enough that everything else happens meanwhile. */
const TASK_MS_MAX = 20;

/** A scan thread in virtual time. `onAnswer`: who wants to know what it does. */
export async function openSimScanThread(process: SimProcess, onAnswer: (answer: ShareAnswer) => void = () => undefined): Promise<Background<ScanTasks>> {
  const scanner = new ShareScanner();
  const scanShare = async (job: ShareJob): Promise<ShareAnswer> => {
    const answer = await scanner.scan(job);
    onAnswer(answer);
    return answer;
  };
  return new SimBackground(process, { scanShare });
}

/** A thread in virtual time. What it works on is a clone, as between threads. */
export class SimBackground<Known extends Tasks> implements Background<Known> {
  readonly #process: SimProcess;
  readonly #tasks: Known;
  /** Settles when the last task has ended. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(process: SimProcess, tasks: Known) {
    this.#process = process;
    this.#tasks = tasks;
  }

  async run<Name extends keyof Known & string>(name: Name, input: Parameters<Known[Name]>[0], given: readonly ArrayBuffer[]): Promise<Awaited<ReturnType<Known[Name]>>> {
    if (this.#isClosed) throw new DbError('STORAGE_FAILED', 'the background is closed');
    const clone = structuredClone(input, { transfer: [...given] }) as never;
    const delayMs = TASK_MS_MAX * this.#process.scheduler.prngOf(`background of ${this.#process.name}`).fraction();
    const ran = this.#last.then(() => this.#process.perform(delayMs, `has run ${name}`, () => this.#tasks[name]!(clone) as Awaited<ReturnType<Known[Name]>>));
    this.#last = ran.catch(() => undefined);
    return ran;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }
}
