import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchFile } from './batch-file.ts';
import { checkOk, expectOk, openClient, type HttpClient } from './http-client.ts';
import { startProgress } from './progress.ts';
import type { Endpoint } from './running-system.ts';
import type { System } from './systems.ts';

const CONNECTION_COUNT = 4;
/** A server that has too much to do says 503, and a client comes again. */
const RETRY_PAUSE_MS = 50;
const RETRY_MS_MAX = 60_000;

/** What writing took. */
export interface Ingested {
  /** From the first request to the last ack. */
  readonly elapsedMs: number;
  /** When each batch was acknowledged, from the first request on, in the order of the acks. */
  readonly ackMs: readonly number[];
  /** Batches that were answered 503 and sent again; the time this took is in all figures. */
  readonly retryCount: number;
}

/** When writing is over though there are batches left. */
export interface Goal {
  readonly total: number;
  readonly unit: string;
  /** How much of the total is done. */
  done(): number;
}

/** Writes all batches, or as many as reach the goal, over four connections, each with one request at a time, to a database that is made first. */
export async function ingest(
  { system, port }: Endpoint,
  batches: Pick<BatchFile, 'batchCount' | 'batch'>,
  goal?: Goal,
): Promise<Ingested> {
  const clients = Array.from({ length: CONNECTION_COUNT }, () => openClient(port));
  if (system.createPath !== undefined) await expectOk(clients[0]!.post(system.createPath, ''));
  let [next, retryCount] = [0, 0];
  const ackMs: number[] = [];
  const { total, unit, done }: Goal = goal ?? { total: batches.batchCount, unit: 'batches', done: () => ackMs.length };
  const progress = startProgress({ label: `${system.name}: writing`, total, unit });
  const startedMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < batches.batchCount && done() < total) {
        retryCount += await write(client, system.writePath, batches.batch(next++));
        ackMs.push(performance.now() - startedMs);
        progress.at(Math.floor(done()));
      }
    }),
  );
  progress.end();
  for (const client of clients) client.close();
  return { elapsedMs: ackMs.at(-1) ?? 0, ackMs, retryCount };
}

/** @returns how often it was sent again */
async function write(client: HttpClient, path: string, batch: Buffer): Promise<number> {
  const endMs = performance.now() + RETRY_MS_MAX;
  for (let retryCount = 0; ; retryCount += 1) {
    const answer = await client.post(path, batch, 'text/plain');
    if (answer.status !== 503 || performance.now() > endMs) {
      checkOk(answer);
      return retryCount;
    }
    await sleep(RETRY_PAUSE_MS);
  }
}

/** Leaves a system alone: what it does in the background goes on. */
export async function rest(system: System, restMs: number): Promise<void> {
  const progress = startProgress({ label: `${system.name}: resting`, total: restMs / 1_000, unit: 'seconds' });
  const startedMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < restMs; elapsedMs = performance.now() - startedMs) {
    await sleep(Math.min(1_000, restMs - elapsedMs));
    progress.at(Math.round((performance.now() - startedMs) / 1_000));
  }
  progress.end();
}
