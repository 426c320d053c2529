import { Worker } from 'node:worker_threads';
import { quantilesOf } from '../quantiles.ts';
import type { Client } from './lean-connection.ts';

const WORKER_FILE = new URL('./load-worker.ts', import.meta.url);

/** What one thread asks a server for. */
export interface Load extends Client {
  /**
   * By group of connections, by connection: the paths that are asked for, one after the other and then again. A group asks
   * on all its connections at once and goes on when all have answered.
   */
  readonly groups: readonly (readonly (readonly string[])[])[];
  /** No request is sent later. */
  readonly durationMs: number;
}

/** What one thread found. */
export interface LoadFigure {
  /** Of each answer that was right by its status and its first bytes, in no order. */
  readonly latenciesMs: readonly number[];
  /** Until the last answer. */
  readonly elapsedMs: number;
  readonly failureCount: number;
  /** What the first failure was. */
  readonly failure: string | undefined;
}

/** What all threads found together. */
export interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failureCount: number;
  readonly failure: string | undefined;
}

/** Threads that ask, open for all loads of a run. */
export class LoadThreads {
  readonly #workers: readonly Worker[];

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => new Worker(WORKER_FILE));
  }

  /** One load for each of the first threads, all at once. @throws Error a thread ended */
  async run(loads: readonly Load[]): Promise<Rate> {
    return rateOf(await Promise.all(loads.map((load, index) => runOn(this.#workers[index]!, load))));
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Each thread's rate is by its own clock: one that waits for a long last answer does not lower the others'. */
export function rateOf(figures: readonly LoadFigure[]): Rate {
  const { p50, p99 } = quantilesOf(figures.flatMap(({ latenciesMs }) => [...latenciesMs]));
  return {
    perSecond: figures.reduce((sum, { latenciesMs, elapsedMs }) => sum + (latenciesMs.length / elapsedMs) * 1_000, 0),
    p50Ms: p50,
    p99Ms: p99,
    failureCount: figures.reduce((sum, { failureCount }) => sum + failureCount, 0),
    failure: figures.find(({ failure }) => failure !== undefined)?.failure,
  };
}

function runOn(worker: Worker, load: Load): Promise<LoadFigure> {
  return new Promise((settle, fail) => {
    worker.once('error', fail);
    worker.once('message', (figure: LoadFigure) => {
      worker.off('error', fail);
      settle(figure);
    });
    worker.postMessage(load);
  });
}
