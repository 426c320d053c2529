import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@varve/base';
import { memoryOfTree, sizeOfTree, type Memory } from './footprint.ts';
import { openClient, type ClientAnswer, type HttpClient } from './http-client.ts';
import { startProgress } from './progress.ts';
import { QUERY_KINDS, type QueryKind } from './query-kinds.ts';
import { freePorts, type System } from './systems.ts';
import { FIELDS, type Workload } from './workload.ts';

const CONNECTION_COUNT = 4;
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
const QUERY_MS_MIN = 1_000;
const QUERY_COUNT_MIN = 3;
/** A kind that takes longer than this stops short of {@link QUERY_COUNT_MIN}. */
const QUERY_MS_MAX = 60_000;

export interface Settings {
  readonly workload: Workload;
  readonly withQueries: boolean;
  /** From the last ack to the look at the directory. */
  readonly restMs: number;
  readonly seed: number;
}

/** What one system did. Absent memory: this machine has no /proc. */
export interface Figures {
  readonly system: System;
  readonly rowsPerSecond: number;
  readonly bytesPerValue: number;
  readonly atLastAck: Memory | undefined;
  readonly atRest: Memory | undefined;
  /** By kind; empty when none were asked for. */
  readonly queries: ReadonlyMap<string, QueryFigure>;
}

/** How fast a kind was answered, and how much there was in the answer to its first question, which is the same for all. */
export interface QueryFigure {
  /** A text says why there is no figure. */
  readonly perSecond: number | string;
  /** Undefined: not an InfluxQL answer. */
  readonly rowCount: number | undefined;
}

/** Starts a system on a fresh directory, writes, rests, asks, and stops it. */
export async function measure(system: System, settings: Settings): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-bench-'));
  const running = await launch(system, directory);
  try {
    const elapsedMs = await ingest(system, running.port, settings.workload);
    const atLastAck = memoryOfTree(running.pid);
    await rest(system, settings.restMs);
    const atRest = memoryOfTree(running.pid);
    const sizeBytes = sizeOfTree(directory) - running.logSizeBytes();
    const queries = settings.withQueries
      ? await askAll(system, running.port, settings)
      : new Map<string, QueryFigure>();
    const { rowCount } = settings.workload;
    return {
      system,
      rowsPerSecond: (rowCount / elapsedMs) * 1_000,
      bytesPerValue: sizeBytes / (rowCount * FIELDS.length),
      atLastAck,
      atRest,
      queries,
    };
  } finally {
    await running.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Running {
  readonly pid: number;
  readonly port: number;
  /** What it said lies in the same directory and is no data. */
  logSizeBytes(): number;
  stop(): Promise<void>;
}

async function launch(system: System, directory: string): Promise<Running> {
  const ports = await freePorts(6);
  const { program, programArguments } = system.prepare(directory, ports);
  const logFile = join(directory, 'output.log');
  const log = openSync(logFile, 'w');
  const child = spawn(program, programArguments, { stdio: ['ignore', log, log], cwd: directory });
  closeSync(log);
  const stop = (): Promise<void> => end(child);
  try {
    await untilReady(child, ports[0]!, system.pingPath);
  } catch (error) {
    await stop();
    throw new Error(`${system.name} did not start:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`, { cause: error });
  }
  return { pid: child.pid!, port: ports[0]!, logSizeBytes: () => readFileSync(logFile).length, stop };
}

async function untilReady(child: ChildProcess, port: number, path: string): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  let failure: unknown;
  child.on('error', (error) => (failure = error));
  while (performance.now() < deadlineMs) {
    if (failure !== undefined || child.exitCode !== null)
      throw new Error(`it ended with ${child.exitCode}`, { cause: failure });
    const isUp = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('it does not answer');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((settle) => child.once('exit', settle));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** @returns milliseconds from the first request to the last ack. */
async function ingest(system: System, port: number, workload: Workload): Promise<number> {
  const clients = Array.from({ length: CONNECTION_COUNT }, () => openClient(port));
  if (system.createPath !== undefined) await expectOk(clients[0]!.post(system.createPath, ''));
  const progress = startProgress({ label: `${system.name}: writing`, total: workload.batchCount, unit: 'batches' });
  let next = 0;
  let done = 0;
  const startedMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < workload.batchCount) {
        await expectOk(client.post(system.writePath, workload.batch(next++), 'text/plain'));
        progress.at(++done);
      }
    }),
  );
  const elapsedMs = performance.now() - startedMs;
  progress.end();
  for (const client of clients) client.close();
  return elapsedMs;
}

async function rest(system: System, restMs: number): Promise<void> {
  const progress = startProgress({ label: `${system.name}: resting`, total: restMs / 1_000, unit: 'seconds' });
  const startedMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < restMs; elapsedMs = performance.now() - startedMs) {
    await sleep(Math.min(1_000, restMs - elapsedMs));
    progress.at(Math.round((performance.now() - startedMs) / 1_000));
  }
  progress.end();
}

async function askAll(system: System, port: number, { workload, seed }: Settings): Promise<Map<string, QueryFigure>> {
  const client = openClient(port);
  const rates = new Map<string, QueryFigure>();
  const progress = startProgress({ label: `${system.name}: asking`, total: QUERY_KINDS.length, unit: 'kinds' });
  for (const [index, kind] of QUERY_KINDS.entries()) {
    rates.set(kind.name, await ask({ system, client, kind, workload, random: new Prng(seed + index) }));
    progress.at(index + 1);
  }
  progress.end();
  client.close();
  return rates;
}

interface Asking {
  readonly system: System;
  readonly client: HttpClient;
  readonly kind: QueryKind;
  readonly workload: Workload;
  readonly random: Prng;
}

/** One client asks one query after the other, each drawn anew. The first one is not counted: it warms up, and is looked into. */
async function ask({ system, client, kind, workload, random }: Asking): Promise<QueryFigure> {
  const nextPath = (): string | undefined => system.queryPath(kind.draw(random, workload));
  const firstPath = nextPath();
  if (firstPath === undefined) return { perSecond: '–', rowCount: undefined };
  const { problem, rowCount } = readAnswer(await client.get(firstPath));
  if (problem !== undefined) return { perSecond: problem, rowCount };
  let count = 0;
  const startedMs = performance.now();
  for (;;) {
    await expectOk(client.get(nextPath()!));
    count += 1;
    const elapsedMs = performance.now() - startedMs;
    const isEnough = elapsedMs >= QUERY_MS_MIN && count >= QUERY_COUNT_MIN;
    if (isEnough || elapsedMs >= QUERY_MS_MAX) return { perSecond: (count / elapsedMs) * 1_000, rowCount };
  }
}

/** An answer without rows is fast and wrong. */
function readAnswer({ status, body }: ClientAnswer): {
  readonly problem: string | undefined;
  readonly rowCount: number | undefined;
} {
  if (status !== 200) return { problem: `status ${status}`, rowCount: undefined };
  const { results, data } = JSON.parse(body.toString()) as {
    results?: { error?: string; series?: { values: unknown[] }[] }[];
    data?: { result?: unknown[] };
  };
  const result = results?.[0];
  const rowCount = result && (result.series ?? []).reduce((sum, { values }) => sum + values.length, 0);
  const isEmpty = (rowCount ?? data?.result?.length ?? 0) === 0;
  return { problem: result?.error?.slice(0, 40) ?? (isEmpty ? 'no rows' : undefined), rowCount };
}

async function expectOk(pending: ReturnType<HttpClient['get']>): Promise<void> {
  const { status, body } = await pending;
  if (status !== 200 && status !== 204) throw new Error(`status ${status}: ${body.toString().slice(0, 500)}`);
}
