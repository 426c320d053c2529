import { DbError } from '@varve/base';
import { DEFAULT_CONFIG } from '@varve/config';
import { SILENT_LOG, SILENT_METRICS, type Clock } from '@varve/ports';
import { expect, onTestFinished, test } from 'vitest';
import { startHttp, type HttpServer } from './start-http.ts';
import { FakeGateway } from './testing/fake-gateway.ts';
import { send, type Answer } from './testing/request.ts';

// Real sockets, a gateway without a database. Texts are those of InfluxDB's 1.x line, bodies of errors those of its version 2.
const CLOCK: Clock = { wallMs: () => 1, monotonicMs: () => performance.now(), after: () => ({ cancel: () => undefined }), turn: async () => undefined };

async function open(): Promise<{ readonly gateway: FakeGateway; readonly server: HttpServer }> {
  const server = await startHttp({ address: { host: '127.0.0.1', port: 0 }, metricsText: async () => '', log: SILENT_LOG, metrics: SILENT_METRICS, clock: CLOCK, config: DEFAULT_CONFIG, version: '0.1.0' });
  onTestFinished(() => server.close());
  const gateway = new FakeGateway();
  server.serve(gateway);
  return { gateway, server };
}

const post = (server: HttpServer, body: unknown, target = '/api/v2/delete?bucket=d/rp&org=o'): Promise<Answer> =>
  send(server, target, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

test('a delete is a bucket, times to the nanosecond, of which the stop is outside, and a predicate', async () => {
  const { gateway, server } = await open();
  const body = { start: '1970-01-01T00:00:00.000000005Z', stop: '1970-01-01T01:00:01+01:00', predicate: '_measurement="m" AND host="a"' };
  expect(await post(server, body)).toMatchObject({ status: 204, text: '' });
  expect(await post(server, { start: '1960-01-01T00:00:00.5Z', stop: '2020-01-01T00:00:00Z' }, '/api/v2/delete?bucket=d')).toMatchObject({ status: 204 });
  expect(gateway.deletes).toEqual([
    { database: 'd', retentionPolicy: 'rp', measurement: 'm', series: { kind: 'and', parts: [{ kind: 'match', operator: '=', key: 'host', value: 'a' }] }, range: { startNs: 5n, endNs: 1_000_000_000n }, traceParent: undefined },
    { database: 'd', retentionPolicy: undefined, measurement: undefined, series: { kind: 'all' }, range: { startNs: -315619199500000000n, endNs: 1577836800000000000n }, traceParent: undefined },
  ]);
  expect(await post(server, { start: '2020-01-01T00:00:00Z', stop: '2020-01-01T00:00:00Z' })).toMatchObject({ status: 204 });
  expect(gateway.deletes).toHaveLength(2);
});

test("what cannot be read is refused as version 2 does it, and nothing is deleted", async () => {
  const { gateway, server } = await open();
  const times = { start: '2020-01-01T00:00:00Z', stop: '2020-01-02T00:00:00Z' };
  const check = async (body: unknown, message: string | RegExp, target?: string): Promise<void> => {
    const { status, text, headers } = await post(server, body, target);
    expect([status, headers['content-type']]).toEqual([400, 'application/json']);
    const answer = JSON.parse(text) as { readonly code: string; readonly message: string };
    expect(answer.code).toBe('invalid');
    expect(answer.message).toMatch(message);
  };
  await check(times, 'bucket name "" is missing a slash', '/api/v2/delete');
  await check('{', /^delete - cannot parse request body: /);
  await check('[]', 'delete - start field in RFC3339Nano format required');
  await check('null', 'delete - start field in RFC3339Nano format required');
  await check({ start: times.start }, 'delete - stop field in RFC3339Nano format required');
  await check({ ...times, start: 5 }, 'delete - start field in RFC3339Nano format required');
  await check({ ...times, stop: '2020-01-01' }, 'delete - invalid format for stop field "2020-01-01", please use RFC3339Nano');
  await check({ ...times, stop: '2020-13-01T00:00:00Z' }, 'delete - invalid format for stop field');
  for (const stop of ['2020-02-30T00:00:00Z', '2021-02-29T00:00:00+01:00', '2020-04-31T00:00:00.5Z', '2020-01-01T24:00:00Z']) await check({ ...times, stop }, `delete - invalid format for stop field "${stop}"`);
  await check({ ...times, predicate: 5 }, 'predicate is no text');
  await check({ ...times, predicate: 'host="a" OR host="b"' }, 'predicate only supports equality operators and conjunctions');
  expect(gateway.deletes).toEqual([]);
  expect(await send(server, '/api/v2/delete?bucket=d', { method: 'GET' })).toMatchObject({ status: 405 });
});

test('a delete that failed says so, and whether it may be sent again', async () => {
  const { gateway, server } = await open();
  const check = async (error: DbError, status: number, code: string, retryAfter: string | undefined): Promise<void> => {
    gateway.onDelete = () => Promise.reject(error);
    const answer = await post(server, { start: '2020-01-01T00:00:00Z', stop: '2020-01-02T00:00:00Z' });
    expect([answer.status, JSON.parse(answer.text), answer.headers['retry-after']]).toEqual([status, { code, message: error.message }, retryAfter]);
  };
  await check(new DbError('DATABASE_NOT_FOUND', 'delete - database not found: "d"'), 404, 'not found', undefined);
  await check(new DbError('DELETE_INCOMPLETE', 'deleted from 0 of 2 shards at least'), 503, 'unavailable', '1');
});
