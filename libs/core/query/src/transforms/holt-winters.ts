import { DbError } from '@varve/base';
import { joinNs, splitNs } from '@varve/model';
import { DampedForecast } from './damped-forecast.ts';
import { floatOf, NUMBERS, type TransformArgument, type Transformation, type TransformationDefinition, type TransformOptions, type TransformPoint } from './transformation.ts';

/** Windows that a forecast is fitted to, gaps included, and that it goes beyond them, at most. */
const WINDOW_COUNT_MAX = 50_000;
const SEASON_MAX = 1_000;

/** A forecast of the next n windows from a whole series, with a season of m windows (below 2: none). */
export const holtWinters = forecasting(false);

/** As holtWinters, with what the model says of the windows that are known before it. */
export const holtWintersWithFit = forecasting(true);

function forecasting(hasFit: boolean): TransformationDefinition {
  return {
    argumentTypes: NUMBERS,
    title: 'elapsed', // InfluxDB's name for it where it refuses a type.
    leadWindowCount: 0,
    readWindowCount: () => 0,
    resultType: () => 'float',
    limitProblem,
    create: (options) => collecting(options, hasFit),
  };
}

function limitProblem([count, season]: readonly TransformArgument[]): string | undefined {
  if (Number(count) > WINDOW_COUNT_MAX) return `holt_winters of more than ${WINDOW_COUNT_MAX} points is not supported`;
  return Number(season) > SEASON_MAX ? `holt_winters with a season of more than ${SEASON_MAX} points is not supported` : undefined;
}

function collecting({ args: [count, season], everyNs }: TransformOptions, hasFit: boolean): Transformation {
  const shape = { count: count as number, season: (season as number) < 2 ? 0 : (season as number), everyNs: everyNs!, hasFit };
  const points: TransformPoint[] = [];
  return {
    add: (point) => {
      if (points.push(point) > WINDOW_COUNT_MAX) throw tooMany();
      return undefined;
    },
    finish: () => forecastOf(points, shape),
  };
}

interface ForecastShape {
  /** Windows to forecast. */
  readonly count: number;
  /** Windows of a season, 0: there is none. */
  readonly season: number;
  readonly everyNs: bigint;
  readonly hasFit: boolean;
}

/** In an answer of descending order time stands still, as in InfluxDB: there is no forecast. */
function* forecastOf(points: readonly TransformPoint[], { count, season, everyNs, hasFit }: ForecastShape): Generator<undefined, readonly TransformPoint[]> {
  if (points.length < 2 || points.length < season) return [];
  const values = valuesByWindow(points, everyNs);
  if (values.length < 2 || values.length < season) return [];
  const forecast = yield* new DampedForecast(values, season).forecast(count);
  const [from, firstNs] = hasFit ? [0, timeNs(points[0]!)] : [values.length, timeNs(points.at(-1)!) + everyNs];
  const shown: TransformPoint[] = [];
  for (let index = from; index < forecast.length; index += 1) {
    const value = forecast[index]!;
    if (!Number.isNaN(value)) shown.push({ ...splitNs(firstNs + everyNs * BigInt(index - from)), value });
  }
  return shown;
}

/** One value per window from the first to the last point, NaN where there is none; of several points in one the first. */
function valuesByWindow(points: readonly TransformPoint[], everyNs: bigint): Float64Array {
  const first = roundedTo(everyNs, timeNs(points[0]!));
  const windowCount = (roundedTo(everyNs, timeNs(points.at(-1)!)) - first) / everyNs + 1n;
  if (windowCount > BigInt(WINDOW_COUNT_MAX)) throw tooMany();
  if (windowCount < 2n) return new Float64Array(0);
  const values = new Float64Array(Number(windowCount)).fill(NaN);
  let before = -1;
  for (const point of points) {
    const index = Number((roundedTo(everyNs, timeNs(point)) - first) / everyNs);
    if (index > before) values[(before = index)] = floatOf(point);
  }
  return values;
}

/** To a whole number of windows since the epoch, as InfluxDB rounds. */
function roundedTo(everyNs: bigint, ns: bigint): bigint {
  const rest = ns % everyNs;
  return ns - rest + (rest > everyNs / 2n ? everyNs : 0n);
}

function timeNs({ ms, subNs }: TransformPoint): bigint {
  return joinNs(ms, subNs);
}

function tooMany(): DbError {
  return new DbError('QUERY_LIMIT', `holt_winters over more than ${WINDOW_COUNT_MAX} windows: narrow the time range or widen the interval`);
}
