import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchFile } from './batch-file.ts';
import { expectOk, openClient } from './http-client.ts';
import { startProgress } from './progress.ts';
import type { Running } from './running-system.ts';
import type { System } from './systems.ts';

const CONNECTION_COUNT = 4;

/** What writing took. */
export interface Ingested {
  /** From the first request to the last ack. */
  readonly elapsedMs: number;
  /** When each batch was acknowledged, from the first request on, in the order of the acks. */
  readonly ackMs: readonly number[];
}

/**
 * Writes all batches over four connections, each with one request at a time, to a database that is made first.
 * @param isEnough ends it early
 */
export async function ingest(
  { system, port }: Running,
  batches: Pick<BatchFile, 'batchCount' | 'batch'>,
  isEnough: () => boolean = () => false,
): Promise<Ingested> {
  const clients = Array.from({ length: CONNECTION_COUNT }, () => openClient(port));
  if (system.createPath !== undefined) await expectOk(clients[0]!.post(system.createPath, ''));
  const progress = startProgress({ label: `${system.name}: writing`, total: batches.batchCount, unit: 'batches' });
  let next = 0;
  const ackMs: number[] = [];
  const startedMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < batches.batchCount && !isEnough()) {
        await expectOk(client.post(system.writePath, batches.batch(next++), 'text/plain'));
        progress.at(ackMs.push(performance.now() - startedMs));
      }
    }),
  );
  progress.end();
  for (const client of clients) client.close();
  return { elapsedMs: ackMs.at(-1) ?? 0, ackMs };
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
