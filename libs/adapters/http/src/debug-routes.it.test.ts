import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { openHttp, TEST_CLOCK, WALL_MS } from './testing/open-http.ts';
import { query, send } from './testing/request.ts';

const POST = { method: 'POST' } as const;

test('E14: /debug/vars counts requests under the names of InfluxDB', async () => {
  const { gateway, server } = await openHttp({}, { clock: { ...TEST_CLOCK, wallMs: () => WALL_MS } });
  gateway.onWrite = () => Promise.resolve({ acceptedRowCount: 5, lineErrors: [], dropped: { pointCount: 2, reason: 'x' } });
  await send(server, '/write?db=d', { ...POST, body: '12345678' });
  gateway.onWrite = () => Promise.reject(new DbError('WRITE_TIMEOUT', 'timeout'));
  await send(server, '/api/v2/write?bucket=d', { ...POST, body: 'x' });
  for (const target of [query({ q: 'x' }), '/ping', '/status', '/nosuch']) await send(server, target);
  const answer = await send(server, '/debug/vars');
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } });
  const vars = JSON.parse(answer.text) as Record<string, { readonly values: Record<string, number> }>;
  const bind = `127.0.0.1:${server.address.port}`;
  expect(vars).toMatchObject({
    system: { currentTime: '2023-11-14T22:13:20.000Z', started: '2023-11-14T22:13:20.000Z', uptime: 0 },
    memstats: { HeapAlloc: expect.any(Number) as number },
    [`httpd:${bind}`]: {
      name: 'httpd',
      tags: { bind },
      values: {
        ...{ req: 7, reqActive: 1, writeReq: 2, writeReqActive: 0, writeReqBytes: 9, queryReq: 1, pingReq: 1, statusReq: 1, clientError: 2, serverError: 1 },
        ...{ pointsWrittenOK: 5, pointsWrittenDropped: 2, pointsWrittenFail: 1 },
      },
    },
  });
  expect(vars[`httpd:${bind}`]!.values['reqDurationNs']).toBeGreaterThan(0);
});

test('E14: /debug/requests tells who has written and asked while it ran', async () => {
  const { server } = await openHttp();
  let text: string | undefined;
  void send(server, '/debug/requests?seconds=1').then((answer) => (text = answer.text));
  let sentCount = 0;
  for (; text === undefined; sentCount += 1) {
    await send(server, query({ q: 'x' }));
    await send(server, '/write?db=d', { ...POST, body: 'x' });
  }
  const { writes, queries } = (JSON.parse(text) as Record<string, { writes: number; queries: number }>)['127.0.0.1']!;
  expect(Math.min(writes, queries)).toBeGreaterThan(0);
  expect(Math.max(writes, queries)).toBeLessThanOrEqual(sentCount);
  expect((await send(server, '/debug/requests?seconds=0')).text).toBe('{\n\n}\n');
  expect((await send(server, '/debug/requests?seconds=-21601')).text).toBe('{\n\n}\n');
  const check = async (seconds: string, text: string): Promise<void> => {
    const answer = await send(server, `/debug/requests?seconds=${seconds}`);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { error: text }]);
  };
  await check('x', 'strconv.ParseInt: parsing "x": invalid syntax');
  await check('9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range');
  await check('21601', 'exceeded maximum interval time: 21601s > 6h');
});
