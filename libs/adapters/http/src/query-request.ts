import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { READ_LEVELS, type FieldValue, type ReadLevel } from '@varve/model';
import type { QueryRequest } from '@varve/ports';
import type { ErrorForm, Exchange } from './exchange.ts';
import { readBody, type BodyBounds } from './request-body.ts';
import type { EpochUnit } from './time-text.ts';

/** How the answer is to look. */
export interface QueryForm extends ErrorForm {
  readonly isGzip: boolean;
  readonly isChunked: boolean;
  /** Rows per object of a chunked answer. */
  readonly chunkRowCount: number;
  readonly epoch: EpochUnit | undefined;
  /** The client does not wait for rows. */
  readonly isAsync: boolean;
}

const EPOCHS: Readonly<Record<string, EpochUnit>> = { n: 'ns', ns: 'ns', u: 'u', us: 'u', µ: 'u', μ: 'u', ms: 'ms', s: 's', m: 'm', h: 'h' };
const CSV_TYPES: readonly (string | undefined)[] = ['text/csv', 'application/csv'];

/** @throws DbError REQUEST_INVALID */
export function queryFormOf(exchange: Exchange, parameters: URLSearchParams): QueryForm {
  return {
    ...errorFormOf(exchange, parameters),
    isGzip: /\bgzip\b/.test(exchange.header('accept-encoding') ?? ''),
    isChunked: parameters.get('chunked') === 'true',
    chunkRowCount: chunkRowCountOf(parameters.get('chunk_size') ?? ''),
    epoch: epochOf(parameters.get('epoch') ?? ''),
    isAsync: parameters.get('async') === 'true',
  };
}

/** As InfluxDB: CSV only when Accept names nothing else. */
export function errorFormOf(exchange: Exchange, parameters: URLSearchParams): ErrorForm {
  const isCsv = CSV_TYPES.includes(exchange.header('accept'));
  return { isCsv, isPretty: !isCsv && parameters.get('pretty') === 'true' };
}

/** @throws DbError REQUEST_INVALID, QUERY_PARSE */
export function queryOf(parameters: URLSearchParams): Pick<QueryRequest, 'text' | 'database' | 'retentionPolicy' | 'params' | 'level' | 'nodeId'> {
  const text = (parameters.get('q') ?? '').trim();
  if (text === '') throw new DbError('REQUEST_INVALID', 'missing required parameter "q"');
  return {
    text,
    database: parameters.get('db') || undefined,
    retentionPolicy: parameters.get('rp') || undefined,
    params: paramsOf(parameters.get('params') ?? ''),
    level: readLevelOf(parameters.get('consistency') ?? ''),
    nodeId: nodeIdOf(parameters.get('node_id') ?? ''),
  };
}

/** Of the URL and, for POST, of the form in the body, which wins. @throws DbError REQUEST_INVALID, REQUEST_TOO_LARGE, WRITE_OVERLOADED */
export async function queryParametersOf(exchange: Exchange, bounds: BodyBounds): Promise<URLSearchParams> {
  const contentType = exchange.header('content-type') ?? '';
  const isForm = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(contentType);
  if (exchange.request.method !== 'POST' || !isForm) return exchange.parameters;
  const body = await readBody(exchange, bounds, LIMITS.querySizeBytesMax);
  try {
    const merged = new URLSearchParams(exchange.parameters);
    for (const [name, value] of await formFields(body.bytes, contentType)) merged.set(name, value);
    return merged;
  } finally {
    body.release();
  }
}

async function formFields(bytes: Uint8Array, contentType: string): Promise<readonly (readonly [name: string, value: string])[]> {
  if (!contentType.toLowerCase().startsWith('multipart/')) return [...new URLSearchParams(new TextDecoder().decode(bytes))];
  let form: FormData;
  try {
    form = await new Response(Uint8Array.from(bytes), { headers: { 'content-type': contentType } }).formData();
  } catch (cause) {
    throw new DbError('REQUEST_INVALID', 'the multipart form cannot be read', {}, { cause });
  }
  return Promise.all([...form].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()] as const));
}

/** Values for `$name`: numbers as they were written, so that int64 stays exact. */
function paramsOf(text: string): Readonly<Record<string, FieldValue>> {
  if (text.trim() === '') return {};
  const parsed = parsedJson(text);
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new DbError('QUERY_PARSE', 'error parsing query parameters: an object is expected');
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, paramOf(value)]));
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text, exactInteger);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const isCutOff = cause.message.includes('end of JSON input') || cause.message.includes(`at position ${text.length}`);
    throw new DbError('QUERY_PARSE', `error parsing query parameters: ${isCutOff ? 'unexpected EOF' : cause.message}`, {}, { cause });
  }
}

/** A reviver: whole numbers that a float64 would change become bigint. */
function exactInteger(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source ?? '';
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

const INT64_MAX = 2n ** 63n - 1n;

function paramOf(value: unknown): FieldValue {
  if (typeof value === 'bigint' && (value > INT64_MAX || value < -INT64_MAX - 1n)) {
    throw new DbError('QUERY_PARSE', `error parsing json value: ${value} is outside int64`);
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean') return value;
  const [bindType] = Object.keys(value ?? {});
  const reason = value === null ? 'unable to bind parameter with type <nil>' : Array.isArray(value) ? 'unable to bind parameter with type []interface {}' : `unknown bind object type: ${bindType ?? ''}`;
  throw new DbError('QUERY_PARSE', `error parsing query: missing parameter: ${reason}`);
}

function epochOf(text: string): EpochUnit | undefined {
  const unit = Object.hasOwn(EPOCHS, text) ? EPOCHS[text] : undefined;
  if (unit === undefined && text !== '') throw new DbError('REQUEST_INVALID', `invalid epoch "${text}" (use ns, u, ms, s, m or h)`);
  return unit;
}

function readLevelOf(text: string): ReadLevel | undefined {
  const level = READ_LEVELS.find((known) => known === text.toLowerCase());
  if (level === undefined && text !== '') throw new DbError('REQUEST_INVALID', 'invalid consistency level');
  return level;
}

/** As InfluxDB Enterprise; 0 is any node. */
function nodeIdOf(text: string): number | undefined {
  if (text === '' || text === '0') return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new DbError('REQUEST_INVALID', `invalid node_id "${text}": a positive number is expected`);
  return Number(text);
}

/** As InfluxDB: what is no positive number means the default. */
function chunkRowCountOf(text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return count === 0 ? LIMITS.chunkRowCountDefault : count;
}
