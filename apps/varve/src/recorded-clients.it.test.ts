import { expect, test } from 'vitest';
import { send } from '@varve/http-adapter/testing';
import recorded from './testdata/recorded-clients.json' with { type: 'json' };
import { startServer } from './testing/server.ts';

// What Telegraf, the influx shell, Grafana's editor and panels, and Chronograf send, in this order, with what influxd 1.6.7
// answered to the byte. Grafana's and Chronograf's requests are those of their sources; nothing here needs them.

interface Recorded {
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly status: number;
  readonly answer: string;
}

test('the requests of the clients that people have are answered as InfluxDB 1.6.7 answers them', async () => {
  const { url } = await startServer();
  for (const { client, method, path, body, contentType, status, answer } of recorded as readonly Recorded[]) {
    const headers = contentType === undefined ? {} : { 'Content-Type': contentType };
    const got = await send(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    expect([got.status, got.text], `${client}: ${method} ${decodeURIComponent(path)} ${body ?? ''}`).toEqual([status, answer]);
  }
});
