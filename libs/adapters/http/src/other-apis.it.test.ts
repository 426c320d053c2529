import { LIMITS } from '@varve/config';
import { expect, test } from 'vitest';
import { listed, rows } from './testing/fake-gateway.ts';
import { openHttp } from './testing/open-http.ts';
import { packed, promReadBody, promWriteBody, readPromAnswer } from './testing/prom-client.ts';
import { send } from './testing/request.ts';

// Prometheus and the routes of InfluxDB 2, over real sockets and a gateway without a database. Texts are those of influxd
// 1.6.7 and 1.8 unless a comment says otherwise.

const POST = { method: 'POST' } as const;
const UP = { labels: [{ name: '__name__', value: 'up' }], samples: [{ value: 1.5, timeMs: 1_600_000_000_000n }] };
const ASK_UP = { startMs: 0n, endMs: 9n, matchers: [{ type: 0, name: '__name__', value: 'up' }] };

test('E11: a remote write reaches the gateway as a write does', async () => {
  const { gateway, server } = await openHttp();
  const body = promWriteBody([UP]);
  expect(await send(server, '/api/v1/prom/write?db=p&rp=r&consistency=all', { ...POST, body, headers: { 'Content-Encoding': 'snappy' } })).toMatchObject({ status: 204, text: '' });
  expect(gateway.writes).toMatchObject([{ text: 'up,__name__=up value=1.5 1600000000000\n', database: 'p', retentionPolicy: 'r', precision: 'ms', level: 'all' }]);
});

test('E11: a remote write that cannot be read is 400, and nothing is written', async () => {
  const { gateway, server } = await openHttp();
  const check = async (parameters: string, body: string | Uint8Array, text: string): Promise<void> =>
    expect(await send(server, `/api/v1/prom/write${parameters}`, { ...POST, body }), text).toMatchObject({ status: 400, text: `{"error":"${text}"}\n`, headers: { 'x-influxdb-error': text } });
  await check('', 'garbage', 'database is required');
  await check('?db=p', 'garbage', 'snappy: corrupt input');
  await check('?db=p', '', 'snappy: corrupt input');
  await check('?db=p', packed(Buffer.from([0x0a, 5, 0x61])), 'unexpected EOF');
  await check('?db=p&consistency=x', promWriteBody([]), 'invalid consistency level');
  expect(gateway.writes).toEqual([]);
  expect(await send(server, '/api/v1/prom/write?db=p', { ...POST, body: packed(new Uint8Array(100_001)) })).toMatchObject({ status: 413 });
  expect(await send(server, '/api/v1/prom/write?db=p')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
});

test('E11: samples that cannot be stored are told, with those that the gateway dropped', async () => {
  const { gateway, server } = await openHttp();
  gateway.onWrite = () => Promise.resolve({ acceptedRowCount: 0, lineErrors: [], dropped: { pointCount: 2, reason: 'points beyond retention policy' } });
  const bad = { ...UP, labels: [...UP.labels, { name: 'a', value: '\n' }] };
  const answer = await send(server, '/api/v1/prom/write?db=p', { ...POST, body: promWriteBody([UP, bad]) });
  expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/^\{"error":"partial write: unable to write label \\"a\\": .*\\npoints beyond retention policy dropped=3"\}\n$/)]);
});

test('E12: a remote read is a query, and its answer a snappy block of series', async () => {
  const { gateway, server } = await openHttp();
  const tags = [['__name__', 'up'], ['Zone', 'x'], ['job', '']] as const;
  gateway.onQuery = () =>
    listed([
      rows(0, 'up', ['time', 'value'], [[1_600_000_000_000_000_001n, 1.5], [1_600_000_001_000_000_000n, null]], { tags, isPartial: true }),
      rows(0, 'up', ['time', 'value'], [[1_600_000_002_000_000_000n, 3n]], { tags }),
      rows(0, 'cpu', ['time', 'value'], [[-1n, -0]], { tags: [['job', 'a']] }),
      { kind: 'done', statementId: 0 },
    ]);
  const answer = await send(server, '/api/v1/prom/read?db=p&rp=r', { ...POST, body: promReadBody([ASK_UP, { ...ASK_UP, matchers: [{ type: 2, name: '__name__', value: 'up|cpu' }] }]) });
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' } });
  const up = { labels: { Zone: 'x', __name__: 'up' }, samples: [[1_600_000_000_000n, 1.5], [1_600_000_002_000n, 3]] };
  const cpu = { labels: { job: 'a' }, samples: [[-1n, -0]] };
  // Who names one measurement gets the tags that there are; of several, each series says which it is of.
  expect(readPromAnswer(answer.body)).toEqual([[up, cpu], [up, { ...cpu, labels: { __name__: 'cpu', ...cpu.labels } }]]);
  expect(Object.keys(readPromAnswer(answer.body)[0]![0]!.labels), 'sorted as bytes').toEqual(['Zone', '__name__']);
  expect(gateway.queries).toMatchObject([{ database: 'p', retentionPolicy: 'r', isReadOnlyMethod: true, params: { source: { identifier: 'up' } } }, {}]);
});

test('E12: a remote read that cannot be had is an error, never a short answer', async () => {
  const { gateway, server } = await openHttp();
  const read = (parameters: string, body: string | Uint8Array): ReturnType<typeof send> => send(server, `/api/v1/prom/read${parameters}`, { ...POST, body });
  expect(await read('?db=p', '')).toMatchObject({ status: 400, text: '{"error":"snappy: corrupt input"}\n' });
  expect(await read('', 'x')).toMatchObject({ status: 400, text: '{"error":"snappy: corrupt input"}\n' });
  expect(await read('', promReadBody([ASK_UP]))).toMatchObject({ status: 400, text: '{"error":"no database"}\n' });
  expect(await read('?db=p', promReadBody([{ ...ASK_UP, matchers: [] }]))).toMatchObject({ status: 400, text: '{"error":"expected matcher"}\n' });
  // InfluxDB takes one query per request.
  expect(await read('?db=p', promReadBody(Array.from({ length: 101 }, () => ASK_UP)))).toMatchObject({ status: 400, text: '{"error":"proto: more than 100 fields in one message"}\n' });
  expect(gateway.queries).toEqual([]);
  gateway.onQuery = () => listed([{ kind: 'error', statementId: 0, text: 'database not found: p' }]);
  expect(await read('?db=p', promReadBody([ASK_UP]))).toMatchObject({ status: 400, text: '{"error":"database not found: p"}\n' });
  gateway.onQuery = () => listed([{ kind: 'error', statementId: 0, text: 'query interrupted', code: 'QUERY_INTERRUPTED' }]);
  expect(await read('?db=p', promReadBody([ASK_UP])), 'Prometheus asks no more for what is 400').toMatchObject({ status: 500, headers: { 'retry-after': '1' } });
  gateway.onQuery = () => listed([rows(0, 'up', ['time', 'value'], [[1n, 1]]), { kind: 'partial', statementId: 0, text: 'partial answer' }]);
  expect(await read('?db=p', promReadBody([ASK_UP]))).toMatchObject({ status: 503, text: '{"error":"partial answer"}\n', headers: { 'retry-after': '1' } });
});

test('E12: the answer to a remote read is held within its bound, and given back', async () => {
  const { gateway, server } = await openHttp();
  const block = rows(0, 'up', ['time', 'value'], Array.from({ length: 1_000 }, (_, at) => [BigInt(at), at]), { isPartial: true });
  gateway.onQuery = () => listed(Array.from({ length: 3_000 }, () => block));
  for (let round = 0; round < 5; round += 1) {
    const answer = await send(server, '/api/v1/prom/read?db=p', { ...POST, body: promReadBody([ASK_UP]) });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(`more than ${LIMITS.heldAnswerSizeBytesMax} bytes in one piece are too many for an answer of Prometheus`)]);
  }
});

test('E13: a write of version 2 names a bucket; its errors are those of version 2', async () => {
  const { gateway, server } = await openHttp();
  const put = (parameters: string): ReturnType<typeof send> => send(server, `/api/v2/write?${parameters}`, { ...POST, body: 'm v=1 1', headers: { Authorization: 'Token u:p' } });
  for (const parameters of ['bucket=d/r&org=o&precision=us', 'bucket=d', 'bucket=d/&precision=s&consistency=quorum']) expect(await put(parameters), parameters).toMatchObject({ status: 204 });
  expect(gateway.writes).toMatchObject([
    { database: 'd', retentionPolicy: 'r', precision: 'u', level: undefined },
    { database: 'd', retentionPolicy: undefined, precision: 'n' },
    { database: 'd', retentionPolicy: undefined, precision: 's', level: 'quorum' },
  ]);
  const check = async (parameters: string, message: string): Promise<void> => {
    const answer = await put(parameters);
    expect([answer.status, JSON.parse(answer.text)], parameters).toEqual([400, { code: 'invalid', message }]);
  };
  await check('bucket=', 'bucket name "" is missing a slash; not in "database/retention-policy" format');
  await check('bucket=/r', 'bucket name "/r" is in db/rp form but has an empty database');
  await check('bucket=d&precision=m', 'invalid precision "m" (use ns, us, ms or s)');
  await check('bucket=d&precision=n', 'invalid precision "n" (use ns, us, ms or s)');
  expect(gateway.writes).toHaveLength(3);
});

test('E13: Flux is refused with the sentence of InfluxDB where it is off', async () => {
  const { gateway, server } = await openHttp();
  expect(await send(server, '/api/v2/query?org=o', { ...POST, body: 'from(bucket:"d")' })).toMatchObject({
    status: 403,
    text: 'Flux query service disabled. Verify flux-enabled=true in the [http] section of the InfluxDB config.\n',
  });
  expect(await send(server, '/api/v2/query')).toMatchObject({ status: 405, headers: { allow: 'OPTIONS, POST' } });
  expect(gateway.queries).toEqual([]);
});
