import type { DbError } from '@varve/base';
import { CONTENT_TYPES } from './answer-format.ts';
import { csvError } from './csv-writer.ts';
import type { Exchange } from './exchange.ts';
import { JsonIndenter } from './indent-json.ts';
import { writeJsonString } from './json-text.ts';
import { msgpackError } from './msgpack-writer.ts';
import { OutputBuffer } from './output-buffer.ts';
import { v2ErrorJson } from './v2-errors.ts';

const HEADER_SIZE_BYTES_MAX = 1_024;
/** Seconds; the failures behind it are over in that time or take minutes. */
const RETRY_AFTER_S = 1;

/**
 * Telegraf drops a batch, or takes it for written, when a text has one of these, whatever the status says.
 * Source: telegraf plugins/outputs/influxdb/http.go.
 */
const DROPPING_TEXTS = [
  'partial write',
  'unable to parse',
  'points beyond retention policy',
  'retention policy not found',
  'hinted handoff queue not empty',
];

/** Answers with the status of the code, InfluxDB's body and header, and Retry-After when trying again may help. */
export function answerError(exchange: Exchange, error: DbError): void {
  const { httpStatus, retryable } = error.traits;
  const { format, isPretty, isV2 = false } = exchange.errorForm;
  const text = errorText(error);
  exchange.setHeader('Content-Type', CONTENT_TYPES[format]);
  exchange.setHeader('X-Influxdb-Error', headerText(text));
  if (retryable) exchange.setHeader('Retry-After', String(RETRY_AFTER_S));
  if (isV2) exchange.answer(httpStatus, v2ErrorJson(httpStatus, text));
  else exchange.answer(httpStatus, format === 'csv' ? csvError(text) : format === 'msgpack' ? msgpackError(text) : errorJson(text, isPretty));
}

/** The message, but never one that makes a client give up what it should send again. */
export function errorText(error: DbError): string {
  const isMisleading = error.traits.retryable && DROPPING_TEXTS.some((text) => error.message.includes(text));
  return isMisleading ? `${error.code}: not done, send it again` : error.message;
}

function errorJson(text: string, isPretty: boolean): Buffer {
  const compact = new OutputBuffer();
  compact.ascii('{"error":');
  writeJsonString(compact, text);
  compact.ascii('}\n');
  if (!isPretty) return compact.take();
  const pretty = new OutputBuffer();
  new JsonIndenter(pretty).write(compact.view());
  return pretty.take();
}

/** UTF-8 as the bytes of a header, where control characters may not stand. */
function headerText(text: string): string {
  const bytes = Buffer.from(text.slice(0, HEADER_SIZE_BYTES_MAX)).subarray(0, HEADER_SIZE_BYTES_MAX);
  return bytes.toString('latin1').replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, ' ');
}
