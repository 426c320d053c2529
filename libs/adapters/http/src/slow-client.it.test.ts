import { connect, type Socket } from 'node:net';
import { LIMITS } from '@varve/config';
import type { Clock, ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import type { HttpServer } from './start-http.ts';
import { rows, type FakeGateway } from './testing/fake-gateway.ts';
import { openHttp, TEST_CLOCK } from './testing/open-http.ts';
import { query, send } from './testing/request.ts';

// Clients that ask for a long answer and do not read it, over real sockets. Only the idle limit is short here.
const CLOCK: Clock = { ...TEST_CLOCK, after: (delayMs, onDue) => TEST_CLOCK.after(delayMs === LIMITS.answerIdleTimeoutMs ? 1_000 : delayMs, onDue) };
const BLOCK: ResultItem = rows(0, 'm', ['time', 'v'], Array.from({ length: 1_000 }, (_, index) => [index, index]), { isPartial: true });

/** Every answer goes on as long as somebody takes it. @returns how many queries are under way, and blocks made */
function serveEndless(gateway: FakeGateway): { readonly openCount: number; readonly blockCount: number } {
  const counts = { openCount: 0, blockCount: 0 };
  gateway.onQuery = async function* endless(): AsyncGenerator<ResultItem> {
    counts.openCount += 1;
    try {
      for (;;) {
        await Promise.resolve();
        counts.blockCount += 1;
        yield BLOCK;
      }
    } finally {
      counts.openCount -= 1;
    }
  };
  return counts;
}

async function askAndStopReading(server: HttpServer, headers = ''): Promise<Socket> {
  const socket = connect(server.address.port, server.address.host);
  socket.on('error', () => undefined);
  socket.write(`GET ${query({ q: 'x', chunked: 'true' })} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  return socket;
}

test('E10: the queries of clients that take nothing of their answers end, and others are served meanwhile', async () => {
  const { gateway, server } = await openHttp({}, { clock: CLOCK });
  const counts = serveEndless(gateway);
  const forms = ['', 'Accept-Encoding: gzip\r\n', 'Accept: application/x-msgpack\r\n', 'Accept: text/csv\r\n'];
  const sockets = await Promise.all(forms.map((headers) => askAndStopReading(server, headers)));
  expect(counts.openCount).toBe(forms.length);
  expect((await send(server, '/ping')).status).toBe(204);
  await expect.poll(() => counts.openCount, { timeout: 20_000 }).toBe(0);
  expect(gateway.queries.map(({ signal }) => signal.aborted)).toEqual(forms.map(() => true));
  // What the sockets and their buffers hold, and no more (gzip makes much of it small).
  expect(counts.blockCount).toBeLessThan(20_000);
  for (const socket of sockets) socket.destroy();
});

test('E10: a query that is ended lets go of a client that rests much sooner', async () => {
  const clock: Clock = { ...TEST_CLOCK, after: (delayMs, onDue) => TEST_CLOCK.after(delayMs === LIMITS.endedAnswerIdleTimeoutMs ? 200 : delayMs, onDue) };
  const { gateway, server } = await openHttp({}, { clock });
  const counts = serveEndless(gateway);
  const sockets = await Promise.all(['', 'Accept-Encoding: gzip\r\n'].map((headers) => askAndStopReading(server, headers)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(counts.openCount).toBe(2);
  gateway.queries[0]!.onEnded!();
  await expect.poll(() => counts.openCount, { timeout: 10_000 }).toBe(1);
  expect(gateway.queries.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  for (const socket of sockets) socket.destroy();
});

test('E10: a slow client that goes on reading gets its answer', async () => {
  const { gateway, server } = await openHttp({}, { clock: CLOCK });
  const blockCount = 1_500;
  gateway.onQuery = async function* long(): AsyncGenerator<ResultItem> {
    for (let index = 0; index < blockCount; index += 1) yield await Promise.resolve(BLOCK);
    yield { ...BLOCK, isPartial: false } as ResultItem;
    yield { kind: 'done', statementId: 0 };
  };
  const socket = await askAndStopReading(server, 'Connection: close\r\n');
  let tail = '';
  const ended = new Promise<void>((resolve) => socket.once('end', resolve));
  socket.on('data', (piece) => {
    tail = `${tail}${piece.toString('latin1')}`.slice(-100);
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  socket.resume();
  await ended;
  expect(tail).toContain('00:00:00.000000999Z",999]]}');
});

test('E10: what is held of answers that wait for nobody is given back', async () => {
  const { gateway, server } = await openHttp({}, { clock: CLOCK });
  const counts = serveEndless(gateway);
  const answer = await send(server, query({ q: 'x' }), { headers: { Accept: 'application/x-msgpack' } });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain(`more than ${LIMITS.heldAnswerSizeBytesMax} bytes in one piece are too many for MessagePack; use chunked=true`);
  expect(counts.openCount).toBe(0);
  for (let round = 0; round < 4; round += 1) expect((await send(server, query({ q: 'x' }), { headers: { Accept: 'application/x-msgpack' } })).status).toBe(400);
});
