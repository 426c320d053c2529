import { DbError, type TimestampNs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { timeRange, type TimeRange } from '@varve/model';
import type { Gateway } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import { readBody, type BodyBounds } from './request-body.ts';
import { bucketOf } from './v2-bucket.ts';
import { V2_ERROR_FORM } from './v2-errors.ts';
import { parseV2Predicate } from './v2-predicate.ts';

export interface V2DeleteRouteParts {
  readonly gateway: Gateway;
  readonly bounds: BodyBounds;
}

/** `POST /api/v2/delete`: 204 when everything that was there before is deleted, for good. @throws DbError */
export async function v2DeleteRoute(exchange: Exchange, { gateway, bounds }: V2DeleteRouteParts): Promise<void> {
  exchange.errorForm = V2_ERROR_FORM;
  const target = bucketOf(exchange.parameters);
  const { start, stop, predicate } = await bodyOf(exchange, bounds);
  const range = rangeOf(timeOf('start', start), timeOf('stop', stop));
  const chosen = parseV2Predicate(predicate);
  if (range !== undefined) await gateway.deletePoints({ ...target, ...chosen, range, traceParent: exchange.traceParent });
  exchange.answer(204);
}

interface DeleteBody {
  readonly start: unknown;
  readonly stop: unknown;
  readonly predicate: string;
}

async function bodyOf(exchange: Exchange, bounds: BodyBounds): Promise<DeleteBody> {
  const body = await readBody(exchange, bounds, LIMITS.querySizeBytesMax);
  try {
    return checkedBody(JSON.parse(new TextDecoder().decode(body.bytes)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DbError('REQUEST_INVALID', `delete - cannot parse request body: ${error.message}`, {}, { cause: error });
  } finally {
    body.release();
  }
}

function checkedBody(json: unknown): DeleteBody {
  const given = typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
  const { start, stop, predicate = '' } = given;
  if (typeof predicate !== 'string') throw new DbError('REQUEST_INVALID', 'delete - cannot parse request body: predicate is no text');
  return { start, stop, predicate };
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(?!24)\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:\d\d)$/;

/** Exact to the nanosecond. @throws DbError REQUEST_INVALID */
function timeOf(name: 'start' | 'stop', value: unknown): TimestampNs {
  if (typeof value !== 'string' || value === '') throw new DbError('REQUEST_INVALID', `delete - ${name} field in RFC3339Nano format required`);
  const [, year, month, day, fraction = ''] = RFC3339.exec(value) ?? [];
  const wholeMs = day !== undefined && Number(day) <= daysOf(Number(year), Number(month)) ? Date.parse(value.replace(/\.\d+/, '')) : NaN;
  if (Number.isNaN(wholeMs)) throw new DbError('REQUEST_INVALID', `delete - invalid format for ${name} field ${JSON.stringify(value)}, please use RFC3339Nano`);
  return BigInt(wholeMs) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** Date.parse takes February 30 for the first days of March, and so much more would be deleted. */
function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The stop is outside, as InfluxDB 1.8 has it. */
function rangeOf(startNs: TimestampNs, stopNs: TimestampNs): TimeRange | undefined {
  return startNs < stopNs ? timeRange(startNs, stopNs) : undefined;
}
