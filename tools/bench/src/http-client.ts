import { Agent, request } from 'node:http';

export interface ClientAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** One connection that stays open; one request at a time. */
export interface HttpClient {
  get(path: string): Promise<ClientAnswer>;
  post(path: string, body: Buffer | string, contentType?: string): Promise<ClientAnswer>;
  close(): void;
}

export function openClient(port: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (method: string, path: string, body?: Buffer | string, contentType?: string): Promise<ClientAnswer> =>
    new Promise((settle, fail) => {
      const headers = {
        ...(contentType && { 'content-type': contentType }),
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      };
      const outgoing = request({ host: '127.0.0.1', port, method, path, agent, headers }, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('end', () => settle({ status: incoming.statusCode ?? 0, body: Buffer.concat(parts) }));
        incoming.on('error', fail);
      });
      outgoing.on('error', fail);
      outgoing.end(body);
    });
  return {
    get: (path) => send('GET', path),
    post: (path, body, contentType) => send('POST', path, body, contentType),
    close: () => agent.destroy(),
  };
}

/** @throws Error with what was answered instead of 200 or 204 */
export async function expectOk(pending: Promise<ClientAnswer>): Promise<ClientAnswer> {
  return checkOk(await pending);
}

/** @throws Error with what was answered instead of 200 or 204 */
export function checkOk(answer: ClientAnswer): ClientAnswer {
  const { status, body } = answer;
  if (status !== 200 && status !== 204) throw new Error(`status ${status}: ${body.toString().slice(0, 500)}`);
  return answer;
}
