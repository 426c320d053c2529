import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TraceParent } from '@varve/ports';
import type { AnswerFormat } from './answer-format.ts';
import { parseUrlForm } from './url-form.ts';

/** What tools expect of the newest release of the line that Varve speaks: some features are switched on by it. */
export const INFLUXDB_VERSION = '1.8.10';
const REQUEST_ID_LENGTH_MAX = 256;

/** How an error is answered. */
export interface ErrorForm {
  readonly format: AnswerFormat;
  readonly isPretty: boolean;
  /** As in InfluxDB 2's API: `{"code","message"}`. Absent: no. */
  readonly isV2?: boolean;
}

/** One request and its answer: parsed target, InfluxDB's headers, and whether the client is still there. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Of the URL. */
  readonly parameters: URLSearchParams;
  errorForm: ErrorForm = { format: 'json', isPretty: false };
  /** Of the request's span, when it is recorded. */
  traceParent: TraceParent | undefined;
  /** Whom to tell that the query was ended before its end: who sends its answer. */
  onQueryEnded = (): void => undefined;
  /** Names and values by turns, as they will be sent. */
  readonly #headers: string[] = ['X-Influxdb-Build', 'OSS', 'X-Influxdb-Version', INFLUXDB_VERSION];
  readonly #onClose: (() => void)[] = [];
  #isGone = false;
  /** Made when somebody asks for the signal: most routes never do. */
  #abort: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    const target = request.url ?? '/';
    const queryIndex = target.indexOf('?');
    this.path = queryIndex === -1 ? target : target.slice(0, queryIndex);
    this.parameters = parseUrlForm(queryIndex === -1 ? '' : target.slice(queryIndex + 1));
    response.on('close', () => this.#close());
  }

  /** The client is gone before its answer ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Aborted when the client is gone before its answer ended. */
  get gone(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isGone) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Calls back once when the answer has ended or the client is gone, unless that has been already. */
  onClose(callback: () => void): void {
    this.#onClose.push(callback);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** One more header of the answer; a name is given once. */
  setHeader(name: string, value: string): void {
    this.#headers.push(name, value);
  }

  /** The headers of every route that exists: the id of the request, and leave for pages of other origins. */
  setCommonHeaders(): void {
    const given = this.header('x-request-id') ?? this.header('request-id') ?? '';
    const requestId = given === '' || given.length > REQUEST_ID_LENGTH_MAX ? randomUUID() : given;
    this.setHeader('Request-Id', requestId);
    this.setHeader('X-Request-Id', requestId);
    const origin = this.header('origin');
    if (origin === undefined || origin === '') return;
    this.setHeader('Access-Control-Allow-Origin', origin);
    this.setHeader('Access-Control-Allow-Methods', 'DELETE, GET, OPTIONS, POST, PUT');
    const allowed = 'Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token, X-HTTP-Method-Override';
    this.setHeader('Access-Control-Allow-Headers', allowed);
    this.setHeader('Access-Control-Expose-Headers', 'Date, X-InfluxDB-Version, X-InfluxDB-Build');
  }

  /** The whole answer at once. A text of `latin1` is bytes, one per character. */
  answer(status: number, body?: string | Uint8Array, encoding: 'utf8' | 'latin1' = 'utf8'): void {
    if (body !== undefined) this.setHeader('Content-Length', String(typeof body === 'string' ? Buffer.byteLength(body, encoding) : body.length));
    else if (status !== 204) this.setHeader('Content-Length', '0');
    this.begin(status);
    this.response.end(body, encoding);
  }

  /** Headers of an answer that comes in pieces. */
  begin(status: number): void {
    this.response.writeHead(status, this.#headers);
  }

  /** Ends the connection in the middle: the client sees that the answer is not whole. */
  breakOff(): void {
    this.response.destroy();
  }

  #close(): void {
    this.#isGone = !this.response.writableFinished;
    if (this.#isGone) this.#abort?.abort();
    for (const callback of this.#onClose) callback();
  }
}
