import { DbError, type DurationMs, type WallMs } from '@varve/base';
import type { Clock } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import type { HttpStats } from './http-stats.ts';

const SECONDS_DEFAULT = 10;
const SECONDS_MAX = 6 * 3_600;

export interface DebugParts {
  readonly stats: HttpStats;
  readonly clock: Clock;
  readonly startedMs: WallMs;
  /** `host:port`. */
  readonly address: string;
}

/** `/debug/vars`: what Telegraf's input `influxdb` and people read, in InfluxDB's shape, as far as there is something of that name here. */
export function varsRoute(exchange: Exchange, { stats, clock, startedMs, address }: DebugParts): void {
  const nowMs = clock.wallMs();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const memstats = { Alloc: heapUsed, Sys: rss, HeapAlloc: heapUsed, HeapSys: heapTotal, HeapInuse: heapUsed, HeapIdle: heapTotal - heapUsed, OtherSys: external };
  const vars = {
    system: { currentTime: new Date(nowMs).toISOString(), started: new Date(startedMs).toISOString(), uptime: Math.floor((nowMs - startedMs) / 1_000) },
    cmdline: process.argv.slice(1, 2),
    memstats,
    runtime: { name: 'runtime', tags: {}, values: memstats },
    [`httpd:${address}`]: { name: 'httpd', tags: { bind: address }, values: stats.values },
  };
  answerLines(exchange, vars);
}

/** `/debug/requests`: who writes and asks how much, from now on for so many seconds. @throws DbError REQUEST_INVALID */
export async function requestsRoute(exchange: Exchange, { stats, clock }: DebugParts): Promise<void> {
  const seconds = secondsOf(exchange.parameters.get('seconds') ?? '');
  const profile = stats.profile();
  await elapsed(exchange, clock, seconds * 1_000);
  profile.stop();
  if (exchange.isGone) return;
  exchange.setHeader('Connection', 'close');
  answerLines(exchange, Object.fromEntries(profile.clients));
}

function secondsOf(text: string): number {
  if (text === '') return SECONDS_DEFAULT;
  const fault = (reason: string): DbError => new DbError('REQUEST_INVALID', `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${reason}`);
  if (!/^[+-]?\d{1,100}$/.test(text)) throw fault('invalid syntax');
  const seconds = BigInt(text.replace('+', ''));
  if (seconds !== BigInt.asIntN(64, seconds)) throw fault('value out of range');
  if (seconds > SECONDS_MAX) throw new DbError('REQUEST_INVALID', `exceeded maximum interval time: ${seconds}s > 6h`);
  // A time in the past has come: InfluxDB does not wait either.
  return Math.max(0, Number(seconds));
}

/** Or until the client is gone. */
function elapsed(exchange: Exchange, clock: Clock, delayMs: DurationMs): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(delayMs, resolve);
    exchange.onClose(() => {
      timer.cancel();
      resolve();
    });
  });
}

/** One member per line, as InfluxDB. */
function answerLines(exchange: Exchange, members: Readonly<Record<string, unknown>>): void {
  const lines = Object.entries(members).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  exchange.setHeader('Content-Type', 'application/json; charset=utf-8');
  exchange.answer(200, `{\n${lines.join(',\n')}\n}\n`);
}
