import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http';
import type { HttpServer } from '../start-http.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** A connection that others may have used; a new one without. */
  readonly agent?: Agent;
}

/** One request; `target` is written as given. */
export function send(server: HttpServer, target: string, { method = 'GET', headers = {}, body, agent }: RequestOptions = {}): Promise<Answer> {
  const { host, port } = server.address;
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host, port, path: target, method, headers: { ...headers }, agent: agent ?? false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(pieces);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, text: whole.toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** `name=value` of a URL, escaped. */
export function query(parameters: Readonly<Record<string, string>>): string {
  return `/query?${new URLSearchParams(parameters)}`;
}
