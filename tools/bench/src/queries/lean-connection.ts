import { connect, type Socket } from 'node:net';
import { AnswerReader, type ReadAnswer } from './answer-reader.ts';

/** A server that says nothing for so long is taken for one that does not answer. */
const SILENCE_MS_MAX = 60_000;

/** Who asks over a connection. */
export interface Client {
  readonly port: number;
  /** Whether answers may come packed, which Go's client asks for by itself, and so do Grafana and TSBS's query runners. */
  readonly acceptsGzip: boolean;
}

/** One connection that stays open and carries one request at a time, with as little work as that takes. */
export class LeanConnection {
  readonly #socket: Socket;
  readonly #headers: string;
  readonly #reader = new AnswerReader();
  #waiting: { readonly settle: (answer: ReadAnswer) => void; readonly fail: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  constructor({ port, acceptsGzip }: Client) {
    this.#headers = `Host: 127.0.0.1\r\n${acceptsGzip ? 'Accept-Encoding: gzip\r\n' : ''}`;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setTimeout(SILENCE_MS_MAX, () => this.#socket.destroy(new Error('the server does not answer')));
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('close', () => this.#end(new Error('the server closed the connection')));
  }

  /** @throws Error the connection broke, or what came is no answer */
  get(path: string): Promise<ReadAnswer> {
    return new Promise((settle, fail) => {
      if (this.#failure !== undefined) return fail(this.#failure);
      this.#waiting = { settle, fail };
      this.#socket.write(`GET ${path} HTTP/1.1\r\n${this.#headers}\r\n`, 'latin1');
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    try {
      const answer = this.#reader.push(bytes);
      if (answer === undefined) return;
      this.#waiting?.settle(answer);
      this.#waiting = undefined;
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #end(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.fail(this.#failure);
    this.#waiting = undefined;
  }
}
