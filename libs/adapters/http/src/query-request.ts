import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { READ_LEVELS, type ReadLevel } from '@varve/model';
import type { QueryRequest } from '@varve/ports';
import { formatOf } from './answer-format.ts';
import { bindValuesOf } from './bind-values.ts';
import type { ErrorForm, Exchange } from './exchange.ts';
import { readBody, type BodyBounds } from './request-body.ts';
import type { EpochUnit } from './time-text.ts';
import { parseUrlForm } from './url-form.ts';

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

/** Parameters of a query are a dozen. */
const FORM_PART_COUNT_MAX = 100;

/** In the format in which errors of the exchange are answered. */
export function queryFormOf(exchange: Exchange, parameters: URLSearchParams): QueryForm {
  return {
    ...exchange.errorForm,
    isGzip: /\bgzip\b/.test(exchange.header('accept-encoding') ?? ''),
    isChunked: parameters.get('chunked') === 'true',
    chunkRowCount: chunkRowCountOf(parameters.get('chunk_size') ?? ''),
    epoch: epochOf((parameters.get('epoch') ?? '').trim()),
    isAsync: parameters.get('async') === 'true',
  };
}

/** The format follows `Accept`; only JSON can be pretty, and only the URL says so. */
export function errorFormOf(exchange: Exchange): ErrorForm {
  const format = formatOf(exchange.header('accept'));
  return { format, isPretty: format === 'json' && exchange.parameters.get('pretty') === 'true' };
}

/** @throws DbError REQUEST_INVALID, QUERY_PARSE */
export function queryOf(parameters: URLSearchParams): Pick<QueryRequest, 'text' | 'database' | 'retentionPolicy' | 'params' | 'level' | 'nodeId'> {
  const text = (parameters.get('q') ?? '').trim();
  if (text === '') throw new DbError('REQUEST_INVALID', 'missing required parameter "q"');
  const params = parameters.get('params') ?? '';
  checkLength('query', text);
  checkLength('params', params);
  return {
    text,
    database: parameters.get('db') || undefined,
    retentionPolicy: parameters.get('rp') || undefined,
    params: bindValuesOf(params),
    level: readLevelOf(parameters.get('consistency') ?? ''),
    nodeId: nodeIdOf(parameters.get('node_id') ?? ''),
  };
}

/** Of the URL and, for POST, of the form in the body, which wins; over a multipart form the URL wins, and one that cannot be read is none, as in Go. @throws DbError REQUEST_INVALID, REQUEST_TOO_LARGE, WRITE_OVERLOADED */
export function queryParametersOf(exchange: Exchange, bounds: BodyBounds): URLSearchParams | Promise<URLSearchParams> {
  const contentType = exchange.header('content-type') ?? '';
  const isForm = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(contentType);
  return exchange.request.method === 'POST' && isForm ? formParametersOf(exchange, contentType, bounds) : exchange.parameters;
}

async function formParametersOf(exchange: Exchange, contentType: string, bounds: BodyBounds): Promise<URLSearchParams> {
  const body = await readBody(exchange, bounds, LIMITS.querySizeBytesMax);
  try {
    const isMultipart = contentType.toLowerCase().startsWith('multipart/');
    const fields = firstOfEach(isMultipart ? await multipartFields(body.bytes, contentType) : plainFields(body.bytes));
    return new URLSearchParams(isMultipart ? [...exchange.parameters, ...fields] : [...fields, ...exchange.parameters]);
  } finally {
    body.release();
  }
}

/** As Go, which takes the first value of a name. */
function firstOfEach(fields: FormFields): readonly [name: string, value: string][] {
  return fields.flatMap(([name, value], index) => (fields.findIndex(([each]) => each === name) === index ? [[name, value]] : []));
}

type FormFields = readonly (readonly [name: string, value: string])[];

function plainFields(bytes: Uint8Array): FormFields {
  checkPartCount(bytes, '&');
  return [...parseUrlForm(new TextDecoder().decode(bytes))];
}

async function multipartFields(bytes: Uint8Array, contentType: string): Promise<FormFields> {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  checkPartCount(bytes, `--${quoted ?? plain ?? ''}`);
  let form: FormData;
  try {
    form = await new Response(Uint8Array.from(bytes), { headers: { 'content-type': contentType } }).formData();
  } catch {
    return [];
  }
  return Promise.all([...form].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()] as const));
}

/** A form may have a million of them, and reading one of a multipart form takes as long as there are others behind it. @throws DbError REQUEST_INVALID */
function checkPartCount(bytes: Uint8Array, separator: string): void {
  const form = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  for (let at = form.indexOf(separator); at !== -1; at = form.indexOf(separator, at + separator.length)) {
    count += 1;
    if (count > FORM_PART_COUNT_MAX) throw new DbError('REQUEST_INVALID', `a form of more than ${FORM_PART_COUNT_MAX} parts`);
  }
}

/** Parsing one text keeps everybody waiting. @throws DbError REQUEST_TOO_LARGE */
function checkLength(what: string, { length }: string): void {
  if (length <= LIMITS.queryTextLengthMax) return;
  throw new DbError('REQUEST_TOO_LARGE', `${what} of ${length} characters: ${LIMITS.queryTextLengthMax} are taken at most; send statements in several requests`);
}

/** As InfluxDB: a unit that it does not know means nanoseconds. */
function epochOf(text: string): EpochUnit | undefined {
  if (text === '') return undefined;
  return Object.hasOwn(EPOCHS, text) ? EPOCHS[text] : 'ns';
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
