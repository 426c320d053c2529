import { Agent } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { DbError, type ErrorCode } from '@varve/base';
import { SILENT_METRICS, type Clock } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { expect, test } from 'vitest';
import type { HttpServer } from './start-http.ts';
import { FakeGateway } from './testing/fake-gateway.ts';
import { listenHttp, openHttp, TEST_CLOCK, WALL_MS } from './testing/open-http.ts';
import { query, send } from './testing/request.ts';

// Real sockets, a gateway without a database. Statuses and texts are those of influxd 1.6.7 unless a comment says otherwise.

const POST = { method: 'POST' } as const;
const GZIP = { 'Content-Encoding': 'gzip' };

test('before it serves every request is told to come again; then the same connection is served', async () => {
  const server = await listenHttp();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const [target, method] of [['/ping', 'GET'], ['/health', 'GET'], ['/query?q=x', 'POST'], ['/write?db=d', 'POST'], ['/nosuch', 'GET']] as const) {
    const body = method === 'POST' ? 'm v=1' : undefined;
    expect(await send(server, target, { method, agent, body }), target).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'x-influxdb-version': '1.8.10' },
      text: '{"error":"this node is starting; retry"}\n',
    });
  }
  const gateway = new FakeGateway();
  server.serve(gateway);
  expect(await send(server, '/write?db=d', { method: 'POST', agent, body: 'm v=1' })).toMatchObject({ status: 204 });
  expect(gateway.writes).toMatchObject([{ text: 'm v=1' }]);
  agent.destroy();
});

test('/ping answers 204 with the version, for HEAD too; verbose puts it into a body', async () => {
  const { server } = await openHttp();
  for (const [target, method] of [['/ping', 'GET'], ['/ping', 'HEAD'], ['/status', 'GET'], ['/ping?wait_for_leader=1s', 'GET'], ['/ping?verbose=false', 'GET']] as const) {
    const answer = await send(server, target, { method });
    expect(answer).toMatchObject({ status: 204, text: '', headers: { 'content-type': 'application/json', 'x-influxdb-build': 'OSS', 'x-influxdb-version': '1.8.10' } });
    expect(answer.headers['request-id']).toBe(answer.headers['x-request-id']);
  }
  // As InfluxDB 1.8; 1.6.7 does not know `verbose`.
  expect(await send(server, '/ping?verbose=true')).toMatchObject({ status: 200, text: '{"version":"1.8.10"}' });
});

test('the id of a request is that of the client, or a new one', async () => {
  const { server } = await openHttp();
  const given = await send(server, '/ping', { headers: { 'X-Request-Id': 'my-req-1' } });
  expect(given.headers).toMatchObject({ 'request-id': 'my-req-1', 'x-request-id': 'my-req-1' });
  const made = await Promise.all([send(server, '/ping'), send(server, '/ping', { headers: { 'X-Request-Id': 'x'.repeat(300) } })]);
  for (const { headers } of made) expect(headers['request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('unknown paths are 404, wrong methods 405 with what is allowed', async () => {
  const { server } = await openHttp();
  for (const target of ['/nosuch', '/', '/query/', '//query', '/PING', '/__proto__', '/constructor']) {
    expect(await send(server, target), target).toMatchObject({ status: 404, text: '404 page not found\n', headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' } });
  }
  const check = async (method: string, target: string, allow: string): Promise<void> =>
    expect(await send(server, target, { method }), `${method} ${target}`).toMatchObject({ status: 405, headers: { allow }, text: method === 'HEAD' ? '' : 'Method Not Allowed\n' });
  await check('POST', '/ping', 'GET, HEAD');
  await check('PUT', '/query', 'OPTIONS, GET, POST');
  await check('HEAD', '/query', 'OPTIONS, GET, POST');
  await check('GET', '/write', 'OPTIONS, POST');
});

test('pages of other origins may ask', async () => {
  const { server } = await openHttp();
  expect(await send(server, '/write', { method: 'OPTIONS', headers: { Origin: 'http://a' } })).toMatchObject({
    status: 200,
    headers: {
      'access-control-allow-origin': 'http://a',
      'access-control-allow-methods': 'DELETE, GET, OPTIONS, POST, PUT',
      'access-control-allow-headers': 'Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token, X-HTTP-Method-Override',
      'access-control-expose-headers': 'Date, X-InfluxDB-Version, X-InfluxDB-Build',
    },
  });
  expect((await send(server, '/query', { method: 'OPTIONS' })).headers).not.toHaveProperty('access-control-allow-origin');
});

test('/health says what is not well, with 503', async () => {
  const { gateway, server } = await openHttp();
  const well = await send(server, '/health');
  expect([well.status, JSON.parse(well.text)]).toEqual([200, { name: 'influxdb', message: 'ready for queries and writes', status: 'pass', checks: [], version: '0.1.0' }]);
  gateway.healthNow = { isPassing: false, problems: ['no meta leader', 'shard 3 has no owner'] };
  const ill = await send(server, '/health');
  expect([ill.status, JSON.parse(ill.text)]).toEqual([
    503,
    {
      name: 'influxdb',
      message: 'no meta leader; shard 3 has no owner',
      status: 'fail',
      checks: [{ message: 'no meta leader', status: 'fail' }, { message: 'shard 3 has no owner', status: 'fail' }],
      version: '0.1.0',
    },
  ]);
});

test('/metrics is the text it was given', async () => {
  const { server } = await openHttp();
  expect(await send(server, '/metrics')).toMatchObject({ status: 200, text: 'varve_up 1\n', headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } });
});

test('a write reaches the gateway with its parameters, and requests of one millisecond have times of their own', async () => {
  const { gateway, server } = await openHttp();
  await send(server, '/write?db=h&rp=r1&precision=ms&consistency=ALL', { ...POST, body: 'm v=1 1' });
  await send(server, '/write?db=h', { ...POST, headers: GZIP, body: gzipSync('m v=2') });
  const [first, second] = gateway.writes;
  expect(first).toEqual({ text: 'm v=1 1', database: 'h', retentionPolicy: 'r1', precision: 'ms', level: 'all', nowNs: BigInt(WALL_MS) * 1_000_000n });
  expect(second).toEqual({ text: 'm v=2', database: 'h', retentionPolicy: undefined, precision: 'n', level: undefined, nowNs: BigInt(WALL_MS) * 1_000_000n + 1n });
});

test('a write that was applied is 204, with and without a body', async () => {
  const { server } = await openHttp();
  for (const body of ['m v=1', '', '\n\n']) {
    const answer = await send(server, '/write?db=h', { ...POST, body });
    expect(answer).toMatchObject({ status: 204, text: '', headers: { 'content-type': 'application/json' } });
  }
});

test('parameters of a write that mean nothing are 400, and nothing is written', async () => {
  const { gateway, server } = await openHttp();
  const check = async (parameters: string, text: string): Promise<void> =>
    expect(await send(server, `/write?${parameters}`, { ...POST, body: 'm v=1' }), parameters).toMatchObject({
      status: 400,
      text: `${JSON.stringify({ error: text })}\n`,
      headers: { 'content-type': 'application/json', 'x-influxdb-error': text },
    });
  await check('', 'database is required');
  await check('db=', 'database is required');
  await check('db=h&consistency=bogus', 'invalid consistency level');
  // influxd takes these for nanoseconds: data lost without a word.
  for (const precision of ['xx', 'd', 'MS', '__proto__']) await check(`db=h&precision=${precision}`, `invalid precision "${precision}" (use n, u, ms, s, m or h)`);
  expect(gateway.writes).toEqual([]);
});

test('what was not applied of a write is 400 with every reason', async () => {
  const { gateway, server } = await openHttp();
  const check = async (lineErrors: readonly string[], dropped: { pointCount: number; reason: string } | undefined, text: string): Promise<void> => {
    gateway.onWrite = () => Promise.resolve({ acceptedRowCount: 1, lineErrors, dropped });
    const answer = await send(server, '/write?db=h', { ...POST, body: 'x' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { error: text }]);
  };
  await check(["unable to parse 'bad': missing fields"], undefined, "partial write: unable to parse 'bad': missing fields dropped=0");
  await check([], { pointCount: 2, reason: 'points beyond retention policy' }, 'partial write: points beyond retention policy dropped=2');
  await check(["unable to parse 'a': missing fields", "unable to parse 'b': missing fields"], { pointCount: 1, reason: 'field type conflict' }, "partial write: unable to parse 'a': missing fields\nunable to parse 'b': missing fields\nfield type conflict dropped=1");
});

test('a failure has the status of its code, the error header in one line, and Retry-After when trying again may help', async () => {
  const { gateway, server } = await openHttp();
  const check = async (code: ErrorCode, text: string, expected: object): Promise<void> => {
    gateway.onWrite = () => Promise.reject(new DbError(code, text));
    expect(await send(server, '/write?db=h', POST)).toMatchObject(expected);
  };
  await check('DATABASE_NOT_FOUND', 'database not found: "nope"', { status: 404, text: '{"error":"database not found: \\"nope\\""}\n', headers: { 'x-influxdb-error': 'database not found: "nope"' } });
  await check('WRITE_PARSE', "unable to parse 'a\u0001ü': x\nunable to parse 'b': y", { status: 400, headers: { 'x-influxdb-error': Buffer.from("unable to parse 'a ü': x unable to parse 'b': y").toString('latin1') } });
  await check('WRITE_TIMEOUT', 'timeout', { status: 504, headers: { 'retry-after': '1' }, text: '{"error":"timeout"}\n' });
  await check('WRITE_QUORUM_LOST', 'partial write', { status: 503, text: '{"error":"WRITE_QUORUM_LOST: not done, send it again"}\n' });
  await check('WRITE_PARSE', 'x'.repeat(5_000), { status: 400, headers: { 'x-influxdb-error': 'x'.repeat(1_024) } });
});

test('a body over the limit is 413, sent with or without its length, and the connection goes on', async () => {
  const { gateway, server } = await openHttp();
  const body = Buffer.alloc(100_001, 'x');
  for (const headers of [{ 'Content-Length': '100001' }, { 'Transfer-Encoding': 'chunked' }]) {
    expect(await send(server, '/write?db=h', { ...POST, headers, body })).toMatchObject({ status: 413, text: '{"error":"Request Entity Too Large"}\n' });
  }
  expect(await send(server, '/write?db=h', { ...POST, body: body.subarray(1) })).toMatchObject({ status: 204 });
  expect(gateway.writes).toHaveLength(1);
  const answers = await exchangeRaw(server, `POST /write?db=h HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 204']);
});

test('gzip that is none, or was changed or cut off, is 400', async () => {
  const { gateway, server } = await openHttp();
  const packed = gzipSync('m v=1 1\n'.repeat(100));
  const changed = Uint8Array.from(packed);
  changed[packed.length - 6]! ^= 0xff;
  const check = async (body: string | Uint8Array, text: string): Promise<void> =>
    expect(await send(server, '/write?db=h', { ...POST, headers: GZIP, body })).toMatchObject({ status: 400, text: `{"error":"${text}"}\n` });
  await check('not gzip', 'unexpected EOF');
  await check('this is longer than any header of gzip', 'gzip: invalid header');
  await check(packed.subarray(0, packed.length - 3), 'unexpected EOF');
  await check(changed, 'gzip: invalid checksum');
  await check('', 'unexpected EOF');
  expect(await send(server, '/write?db=h', { ...POST, headers: { 'Content-Encoding': 'br' }, body: 'x' })).toMatchObject({ status: 400 });
  expect(gateway.writes).toEqual([]);
});

test('E3: a gzip bomb is 400, a body that is merely too large 413; neither is unpacked beyond the limit', async () => {
  const { gateway, server } = await openHttp();
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  const large = gzipSync(Buffer.from(Array.from({ length: 20_000 }, (_, index) => `m v=${index * 7919} ${index}`).join('\n')));
  expect(await send(server, '/write?db=h', { ...POST, headers: GZIP, body: bomb })).toMatchObject({ status: 400, text: `{"error":"gzip body refused: ${bomb.length} bytes unpack to more than 100000"}\n` });
  expect(await send(server, '/write?db=h', { ...POST, headers: GZIP, body: large })).toMatchObject({ status: 413 });
  const lying = Uint8Array.from(gzipSync('m v=1'));
  new DataView(lying.buffer).setUint32(lying.length - 4, 0xffffffff, true);
  expect(await send(server, '/write?db=h', { ...POST, headers: GZIP, body: lying })).toMatchObject({ status: 400 });
  expect(gateway.writes).toEqual([]);
});

test('of several gzip members all are read', async () => {
  const { gateway, server } = await openHttp();
  await send(server, '/write?db=h', { ...POST, headers: GZIP, body: Buffer.concat([gzipSync('m v=1 1\n'), gzipSync('m v=2 2\n')]) });
  expect(gateway.writes[0]?.text).toBe('m v=1 1\nm v=2 2\n');
});

test('E3: the memory of bodies is given back, after failures too', async () => {
  const sizes: number[] = [];
  const { gateway, server } = await openHttp({}, { metrics: { ...SILENT_METRICS, set: (name, value) => void (name === names.httpBodiesUnderWaySize && sizes.push(value)) } });
  await send(server, '/write?db=h', { ...POST, body: 'x'.repeat(50_000) });
  await send(server, '/write?db=h', { ...POST, headers: GZIP, body: gzipSync('x'.repeat(50_000)) });
  await send(server, '/write?db=h', { ...POST, headers: GZIP, body: 'broken'.repeat(100) });
  await send(server, '/write?db=h', { ...POST, headers: { 'Transfer-Encoding': 'chunked' }, body: 'x'.repeat(200_000) });
  gateway.onWrite = () => Promise.reject(new DbError('WRITE_TIMEOUT', 'timeout'));
  await send(server, '/write?db=h', { ...POST, body: 'x' });
  expect(Math.max(...sizes)).toBeGreaterThanOrEqual(50_000);
  expect(sizes.at(-1)).toBe(0);
});

test('writes beyond the limit wait; beyond the queue or the time they are 503', async () => {
  const { gateway, server } = await openHttp({ concurrentWriteCountMax: 1, enqueuedWriteCountMax: 1 });
  const release: (() => void)[] = [];
  gateway.onWrite = () => new Promise((resolve) => release.push(() => resolve({ acceptedRowCount: 0, lineErrors: [], dropped: undefined })));
  const write = (): ReturnType<typeof send> => send(server, '/write?db=h', { ...POST, body: 'x' });

  const first = write();
  await expect.poll(() => release.length).toBe(1);
  const outcomes = await Promise.all([write(), write()]);
  expect(outcomes.map(({ status }) => status)).toEqual([503, 503]);
  expect(outcomes.map(({ text }) => text).toSorted()).toEqual(['{"error":"request throttled, exceeds timeout"}\n', '{"error":"request throttled, queue full"}\n']);

  const second = write();
  release[0]!();
  expect((await first).status).toBe(204);
  await expect.poll(() => release.length).toBe(2);
  release[1]!();
  expect((await second).status).toBe(204);
});

test('requests that do not say how long they are have no body, and the connection goes on', async () => {
  const { gateway, server } = await openHttp();
  const socket = connect(server.address.port, server.address.host);
  let text = '';
  socket.on('data', (piece) => (text += piece.toString()));
  const head = 'HTTP/1.1\r\nHost: x\r\n';
  socket.write(`POST /write?db=h ${head}\r\n`);
  socket.write(`POST /write?db=h ${head}Content-Encoding: gzip\r\n\r\n`);
  socket.write(`POST /query?q=x ${head}Content-Type: application/x-www-form-urlencoded\r\n\r\n`);
  socket.write(`GET /ping ${head}Connection: close\r\n\r\n`);
  await new Promise((resolve) => socket.once('end', resolve));
  expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 400', 'HTTP/1.1 200', 'HTTP/1.1 204']);
  expect(gateway.writes).toMatchObject([{ text: '' }]);
  expect(gateway.queries).toMatchObject([{ text: 'x' }]);
});

test('a client that goes away in its body writes nothing', async () => {
  const { gateway, server } = await openHttp();
  const socket = connect(server.address.port, server.address.host);
  socket.write('POST /write?db=h HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nm v=1');
  await new Promise((resolve) => setTimeout(resolve, 30));
  socket.destroy();
  expect((await send(server, '/ping')).status).toBe(204);
  expect(gateway.writes).toEqual([]);
});

test('a request line beyond the limit is refused, and the next request is served', async () => {
  const { gateway, server } = await openHttp();
  expect((await send(server, query({ q: 'x'.repeat(200_000) }))).status).toBe(200);
  // The server closes while the client still sends: it may see the answer or the reset.
  const refusal = await send(server, query({ q: 'x'.repeat(300_000) })).then(({ status }) => status, ({ code }: NodeJS.ErrnoException) => code);
  expect([431, 'ECONNRESET', 'EPIPE']).toContain(refusal);
  expect((await send(server, '/ping')).status).toBe(204);
  expect(gateway.queries).toHaveLength(1);
});

test('closing lets answers under way end and takes no new ones', async () => {
  const { gateway, server } = await openHttp();
  let finish = (): void => undefined;
  gateway.onWrite = () => new Promise((resolve) => (finish = () => resolve({ acceptedRowCount: 0, lineErrors: [], dropped: undefined })));
  const answer = send(server, '/write?db=h', { ...POST, headers: { Connection: 'keep-alive' }, body: 'x' });
  await expect.poll(() => gateway.writes.length).toBe(1);
  const closed = server.close();
  await expect(send(server, '/ping')).rejects.toThrow('ECONNREFUSED');
  finish();
  expect((await answer).status).toBe(204);
  await closed;
});

test('closing cuts off an answer that does not end in time', async () => {
  // Every timer is due after 20 ms, so the drain of the server is too.
  const clock: Clock = { ...TEST_CLOCK, after: (_delayMs, onDue) => TEST_CLOCK.after(20, onDue) };
  const { gateway, server } = await openHttp({}, { clock });
  gateway.onWrite = () => new Promise(() => undefined);
  const answer = send(server, '/write?db=h', { ...POST, body: 'x' });
  await expect.poll(() => gateway.writes.length).toBe(1);
  const [outcome] = await Promise.all([answer.catch(({ code }: NodeJS.ErrnoException) => code), server.close()]);
  expect(outcome).toBe('ECONNRESET');
});

test('an address that is taken, or not of this machine, is one clear error', async () => {
  const { server } = await openHttp();
  await expect(openHttp({}, { address: server.address })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE', message: `another process listens on 127.0.0.1:${server.address.port}` });
  await expect(openHttp({}, { address: { host: '192.0.2.1', port: 0 } })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: 'cannot listen on 192.0.2.1:0: EADDRNOTAVAIL' });
});

/** Everything that comes back for these bytes until the server closes the connection. */
function exchangeRaw(server: HttpServer, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answers = '';
    const socket = connect(server.address.port, server.address.host, () => socket.write(text));
    socket.on('data', (piece) => (answers += piece.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(answers));
  });
}
