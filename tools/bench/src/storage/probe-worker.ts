import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { checkOk, openClient, type HttpClient } from '../http-client.ts';
import { START_MS } from '../workload.ts';
import type { Probe, ProbeSettings } from './small-writes.ts';

// One row every few milliseconds, on a thread of its own so that the bulk load of the same program does not hold it up. A
// write does not wait for the one before it: a stall counts for all that were due meanwhile, each on its own connection.

const { port, writePath, intervalMs } = workerData as ProbeSettings;
const latenciesMs: number[] = [];
let refusedCount = 0;
const clients: HttpClient[] = [];
const idle: HttpClient[] = [];
let isStopped = false;
parentPort!.once('message', () => (isStopped = true));

const writes: Promise<void>[] = [];
const startedMs = performance.now();
for (let count = 0; !isStopped; count += 1) {
  await sleep(Math.max(0, startedMs + count * intervalMs - performance.now()));
  writes.push(writeOne(count));
}
await Promise.all(writes);
for (const client of clients) client.close();
const probe: Probe = { latenciesMs, refusedCount };
parentPort!.postMessage(probe);

async function writeOne(count: number): Promise<void> {
  const client = idle.pop() ?? openAnother();
  const sentMs = performance.now();
  const line = `probe,hostname=probe value=${count}i ${START_MS + count}000000`;
  const answer = await client.post(writePath, line, 'text/plain');
  if (answer.status === 503) refusedCount += 1;
  else {
    checkOk(answer);
    latenciesMs.push(performance.now() - sentMs);
  }
  idle.push(client);
}

function openAnother(): HttpClient {
  const client = openClient(port);
  clients.push(client);
  return client;
}
