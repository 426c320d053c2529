import { Prng } from '@varve/base';
import { memoryOfTree, type Memory } from './footprint.ts';
import { expectOk, openClient, type HttpClient } from './http-client.ts';
import { ingest, rest } from './ingest.ts';
import { startProgress } from './progress.ts';
import { QUERY_KINDS, type QueryKind } from './query-kinds.ts';
import { readAnswer } from './read-answer.ts';
import { withFreshSystem } from './running-system.ts';
import type { System } from './systems.ts';
import { FIELDS, type Workload } from './workload.ts';

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
  return withFreshSystem(system, async (running) => {
    const { elapsedMs } = await ingest(running, settings.workload);
    const atLastAck = memoryOfTree(running.pid);
    await rest(system, settings.restMs);
    const atRest = memoryOfTree(running.pid);
    const sizeBytes = running.dataSizeBytes();
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
  });
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
