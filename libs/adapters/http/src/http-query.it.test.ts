import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { DbError, type ErrorCode } from '@varve/base';
import { LIMITS } from '@varve/config';
import { SILENT_LOG, type ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { listed, rows } from './testing/fake-gateway.ts';
import { openHttp } from './testing/open-http.ts';
import { query, send } from './testing/request.ts';

// Real sockets, a gateway without a database. Statuses and texts are those of influxd 1.6.7 unless a comment says otherwise.

const POST = { method: 'POST' } as const;
const block = (statementId: number, from: number, to: number, isPartial = false): ResultItem =>
  rows(statementId, 'm', ['time', 'v'], Array.from({ length: to - from }, (_, index) => [from + index, from + index]), { isPartial });
const done = (statementId: number): ResultItem => ({ kind: 'done', statementId });

test('a query reaches the gateway with its parameters, from the URL, a form, or a multipart form with a file', async () => {
  const { gateway, server } = await openHttp();
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
  await send(server, query({ q: ' SELECT 1 ', db: 'h', rp: 'r', consistency: 'quorum', params: '{"i":9007199254740993,"f":1.5,"s":"x","b":true}' }));
  await send(server, query({ q: 'url', db: 'url', rp: 'url' }), { ...POST, headers: FORM, body: 'q=SHOW+DATABASES&db=form' });
  await send(server, query({ db: 'h' }), { ...POST, headers: { 'Content-Type': 'multipart/form-data; boundary=BB' }, body: '--BB\r\nContent-Disposition: form-data; name="q"; filename="q.txt"\r\nContent-Type: text/plain\r\n\r\nSELECT 2\r\n--BB--\r\n' });
  await send(server, query({ q: 'url', db: 'h' }), { ...POST, headers: { 'Content-Type': 'text/plain' }, body: 'q=ignored' });
  expect(gateway.queries).toMatchObject([
    { text: 'SELECT 1', database: 'h', retentionPolicy: 'r', level: 'quorum', isReadOnlyMethod: true, params: { i: 9007199254740993n, f: 1.5, s: 'x', b: true } },
    { text: 'SHOW DATABASES', database: 'form', retentionPolicy: 'url', isReadOnlyMethod: false, params: {} },
    { text: 'SELECT 2', database: 'h', isReadOnlyMethod: false },
    { text: 'url', database: 'h', isReadOnlyMethod: false },
  ]);
});

test('of a name in a form its first value counts, as in Go, and a form of a million names is refused at once', async () => {
  const { gateway, server } = await openHttp();
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const form = (body: string): ReturnType<typeof send> => send(server, query({ db: 'url' }), { ...POST, headers: FORM, body });
  expect(await form(`q=first&q=second${'&x=1'.repeat(99)}`)).toMatchObject({ status: 200 });
  expect(gateway.queries).toMatchObject([{ text: 'first', database: 'url' }]);
  expect(await form(`q=first&q=second${'&x=1'.repeat(100)}`)).toMatchObject({ status: 400, text: '{"error":"a form of more than 100 parts"}\n' });
  const part = '--BB\r\nContent-Disposition: form-data; name="q"\r\n\r\nSELECT 1\r\n';
  for (const boundary of ['BB', '"BB"']) {
    const multipart = (count: number): ReturnType<typeof send> =>
      send(server, query({ db: 'url' }), { ...POST, headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` }, body: `${part.repeat(count)}--BB--\r\n` });
    expect(await multipart(99)).toMatchObject({ status: 200 });
    expect(await multipart(100)).toMatchObject({ status: 400, text: '{"error":"a form of more than 100 parts"}\n' });
  }
});

test('of forms InfluxDB 1.6.7 takes what it can read: the URL wins over a multipart form, a broken one is none, and pretty is of the URL', async () => {
  const { gateway, server } = await openHttp();
  const check = async (parameters: Readonly<Record<string, string>>, type: string, body: string, text: string | undefined): Promise<void> => {
    const answer = await send(server, query(parameters), { ...POST, headers: { 'Content-Type': type }, body });
    if (text === undefined) expect(answer).toMatchObject({ status: 400, text: '{"error":"missing required parameter \\"q\\""}\n' });
    else expect([answer.status, gateway.queries.at(-1)], body).toMatchObject([200, { text }]);
    expect(answer.text.trim().split('\n')).toHaveLength(1);
  };
  const [multipart, form] = ['multipart/form-data; boundary=BB', 'application/x-www-form-urlencoded'];
  const part = (name: string, value: string): string => `--BB\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  await check({ q: 'url' }, multipart, 'broken', 'url');
  await check({ q: 'url' }, 'multipart/form-data', 'broken', 'url');
  await check({}, multipart, 'broken', undefined);
  await check({}, multipart, `${part('q', 'form')}--BB\r\nbroken`, undefined);
  await check({ q: 'url' }, multipart, `${part('q', 'form')}--BB--\r\n`, 'url');
  await check({ q: 'url' }, multipart, `${part('q', '')}${part('pretty', 'true')}--BB--\r\n`, 'url');
  await check({ q: '' }, multipart, `${part('q', 'form')}--BB--\r\n`, undefined);
  await check({ q: 'url' }, form, 'q=%zz&pretty=true', 'url');
  await check({ q: 'url' }, form, 'q=form&pretty=true', 'form');
  await check({ q: 'url' }, form, 'q=', undefined);
  await check({}, form, 'q=%zz', undefined);
  expect(await send(server, '/query?q=%zz')).toMatchObject({ status: 400, text: '{"error":"missing required parameter \\"q\\""}\n' });
});

test('parameters of a query that mean nothing are 400', async () => {
  const { gateway, server } = await openHttp();
  const check = async (parameters: Readonly<Record<string, string>>, text: string): Promise<void> => {
    const answer = await send(server, query(parameters));
    expect([answer.status, JSON.parse(answer.text)], JSON.stringify(parameters)).toEqual([400, { error: text }]);
  };
  await check({}, 'missing required parameter "q"');
  await check({ q: '   ' }, 'missing required parameter "q"');
  await check({ q: 'x', consistency: 'any' }, 'invalid consistency level');
  await check({ q: 'x', params: '{' }, 'error parsing query parameters: unexpected EOF');
  await check({ q: 'x', params: '{"v":9223372036854775808}' }, 'error parsing json value: strconv.ParseInt: parsing "9223372036854775808": value out of range');
  expect(gateway.queries).toEqual([]);
  expect(await send(server, '/query', { ...POST, headers: { 'Content-Type': 'multipart/form-data' }, body: 'x' })).toMatchObject({ status: 400 });
});

test('a query that cannot begin is refused in the form of its answer', async () => {
  const { gateway, server } = await openHttp();
  gateway.onQuery = () => listed([], new DbError('QUERY_PARSE', 'error parsing query: found <, expected x'));
  const text = 'error parsing query: found <, expected x';
  const plain = await send(server, query({ q: 'x' }));
  expect(plain).toMatchObject({ status: 400, text: '{"error":"error parsing query: found \\u003c, expected x"}\n', headers: { 'content-type': 'application/json', 'x-influxdb-error': text } });
  expect(await send(server, query({ q: 'x', pretty: 'true' }))).toMatchObject({ text: '{\n    "error": "error parsing query: found \\u003c, expected x"\n}\n' });
  expect(await send(server, query({ q: 'x' }), { headers: { Accept: 'text/csv' } })).toMatchObject({ text: `error\n"${text}"\n`, headers: { 'content-type': 'text/csv' } });
});

test('the form follows Accept when it names one type, else it is JSON', async () => {
  const { gateway, server } = await openHttp();
  gateway.onQuery = () => listed([block(0, 0, 1), done(0)]);
  const typeFor = async (accept: string): Promise<string | undefined> => (await send(server, query({ q: 'x' }), { headers: { Accept: accept } })).headers['content-type'];
  expect(await typeFor('application/csv')).toBe('text/csv');
  expect(await typeFor('text/csv')).toBe('text/csv');
  for (const accept of ['*/*', 'application/xml', 'text/html, application/csv;q=0.9, */*', 'text/csv;q=0.9, */*']) expect(await typeFor(accept)).toBe('application/json');
});

test('a long answer arrives whole: plain, pretty, gzip, chunked, as a table', async () => {
  const { gateway, server } = await openHttp();
  const blockCount = 300;
  gateway.onQuery = () => listed([...Array.from({ length: blockCount }, (_, index) => block(0, index * 1_000, (index + 1) * 1_000, index < blockCount - 1)), done(0)]);
  const plain = await send(server, query({ q: 'x', epoch: 'ns' }));
  const { results } = JSON.parse(plain.text) as { results: { series: { values: [number, number][] }[] }[] };
  expect(results[0]!.series[0]!.values).toHaveLength(blockCount * 1_000);
  expect(results[0]!.series[0]!.values.every(([time, value], index) => time === index && value === index)).toBe(true);

  const gzip = await send(server, query({ q: 'x', epoch: 'ns' }), { headers: { 'Accept-Encoding': 'deflate, gzip;q=1.0' } });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
  const pretty = await send(server, query({ q: 'x', epoch: 'ns', pretty: 'true' }));
  expect(pretty.text === `${JSON.stringify(JSON.parse(plain.text), undefined, 4)}\n`).toBe(true);
  const chunked = await send(server, query({ q: 'x', epoch: 'ns', chunked: 'true' }), { headers: { 'Accept-Encoding': 'gzip' } });
  const lines = gunzipSync(chunked.body).toString().split('\n');
  expect(lines).toHaveLength((blockCount * 1_000) / LIMITS.chunkRowCountDefault + 1);
  const table = await send(server, query({ q: 'x' }), { headers: { Accept: 'text/csv' } });
  expect(table.text.split('\n')).toHaveLength(blockCount * 1_000 + 2);
});

test('a short answer is the same bytes plain, pretty and gzip, whatever its texts are', async () => {
  const { gateway, server } = await openHttp();
  gateway.onQuery = () => listed([rows(0, 'm', ['v'], [['Zürich 😀 \u0000']]), done(0)]);
  const plain = await send(server, query({ q: 'x' }));
  expect(plain.text).toBe('{"results":[{"statement_id":0,"series":[{"name":"m","columns":["v"],"values":[["Zürich 😀 \\u0000"]]}]}]}\n');
  expect(plain.headers['content-length']).toBe(String(Buffer.byteLength(plain.text)));
  expect((await send(server, query({ q: 'x', pretty: 'true' }))).text).toBe(`${JSON.stringify(JSON.parse(plain.text), undefined, 4)}\n`);
  const gzip = await send(server, query({ q: 'x' }), { headers: { 'Accept-Encoding': 'gzip' } });
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
  expect((await send(server, query({ q: 'x' }), { headers: { Accept: 'text/csv' } })).text).toBe('name,tags,v\nm,,Zürich 😀 \u0000\n');
});

test('a short answer is gzip too when asked for; an error is not', async () => {
  const { gateway, server } = await openHttp();
  gateway.onQuery = () => listed([done(0)]);
  const headers = { 'Accept-Encoding': 'gzip' };
  const answer = await send(server, query({ q: 'x' }), { headers });
  expect([answer.headers['content-encoding'], gunzipSync(answer.body).toString()]).toEqual(['gzip', '{"results":[{"statement_id":0}]}\n']);
  gateway.onQuery = () => listed([], new DbError('QUERY_PARSE', 'bad'));
  expect((await send(server, query({ q: 'x' }), { headers })).headers).not.toHaveProperty('content-encoding');
});

test('max-row-limit ends an answer that is not chunked, marked as partial', async () => {
  const { gateway, server } = await openHttp({ rowCountMax: 5 });
  const check = async (items: readonly ResultItem[], expected: string, parameters = {}): Promise<void> => {
    gateway.onQuery = () => listed(items);
    expect((await send(server, query({ q: 'x', epoch: 'ns', ...parameters }))).text).toBe(`${expected}\n`);
  };
  const whole = '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[0,0],[1,1],[2,2],[3,3],[4,4]]}]}]}';
  await check([block(0, 0, 7), done(0), block(1, 0, 1)], whole.replace('}]}]}', ',"partial":true}]}]}'));
  await check([block(0, 0, 5), done(0), block(1, 0, 1), done(1)], whole);
  await check(
    [block(0, 0, 3), block(0, 0, 3), done(0)],
    '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[0,0],[1,1],[2,2]]},{"name":"m","columns":["time","v"],"values":[[0,0],[1,1]],"partial":true}]}]}',
  );
  await check([block(0, 0, 5), block(0, 0, 1), done(0)], whole.replace('}]}]}', '}],"partial":true}]}')); // between two series
  await check([block(0, 0, 5, true), block(0, 5, 6), done(0)], whole.replace('}]}]}', ',"partial":true}]}]}'));
  await check([block(0, 0, 7), done(0)], whole.replace(']]}', '],[5,5],[6,6]]}'), { chunked: 'true' });
});

test('E2: a failure on the way is a part of the answer; a table becomes an error, or breaks off when a part has left', async () => {
  const { gateway, server } = await openHttp();
  gateway.onQuery = () => listed([block(0, 0, 1)], new DbError('QUERY_SHARD_UNAVAILABLE', 'shard 7 is not there'));
  expect(await send(server, query({ q: 'x', epoch: 'ns' }))).toMatchObject({
    status: 200,
    text: '{"results":[{"statement_id":0,"series":[{"name":"m","columns":["time","v"],"values":[[0,0]]}],"error":"shard 7 is not there"}]}\n',
  });
  const CSV = { headers: { Accept: 'text/csv' } };
  expect(await send(server, query({ q: 'x' }), CSV)).toMatchObject({ status: 503, text: 'error\nshard 7 is not there\n', headers: { 'retry-after': '1' } });
  gateway.onQuery = () => listed(Array.from({ length: 10 }, () => block(0, 0, 1_000, true)), new DbError('QUERY_SHARD_UNAVAILABLE', 'shard 7 is not there'));
  await expect(send(server, query({ q: 'x' }), CSV)).rejects.toThrow(/socket hang up|ECONNRESET|aborted/);
});

test('E9: in CSV a statement that nobody could answer for is an error, not an empty table or a delete that was done', async () => {
  const { gateway, server } = await openHttp();
  const answered = async (...items: readonly ResultItem[]): Promise<readonly unknown[]> => {
    gateway.onQuery = () => listed([...items, done(0)]);
    const { status, text } = await send(server, query({ q: 'x' }), { headers: { Accept: 'text/csv' } });
    return [status, text];
  };
  const error = (code: ErrorCode | undefined, text: string): ResultItem => ({ kind: 'error', statementId: 0, text, ...(code === undefined ? {} : { code }) });
  expect(await answered(error('QUERY_SHARD_UNAVAILABLE', 'shard 7'))).toEqual([503, 'error\nshard 7\n']);
  expect(await answered(error('DELETE_INCOMPLETE', 'deleted from 0 of 2'))).toEqual([503, 'error\ndeleted from 0 of 2\n']);
  expect(await answered(error('META_UNAVAILABLE', 'no quorum'))).toEqual([503, 'error\nno quorum\n']);
  expect(await answered(error('QUERY_INTERRUPTED', 'query interrupted'))).toEqual([500, 'error\nquery interrupted\n']);
  // As InfluxDB has it.
  expect(await answered(error('QUERY_INVALID', 'database not found: d'))).toEqual([200, '']);
  expect(await answered(error(undefined, 'not executed'))).toEqual([200, '']);
});

test('async=true is answered before there are rows; the query goes on without its client, and its failure is logged', async () => {
  const reasons: unknown[] = [];
  const { gateway, server } = await openHttp({}, { log: { ...SILENT_LOG, info: (_message, facts) => void reasons.push(facts?.['reason']) } });
  let goOn = (): void => undefined;
  const isWaiting = new Promise<void>((resolve) => (goOn = resolve));
  gateway.onQuery = async function* slow(): AsyncGenerator<ResultItem> {
    await isWaiting;
    yield* [block(0, 0, 1), { kind: 'error', statementId: 0, text: 'first' } as const, done(0)];
    throw new DbError('QUERY_LIMIT', 'second');
  };
  expect(await send(server, query({ q: 'x', async: 'true' }))).toMatchObject({ status: 204, text: '' });
  expect(gateway.queries[0]!.signal.aborted).toBe(false);
  goOn();
  await expect.poll(() => reasons).toEqual(['first', 'second']);
  gateway.onQuery = () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) });
  for (let count = 0; count < LIMITS.asyncQueryCountMax; count += 1) await send(server, query({ q: 'x', async: 'true' }));
  expect(await send(server, query({ q: 'x', async: 'true' }))).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
});

test('async=true says at once when a query cannot begin', async () => {
  const { gateway, server } = await openHttp();
  gateway.onQuery = () => listed([], new DbError('QUERY_PARSE', 'bad'));
  expect(await send(server, query({ q: 'x', async: 'true' }))).toMatchObject({ status: 400, text: '{"error":"bad"}\n' });
});

test('E4: a client that goes away aborts its query, and the producer is told to stop', async () => {
  const { gateway, server } = await openHttp();
  let producedCount = 0;
  let hasEnded = false;
  gateway.onQuery = async function* endless(): AsyncGenerator<ResultItem> {
    try {
      for (;;) {
        await Promise.resolve();
        producedCount += 1;
        yield block(0, 0, 1_000, true);
      }
    } finally {
      hasEnded = true;
    }
  };
  const socket = connect(server.address.port, server.address.host);
  socket.write(`GET ${query({ q: 'x' })} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  // Nobody reads: the producer must come to rest, with no more than the buffers of the sockets hold.
  let beforeCount = -1;
  await expect.poll(() => producedCount === beforeCount || ((beforeCount = producedCount), false), { interval: 200, timeout: 20_000 }).toBe(true);
  expect(producedCount).toBeLessThan(2_000);
  expect(gateway.queries[0]!.signal.aborted).toBe(false);
  socket.destroy();
  await expect.poll(() => hasEnded && gateway.queries[0]!.signal.aborted).toBe(true);
});

test('E4: a client that goes away before its first row aborts its query', async () => {
  const { gateway, server } = await openHttp();
  let hasEnded = false;
  gateway.onQuery = async function* waiting({ signal }): AsyncGenerator<ResultItem> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    hasEnded = true;
    yield done(0);
  };
  const socket = connect(server.address.port, server.address.host);
  socket.write(`GET ${query({ q: 'x' })} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await expect.poll(() => gateway.queries.length).toBe(1);
  socket.destroy();
  await expect.poll(() => hasEnded).toBe(true);
  expect((await send(server, '/ping')).status).toBe(204);
});
