import { Prng } from '@varve/base';
import type { Bound, Figure } from '../figure.ts';
import { openClient } from '../http-client.ts';
import type { Measurement, MeasurementSettings } from '../measurement.ts';
import { startProgress, type Progress } from '../progress.ts';
import { quantilesOf } from '../quantiles.ts';
import { NO_ROWS, readAnswer } from '../read-answer.ts';
import type { Endpoint } from '../running-system.ts';
import { compareAnswers, isCompared } from './answers.ts';
import { LoadThreads, type Rate } from './load.ts';
import { QUERY_KINDS, type QueryKind, type Written } from './query-kinds.ts';
import { withWrittenSystems, type RowsWanted } from './written-systems.ts';

/** One connection each. */
const WORKER_COUNTS = [1, 4];
const WORKER_COUNT_MAX = Math.max(...WORKER_COUNTS);
/** With all workers: seconds are what V8 takes to have compiled what a kind runs through, and the others need less. */
export const WARM_UP_MS = 4_000;
export const ROUND_MS = 3_000;
export const ROUND_COUNT = 3;
/** Drawn for each worker before the warm-up. */
const DRAWN_COUNT_FIRST = 2_000;
/** Before a round so many times as many are drawn as the rate before it lets expect: no question is put twice, so that no system answers it out of a cache of answers. */
const DRAWN_FACTOR = 2;
const DRAWN_COUNT_MIN = 100;
/** Identical questions per kind, compared before anything is timed. */
const COMPARED_COUNT = 5;
const COMPARED_COUNT_ALONE = 20;
/** So many questions may be drawn until one has rows. */
const FIRST_COUNT_MAX = 20;
const BOUND: Bound = { of: 'best peer', floor: 2, aim: 4 };
const SMALL: RowsWanted = { rowCount: 1_200_000, roundCount: 1 };
const TEN_MILLION_ROWS: RowsWanted = { rowCount: 1_000_000, roundCount: 10 };

/** Many answers, nothing timed. */
export const ANSWERS: Measurement = {
  name: 'answers',
  title: `${COMPARED_COUNT_ALONE} identical questions of each kind, every value compared; 1.2 M rows`,
  run: (settings) =>
    withWrittenSystems({ ...settings, systems: settings.systems.filter(isCompared) }, SMALL, async (all, written) => [
      await compareKinds(all, written, { ...settings, count: COMPARED_COUNT_ALONE }),
    ]),
};

/** The fifteen kinds on as many rows as the peers' published figures are of. */
export const KINDS = measurementOf('kinds', '200 hosts × 6,000 steps', SMALL);
/** The same on more. */
export const TEN_MILLION: Measurement = {
  ...measurementOf('ten-million', '200 hosts × 50,000 steps, 10 M rows', TEN_MILLION_ROWS),
  isOnRequest: true,
};

function measurementOf(name: string, rowsText: string, rows: RowsWanted): Measurement {
  return {
    name,
    title: `the fifteen TSBS cpu kinds, queries/s, ${rowsText}; median of ${ROUND_COUNT} rounds of ${ROUND_MS / 1_000} s behind ${WARM_UP_MS / 1_000} s of warm-up`,
    run: (settings) =>
      withWrittenSystems(settings, rows, async (all, written) => [
        await compareKinds(all, written, { ...settings, count: COMPARED_COUNT }),
        ...(await measureKinds(all, { kinds: QUERY_KINDS, written, settings, boundOf: () => BOUND })),
      ]),
  };
}

function compareKinds(
  all: readonly Endpoint[],
  written: Written,
  { count, scale, seed }: Pick<MeasurementSettings, 'scale' | 'seed'> & { readonly count: number },
): Promise<Figure> {
  const questions = QUERY_KINDS.map(({ name, draw }) => ({ name, draw: (random: Prng) => draw(random, written) }));
  return compareAnswers(all, { questions, seed, count: Math.ceil(count * scale) });
}

/** How kinds are measured. */
export interface MeasuringKinds {
  readonly kinds: readonly QueryKind[];
  readonly written: Written;
  readonly settings: Pick<MeasurementSettings, 'scale' | 'seed' | 'acceptsGzip'>;
  /** What a kind keeps to; undefined: nothing is promised. */
  readonly boundOf: (kind: string) => Bound | undefined;
}

/** Of each kind its rate by number of workers, and in front the rate of requests that ask for nothing: no rate can be above it. */
export async function measureKinds(all: readonly Endpoint[], measuring: MeasuringKinds): Promise<readonly Figure[]> {
  const threads = new LoadThreads(WORKER_COUNT_MAX);
  const total = (measuring.kinds.length + 1) * all.length * (1 + ROUND_COUNT * WORKER_COUNTS.length);
  const progress = startProgress({ label: 'asking', total, unit: 'rounds' });
  const asking = new Asking({ threads, progress, measuring });
  try {
    const figures = await asking.figuresOf('empty request', all, ({ system }) => () => system.pingPath);
    for (const [index, { name, draw }] of measuring.kinds.entries()) {
      const pathsOf = ({ system }: Endpoint): (() => string | undefined) => {
        const random = new Prng(measuring.settings.seed + index);
        return () => system.queryPath(draw(random, measuring.written));
      };
      figures.push(...(await asking.figuresOf(name, all, pathsOf, measuring.boundOf(name))));
    }
    return figures;
  } finally {
    progress.end();
    await threads.close();
  }
}

/** A system and where its next question is asked. */
interface Asked {
  readonly running: Endpoint;
  readonly nextPath: () => string;
}

/** `drawnCount` questions for each worker; one that comes through begins again. */
interface Round {
  readonly workerCount: number;
  readonly drawnCount: number;
  readonly durationMs: number;
}

/** For each of the workers of a round: so many that none comes through. */
export function drawnCountFor({ perSecond }: Pick<Rate, 'perSecond'>, workerCount: number): number {
  return Math.max(DRAWN_COUNT_MIN, Math.ceil((perSecond * DRAWN_FACTOR * ROUND_MS) / 1_000 / workerCount));
}

class Asking {
  readonly #threads: LoadThreads;
  readonly #progress: Progress;
  readonly #scale: number;
  readonly #acceptsGzip: boolean;
  #doneCount = 0;

  constructor(options: {
    readonly threads: LoadThreads;
    readonly progress: Progress;
    readonly measuring: MeasuringKinds;
  }) {
    this.#threads = options.threads;
    this.#progress = options.progress;
    this.#scale = options.measuring.settings.scale;
    this.#acceptsGzip = options.measuring.settings.acceptsGzip;
  }

  /** One figure per number of workers. Systems take turns, round by round. */
  async figuresOf(
    name: string,
    all: readonly Endpoint[],
    pathsOf: (running: Endpoint) => () => string | undefined,
    bound?: Bound,
  ): Promise<Figure[]> {
    const reasons = new Map<string, string>();
    const asked: Asked[] = [];
    for (const running of all) {
      const nextPath = pathsOf(running);
      const reason = await reasonAgainst(running, nextPath);
      if (reason === undefined) asked.push({ running, nextPath: nextPath as () => string });
      else reasons.set(running.system.name, reason);
    }
    const settled = new Map<Asked, Rate>();
    for (const each of asked)
      settled.set(each, await this.#ask(each, { workerCount: WORKER_COUNT_MAX, drawnCount: DRAWN_COUNT_FIRST, durationMs: WARM_UP_MS }));
    const figures: Figure[] = [];
    for (const workerCount of WORKER_COUNTS) {
      const rates = await this.#askInTurns(settled, workerCount);
      const label = `${name}, ${workerCount === 1 ? '1 worker' : `${workerCount} workers`}`;
      const values = new Map(all.map(({ system }) => [system.name, reasons.get(system.name) ?? medianOf(rates.get(system.name)!)]));
      figures.push({ name: label, better: 'more', values, bound });
    }
    return figures;
  }

  async #askInTurns(settled: ReadonlyMap<Asked, Rate>, workerCount: number): Promise<ReadonlyMap<string, readonly Rate[]>> {
    const rates = new Map([...settled.keys()].map(({ running }) => [running.system.name, [] as Rate[]]));
    for (let round = 0; round < (this.#scale < 1 ? 1 : ROUND_COUNT); round += 1)
      for (const [each, before] of settled) {
        const known = rates.get(each.running.system.name)!;
        const drawnCount = drawnCountFor(known.at(-1) ?? before, workerCount);
        known.push(await this.#ask(each, { workerCount, drawnCount, durationMs: ROUND_MS }));
      }
    return rates;
  }

  async #ask({ running, nextPath }: Asked, { workerCount, drawnCount, durationMs }: Round): Promise<Rate> {
    const loads = Array.from({ length: workerCount }, () => ({
      port: running.port,
      acceptsGzip: this.#acceptsGzip,
      groups: [[Array.from({ length: drawnCount }, nextPath)]],
      durationMs: durationMs * this.#scale,
    }));
    const rate = await this.#threads.run(loads);
    this.#progress.at((this.#doneCount += 1));
    return rate;
  }
}

/** Undefined: the system answers with rows. */
async function reasonAgainst(
  { system, port }: Endpoint,
  nextPath: () => string | undefined,
): Promise<string | undefined> {
  const client = openClient(port);
  try {
    for (let drawn = 1; ; drawn += 1) {
      const path = nextPath();
      if (path === undefined) return '–';
      if (path === system.pingPath) return undefined;
      const { problem } = readAnswer(await client.get(path));
      if (problem !== NO_ROWS || drawn === FIRST_COUNT_MAX) return problem;
    }
  } finally {
    client.close();
  }
}

/** Or why there is none. */
export function medianOf(rates: readonly Rate[]): number | string {
  const failed = rates.find(({ failureCount }) => failureCount > 0);
  if (failed !== undefined) {
    process.stderr.write(`${failed.failureCount} requests failed: ${failed.failure}\n`);
    return 'failed';
  }
  return quantilesOf(rates.map(({ perSecond }) => perSecond)).p50;
}
