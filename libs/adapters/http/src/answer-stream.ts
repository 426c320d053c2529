import { constants, createGzip, gzipSync, type Gzip } from 'node:zlib';
import type { DurationMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Clock, Timer } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import { JsonIndenter } from './indent-json.ts';
import { isWhole, letGo } from './let-go.ts';
import { OutputBuffer } from './output-buffer.ts';

const FLUSH_SIZE_BYTES = 48 * 1024;
/** One is under way at a time. */
const PIECE_SIZE_BYTES = 256 * 1024;
/** By default 720 windows took the event loop 219 µs for 3.1 KB, so they take 41 for 3.6: Grafana asks for gzip every time. */
const GZIP_LEVEL = constants.Z_BEST_SPEED;

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
  readonly #clock: Pick<Clock, 'after'>;
  /** undefined: the answer leaves as it is written. */
  readonly #indenter: JsonIndenter | undefined;
  #gzip: Gzip | undefined;
  #hasBegun = false;
  #idleTimeoutMs: DurationMs = LIMITS.answerIdleTimeoutMs;
  /** Runs while the socket is waited for. */
  #idleTimer: Timer | undefined;
  /** Ends the wait for the socket. */
  #onSent = (): void => undefined;

  constructor(exchange: Exchange, form: AnswerForm, clock: Pick<Clock, 'after'>) {
    this.#exchange = exchange;
    this.#form = form;
    this.#clock = clock;
    this.#indenter = form.isPretty ? new JsonIndenter(new OutputBuffer()) : undefined;
    exchange.onQueryEnded = () => this.#hurry();
  }

  /** Whether something has left, so that the answer cannot become another one. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Between two items: whether what is there has to leave, so that the buffer stays small. */
  get mustPause(): boolean {
    return this.out.length >= (this.#form.isEager ? 1 : FLUSH_SIZE_BYTES);
  }

  /** Sends what is there, and keeps the producer no faster than the client. */
  pause(): Promise<void> {
    return this.#send(this.#ready().take());
  }

  /** Sends the rest and ends the answer; a short one leaves in one piece, and nobody waits for it. */
  async end(): Promise<void> {
    const ready = this.#ready();
    if (!this.#hasBegun && ready.length <= PIECE_SIZE_BYTES) {
      this.#setHeaders();
      if (this.#form.isGzip) this.#exchange.answer(200, gzipSync(ready.view(), { level: GZIP_LEVEL }));
      else this.#exchange.answer(200, ready.takeLatin1(), 'latin1');
      return;
    }
    await this.#send(ready.take());
    const { isGone, response } = this.#exchange;
    if (isGone) return;
    await this.#taken((onTaken) => {
      response.once('finish', onTaken);
      (this.#gzip ?? response).end();
    });
  }

  /** Lets go of the buffer, whether the answer ended or not. The stream is over after it. */
  close(): void {
    this.out.clear();
    if (idle.length < IDLE_COUNT_MAX && this.out.capacity <= IDLE_SIZE_BYTES_MAX) idle.push(this.out);
  }

  #ready(): OutputBuffer {
    if (this.#indenter === undefined) return this.out;
    this.#indenter.write(this.out.view());
    this.out.clear();
    return this.#indenter.out;
  }

  /** In pieces, so that a slow client is seen to take them. */
  async #send(bytes: Buffer): Promise<void> {
    this.#begin();
    if (this.#form.isGzip) this.#gzip ??= this.#pipedGzip();
    for (let start = 0; start < bytes.length && !this.#exchange.isGone; start += PIECE_SIZE_BYTES) {
      await this.#taken((onTaken) => {
        (this.#gzip ?? this.#exchange.response).write(bytes.subarray(start, start + PIECE_SIZE_BYTES), onTaken);
      });
    }
    // Of a client that is gone some may be on its way still.
    if (!this.#exchange.isGone && isWhole(bytes)) letGo(bytes);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#setHeaders();
    this.#exchange.begin(200);
    this.#exchange.onClose(() => {
      this.#gzip?.destroy();
      this.#onSent();
    });
  }

  #setHeaders(): void {
    this.#exchange.setHeader('Content-Type', this.#form.contentType);
    if (this.#form.isGzip) this.#exchange.setHeader('Content-Encoding', 'gzip');
  }

  #pipedGzip(): Gzip {
    const gzip = createGzip({ level: GZIP_LEVEL, flush: this.#form.isEager ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH });
    gzip.pipe(this.#exchange.response);
    return gzip;
  }

  /**
   * Resolves when the socket has taken what is given to it, or the client is gone; one that takes nothing for too long is
   * made to be. Never in the same turn of the event loop: while a fast client takes a long answer, timers and other
   * sockets go on.
   */
  async #taken(give: (onTaken: () => void) => void): Promise<void> {
    this.#watch();
    await new Promise<void>((resolve) => {
      this.#onSent = resolve;
      give(() => setImmediate(resolve));
    });
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
  }

  #watch(): void {
    this.#idleTimer = this.#clock.after(this.#idleTimeoutMs, () => this.#exchange.breakOff());
  }

  /** A client that rests is not worth its connection any more when its query was ended. */
  #hurry(): void {
    this.#idleTimeoutMs = LIMITS.endedAnswerIdleTimeoutMs;
    if (this.#idleTimer === undefined) return;
    this.#idleTimer.cancel();
    this.#watch();
  }
}
