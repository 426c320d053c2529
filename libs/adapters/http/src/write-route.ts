import { DbError, type SizeBytes } from '@varve/base';
import { WRITE_LEVELS, type WriteLevel } from '@varve/model';
import type { Gateway, Precision, WriteSummary } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import { readBody, type BodyBounds } from './request-body.ts';
import type { RequestClock } from './request-clock.ts';
import type { WriteThrottle } from './write-throttle.ts';

export interface WriteRouteParts {
  readonly gateway: Gateway;
  readonly clock: RequestClock;
  readonly throttle: WriteThrottle;
  readonly bounds: BodyBounds;
  readonly bodySizeBytesMax: SizeBytes;
}

const PRECISIONS: Readonly<Record<string, Precision>> = { '': 'n', n: 'n', ns: 'n', u: 'u', us: 'u', µ: 'u', ms: 'ms', s: 's', m: 'm', h: 'h' };

/** Step 1 of a write: request → WriteRequest, and its summary → answer. 204 says: all of it is durable at the level. @throws DbError */
export async function writeRoute(exchange: Exchange, parts: WriteRouteParts): Promise<void> {
  const target = writeTargetOf(exchange.parameters);
  const summary = await parts.throttle.run(() => writeBody(exchange, target, parts));
  const text = refusalText(summary);
  if (text !== undefined) throw new DbError('WRITE_PARTIAL', text);
  exchange.setHeader('Content-Type', 'application/json');
  exchange.answer(204);
}

async function writeBody(exchange: Exchange, target: WriteTarget, { gateway, clock, bounds, bodySizeBytesMax }: WriteRouteParts): Promise<WriteSummary> {
  const body = await readBody(exchange, bounds, bodySizeBytesMax);
  try {
    return gateway.writePoints({ ...target, body: body.bytes, nowNs: clock.nowNs(), traceParent: exchange.traceParent });
  } finally {
    // The gateway has read it: no batch waits for its commit with its text still in memory.
    body.release();
  }
}

interface WriteTarget {
  readonly database: string;
  readonly retentionPolicy: string | undefined;
  readonly precision: Precision;
  readonly level: WriteLevel | undefined;
}

/** @throws DbError DATABASE_REQUIRED, REQUEST_INVALID */
function writeTargetOf(parameters: URLSearchParams): WriteTarget {
  const database = parameters.get('db') ?? '';
  if (database === '') throw new DbError('DATABASE_REQUIRED', 'database is required');
  return {
    database,
    retentionPolicy: parameters.get('rp') || undefined,
    precision: precisionOf(parameters.get('precision') ?? ''),
    level: writeLevelOf(parameters.get('consistency') ?? ''),
  };
}

function precisionOf(text: string): Precision {
  const precision = Object.hasOwn(PRECISIONS, text) ? PRECISIONS[text] : undefined;
  if (precision === undefined) throw new DbError('REQUEST_INVALID', `invalid precision "${text}" (use n, u, ms, s, m or h)`);
  return precision;
}

function writeLevelOf(text: string): WriteLevel | undefined {
  const level = WRITE_LEVELS.find((known) => known === text.toLowerCase());
  if (level === undefined && text !== '') throw new DbError('REQUEST_INVALID', 'invalid consistency level');
  return level;
}

/** undefined when everything was applied. */
function refusalText({ lineErrors, dropped }: WriteSummary): string | undefined {
  if (lineErrors.length === 0 && dropped === undefined) return undefined;
  const reasons = dropped === undefined ? lineErrors : [...lineErrors, dropped.reason];
  return `partial write: ${reasons.join('\n')} dropped=${dropped?.pointCount ?? 0}`;
}
