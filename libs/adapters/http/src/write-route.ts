import { DbError, type SizeBytes } from '@varve/base';
import { WRITE_LEVELS, type WriteLevel } from '@varve/model';
import { partialWriteText, type Gateway, type Precision, type WriteSummary } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import { readBody, type BodyBounds } from './request-body.ts';
import type { RequestClock } from './request-clock.ts';
import { bucketOf } from './v2-bucket.ts';
import { V2_ERROR_FORM } from './v2-errors.ts';
import type { WriteThrottle } from './write-throttle.ts';

export interface WriteRouteParts {
  readonly gateway: Gateway;
  readonly clock: RequestClock;
  readonly throttle: WriteThrottle;
  readonly bounds: BodyBounds;
  readonly bodySizeBytesMax: SizeBytes;
}

/** By the name of the parameter. */
type Precisions = Readonly<Record<string, Precision>>;
const PRECISIONS: Precisions = { '': 'n', n: 'n', ns: 'n', u: 'u', us: 'u', µ: 'u', ms: 'ms', s: 's', m: 'm', h: 'h' };
const V2_PRECISIONS: Precisions = { '': 'n', ns: 'n', us: 'u', ms: 'ms', s: 's' };

/** Step 1 of a write: request → WriteRequest, and its summary → answer. 204 says: all of it is durable at the level. @throws DbError */
export async function writeRoute(exchange: Exchange, parts: WriteRouteParts): Promise<void> {
  const { parameters } = exchange;
  const target = writeTargetOf(parameters);
  const precision = precisionOf(parameters.get('precision') ?? '', PRECISIONS, 'n, u, ms, s, m or h');
  answerWrite(exchange, await parts.throttle.run(() => writeBody(exchange, { ...target, precision }, parts)));
}

/** The same for `/api/v2/write`: a bucket names the database, an organisation nothing. @throws DbError */
export async function v2WriteRoute(exchange: Exchange, parts: WriteRouteParts): Promise<void> {
  exchange.errorForm = V2_ERROR_FORM;
  const { parameters } = exchange;
  const level = writeLevelOf(parameters.get('consistency') ?? '');
  const precision = precisionOf(parameters.get('precision') ?? '', V2_PRECISIONS, 'ns, us, ms or s');
  const target = { ...bucketOf(parameters), level, precision };
  answerWrite(exchange, await parts.throttle.run(() => writeBody(exchange, target, parts)));
}

/** 204, or what was not applied. @throws DbError WRITE_PARTIAL */
export function answerWrite(exchange: Exchange, summary: WriteSummary): void {
  const text = partialWriteText(summary);
  if (text !== undefined) throw new DbError('WRITE_PARTIAL', text);
  exchange.setHeader('Content-Type', 'application/json');
  exchange.answer(204);
}

async function writeBody(exchange: Exchange, target: WriteTarget & { readonly precision: Precision }, { gateway, clock, bounds, bodySizeBytesMax }: WriteRouteParts): Promise<WriteSummary> {
  const body = await readBody(exchange, bounds, bodySizeBytesMax);
  try {
    return gateway.writePoints({ ...target, body: body.bytes, nowNs: clock.nowNs(), traceParent: exchange.traceParent });
  } finally {
    // The gateway has read it: no batch waits for its commit with its text still in memory.
    body.release();
  }
}

/** Where a write goes, and when it is answered. */
export interface WriteTarget {
  readonly database: string;
  readonly retentionPolicy: string | undefined;
  readonly level: WriteLevel | undefined;
}

/** @throws DbError DATABASE_REQUIRED, REQUEST_INVALID */
export function writeTargetOf(parameters: URLSearchParams): WriteTarget {
  const database = parameters.get('db') ?? '';
  if (database === '') throw new DbError('DATABASE_REQUIRED', 'database is required');
  return {
    database,
    retentionPolicy: parameters.get('rp') || undefined,
    level: writeLevelOf(parameters.get('consistency') ?? ''),
  };
}

function precisionOf(text: string, precisions: Precisions, known: string): Precision {
  const precision = Object.hasOwn(precisions, text) ? precisions[text] : undefined;
  if (precision === undefined) throw new DbError('REQUEST_INVALID', `invalid precision "${text}" (use ${known})`);
  return precision;
}

function writeLevelOf(text: string): WriteLevel | undefined {
  const level = WRITE_LEVELS.find((known) => known === text.toLowerCase());
  if (level === undefined && text !== '') throw new DbError('REQUEST_INVALID', 'invalid consistency level');
  return level;
}
