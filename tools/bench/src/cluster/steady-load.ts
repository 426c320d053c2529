import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, type HttpClient } from '../http-client.ts';

const CLIENT_COUNT = 4;
const ROWS_PER_REQUEST = 100;
const PAUSE_MS = 5;

/** What clients noticed of a kill. */
export interface KillFigure {
  readonly victim: string;
  readonly requestCount: number;
  readonly failedCount: number;
  /** From the kill; undefined: none failed. */
  readonly firstFailedMs: number | undefined;
  readonly lastFailedMs: number | undefined;
  /** The longest a request took that was answered 204 after the kill. */
  readonly slowestMs: number;
}

/** Clients that write small requests at quorum, each on its way to the other coordinator when one fails. */
export class SteadyLoad {
  readonly #urls: readonly string[];
  readonly #requests: { readonly endedMs: number; readonly elapsedMs: number; readonly isAcked: boolean }[] = [];
  #isStopped = false;
  #number = 0;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** Resolves when it was stopped and all requests have ended. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENT_COUNT }, (_, index) => this.#write(index)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  figureOf(victim: string, killedMs: number): KillFigure {
    const after = this.#requests.filter(({ endedMs }) => endedMs >= killedMs);
    const failed = after.filter(({ isAcked }) => !isAcked);
    return {
      victim,
      requestCount: after.length,
      failedCount: failed.length,
      firstFailedMs: failed.length === 0 ? undefined : Math.min(...failed.map(({ endedMs }) => endedMs)) - killedMs,
      lastFailedMs: failed.length === 0 ? undefined : Math.max(...failed.map(({ endedMs }) => endedMs)) - killedMs,
      slowestMs: Math.max(0, ...after.filter(({ isAcked }) => isAcked).map(({ elapsedMs }) => elapsedMs)),
    };
  }

  async #write(index: number): Promise<void> {
    let turn = index;
    let client: HttpClient | undefined;
    while (!this.#isStopped) {
      client ??= openClient(Number(new URL(this.#urls[turn % this.#urls.length]!).port));
      const startedMs = performance.now();
      const isAcked = await this.#isAcked(client);
      const endedMs = performance.now();
      this.#requests.push({ endedMs, elapsedMs: endedMs - startedMs, isAcked });
      if (!isAcked) {
        client.close();
        client = undefined;
        turn += 1;
      }
      await sleep(PAUSE_MS);
    }
    client?.close();
  }

  async #isAcked(client: HttpClient): Promise<boolean> {
    const lines = Array.from({ length: ROWS_PER_REQUEST }, () => `steady,lane=l${(this.#number += 1) % 50} value=${this.#number}i ${this.#number}`).join('\n');
    try {
      return (await client.post('/write?db=steady&precision=s&consistency=quorum', lines, 'text/plain')).status === 204;
    } catch {
      return false; // The connection broke with its coordinator.
    }
  }
}
