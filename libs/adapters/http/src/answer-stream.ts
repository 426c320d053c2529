import { constants, createGzip, gzipSync, type Gzip } from 'node:zlib';
import type { Exchange } from './exchange.ts';
import { JsonIndenter } from './indent-json.ts';
import { OutputBuffer } from './output-buffer.ts';

const FLUSH_SIZE_BYTES = 48 * 1024;

/** Buffers between two answers: making one costs more than many an answer. */
const IDLE_COUNT_MAX = 16;
const IDLE_SIZE_BYTES_MAX = 256 * 1024;
const idle: OutputBuffer[] = [];

export interface AnswerForm {
  readonly contentType: string;
  readonly isPretty: boolean;
  readonly isGzip: boolean;
  /** What is there goes out at every pause, however little it is. */
  readonly isEager: boolean;
}

/**
 * The way of an answer to its client: what a writer puts into `out` goes through indenting and gzip to the socket, and
 * `pause` waits until the socket has taken it. Headers leave with the first bytes, so until then the answer can become
 * another one.
 */
export class AnswerStream {
  readonly out = idle.pop() ?? new OutputBuffer();
  readonly #exchange: Exchange;
  readonly #form: AnswerForm;
  readonly #indented = new OutputBuffer();
  readonly #indenter = new JsonIndenter(this.#indented);
  #gzip: Gzip | undefined;
  #hasBegun = false;
  /** Ends the wait for the socket. */
  #onSent = (): void => undefined;

  constructor(exchange: Exchange, form: AnswerForm) {
    this.#exchange = exchange;
    this.#form = form;
    exchange.gone.addEventListener('abort', () => {
      this.#gzip?.destroy();
      this.#onSent();
    });
  }

  /** Between two items: keeps the buffer small and the producer no faster than the client. */
  async pause(): Promise<void> {
    const { length } = this.out;
    if (length < (this.#form.isEager ? 1 : FLUSH_SIZE_BYTES)) return;
    this.#begin();
    const bytes = this.#ready();
    if (this.#form.isGzip) this.#gzip ??= this.#pipedGzip();
    await this.#sent(bytes);
  }

  /** Sends the rest and ends the answer; a short one leaves in one piece. */
  end(): void {
    const bytes = this.#ready();
    if (this.#hasBegun) {
      (this.#gzip ?? this.#exchange.response).end(bytes);
      return;
    }
    this.#setHeaders();
    this.#exchange.answer(200, this.#form.isGzip ? gzipSync(bytes) : bytes);
  }

  /** Lets go of the buffer, whether the answer ended or not. The stream is over after it. */
  close(): void {
    this.out.clear();
    if (idle.length < IDLE_COUNT_MAX && this.out.capacity <= IDLE_SIZE_BYTES_MAX) idle.push(this.out);
  }

  #ready(): Buffer {
    if (!this.#form.isPretty) return this.out.take();
    this.#indenter.write(this.out.view());
    this.out.clear();
    return this.#indented.take();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#setHeaders();
    this.#exchange.response.writeHead(200);
  }

  #setHeaders(): void {
    this.#exchange.setHeader('Content-Type', this.#form.contentType);
    if (this.#form.isGzip) this.#exchange.setHeader('Content-Encoding', 'gzip');
  }

  #pipedGzip(): Gzip {
    const gzip = createGzip({ flush: this.#form.isEager ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH });
    gzip.pipe(this.#exchange.response);
    return gzip;
  }

  /**
   * Resolves when the bytes were taken, or the client is gone. Never in the same turn of the event loop: while a fast
   * client takes a long answer, timers and other sockets go on.
   */
  #sent(bytes: Buffer): Promise<void> {
    const { gone, response } = this.#exchange;
    if (gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSent = resolve;
      (this.#gzip ?? response).write(bytes, () => setImmediate(resolve));
    });
  }
}
