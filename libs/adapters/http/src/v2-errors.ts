import type { ErrorForm } from './exchange.ts';

/** What a handler under `/api/v2` sets as `exchange.errorForm` first of all: its errors are answered as clients of version 2 read them. */
export const V2_ERROR_FORM: ErrorForm = { format: 'json', isPretty: false, isV2: true };

/** The words of InfluxDB 2's API for what a status says. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  413: 'request too large',
  429: 'too many requests',
  503: 'unavailable',
  504: 'unavailable',
};

/** The body of an error of InfluxDB 2's API: a word for the status, and the text. */
export function v2ErrorJson(httpStatus: number, text: string): string {
  return JSON.stringify({ code: CODES[httpStatus] ?? 'internal error', message: text });
}
