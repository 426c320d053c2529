import { assert, DbError, type SizeBytes } from '@varve/base';
import type { Background } from '@varve/ports';
import { SHARE_SIZE, type ShareSize } from '@varve/query';
import { metrics as names } from '@varve/telemetry';
import type { DataShardConfig, DataShardPorts, ScanTasks } from './ports.ts';
import type { ShareAnswer, ShareJob } from './share-job.ts';

/** Shares that a thread has at a time: one that it works on, and one so that it does not wait for the event loop. */
const SHARE_COUNT_MAX = 2;

type ScanThreadsPorts = Pick<DataShardPorts, 'log' | 'metrics' | 'openScanThread'>;

interface ScanThread {
  readonly background: Background<ScanTasks>;
  shareCount: number;
  hasFailed: boolean;
}

/** The threads that scan for all queries of a node. They are started when first wanted: a node that only takes writes has none. */
export class ScanThreads {
  readonly #ports: ScanThreadsPorts;
  readonly #count: number;
  readonly #threads: ScanThread[] = [];
  readonly shareSize: ShareSize;
  /** What each may keep of chunks: together as much as the event loop. */
  readonly cacheSizeBytesMax: SizeBytes;
  /** What that leaves of the whole for the event loop. */
  readonly cacheSizeBytesMaxHere: SizeBytes;
  /** Queries that the node answers now. */
  queryCount = 0;
  #opening: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(ports: ScanThreadsPorts, { scanThreadCount, shareSize = SHARE_SIZE, chunkCacheSizeBytesMax }: Pick<DataShardConfig, 'scanThreadCount' | 'shareSize' | 'chunkCacheSizeBytesMax'>) {
    this.#ports = ports;
    this.shareSize = shareSize;
    this.#count = ports.openScanThread === undefined ? 0 : scanThreadCount;
    this.cacheSizeBytesMax = this.#count === 0 ? 0 : Math.floor(chunkCacheSizeBytesMax / 2 / this.#count);
    this.cacheSizeBytesMaxHere = chunkCacheSizeBytesMax - this.#count * this.cacheSizeBytesMax;
  }

  /** Whether there can be any. */
  get isOn(): boolean {
    return this.#count > 0;
  }

  /** Whether some thread would begin with a share at once. */
  get isIdle(): boolean {
    return this.#threads.some(({ shareCount, hasFailed }) => shareCount === 0 && !hasFailed);
  }

  /** Whether some thread can take one more share. The first question starts them. */
  hasRoom(): boolean {
    this.#opening ??= this.#open();
    return this.#least() !== undefined;
  }

  /** Has a share done by a thread that has room, which keeps it until the end: what it lacks meanwhile makes no room for others (ST5). */
  async lend<Value>(doWith: (scan: (job: ShareJob) => Promise<ShareAnswer>) => Promise<Value>): Promise<Value> {
    const thread = this.#least();
    assert(thread !== undefined, 'a share for threads without room');
    thread.shareCount += 1;
    try {
      return await doWith((job) => this.#scan(thread, job));
    } finally {
      thread.shareCount -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await Promise.all(this.#threads.filter(({ hasFailed }) => !hasFailed).map(({ background }) => background.close()));
  }

  async #open(): Promise<void> {
    const { log, openScanThread } = this.#ports;
    for (let count = 0; count < this.#count && !this.#isClosed; count += 1) {
      try {
        this.#threads.push({ background: await openScanThread!(), shareCount: 0, hasFailed: false });
      } catch (error) {
        log.error('A scan thread did not start; queries do without it', { error });
      }
    }
  }

  /** The one with the fewest shares; undefined: none has room, or there is none yet, or none any more. */
  #least(): ScanThread | undefined {
    let least: ScanThread | undefined;
    if (this.#isClosed) return undefined;
    for (const each of this.#threads) if (!each.hasFailed && each.shareCount < (least?.shareCount ?? SHARE_COUNT_MAX)) least = each;
    return least;
  }

  /** @throws DbError STORAGE_FAILED, and what the share fails with */
  async #scan(thread: ScanThread, job: ShareJob): Promise<ShareAnswer> {
    try {
      const answer = await thread.background.run('scanShare', job, []);
      if (answer.kind === 'frames') this.#ports.metrics.add(names.scanShares, 1);
      return answer;
    } catch (error) {
      if (!isOfTheThread(error)) throw error;
      if (!this.#isClosed) this.#fail(thread, error);
      throw new DbError('STORAGE_FAILED', 'the scan thread has ended', {}, { cause: error }); // Here it is no bug: a query's stream would end the process.
    }
  }

  /** What a thread that has ended fails with when it is closed was said by then; not taken, it would end the process. */
  #fail(thread: ScanThread, error: unknown): void {
    if (thread.hasFailed) return;
    thread.hasFailed = true;
    this.#ports.log.error('A scan thread has ended; queries do without it', { error });
    void thread.background.close().catch(() => undefined);
  }
}

/** It is no answer to the job: the thread has ended, or does not get on. */
function isOfTheThread(error: unknown): boolean {
  return !(error instanceof DbError) || error.code === 'STORAGE_FAILED';
}
