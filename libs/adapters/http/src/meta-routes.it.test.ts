import { DbError } from '@varve/base';
import { DEFAULT_CONFIG } from '@varve/config';
import { SILENT_LOG, SILENT_METRICS, type Clock } from '@varve/ports';
import { afterEach, expect, test } from 'vitest';
import { startHttp, type HttpServer } from './start-http.ts';
import { FakeMetaControl } from './testing/fake-meta-control.ts';
import { send, type Answer } from './testing/request.ts';

// Real sockets, a meta group without a log behind its port. O1 to O3 of docs/specs/operating.md.

const CLOCK: Clock = {
  wallMs: () => 1_700_000_000_000,
  monotonicMs: () => performance.now(),
  after: (delayMs, onDue) => {
    const timeout = setTimeout(onDue, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  turn: async () => undefined,
};

let servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function open(): Promise<{ readonly server: HttpServer; readonly control: FakeMetaControl }> {
  const parts = { metricsText: () => Promise.resolve('varve_up 1\n'), log: SILENT_LOG, metrics: SILENT_METRICS, clock: CLOCK, config: DEFAULT_CONFIG, version: '0.1.0' };
  const server = await startHttp({ address: { host: '127.0.0.1', port: 0 }, ...parts });
  servers.push(server);
  const control = new FakeMetaControl();
  server.serveMeta(() => ({ isPassing: true, problems: [] }), control);
  return { server, control };
}

const POST = { method: 'POST' } as const;
const errorOf = ({ text }: Answer): unknown => (JSON.parse(text) as { readonly error: unknown }).error;

test('/status says how this node is, for people with pretty=true', async () => {
  const { server, control } = await open();
  const answer = await send(server, '/status');
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
  expect(answer.text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(answer.text)).toEqual(control.status);
  const pretty = await send(server, '/status?pretty=true');
  expect(pretty.text).toContain('\n    "term": 3,\n');
  expect(JSON.parse(pretty.text)).toEqual(control.status);
  expect(await send(server, '/status', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
});

test('what a follower does not know of the others is not in its status', async () => {
  const { server, control } = await open();
  control.status = { ...control.status, role: 'follower', leaderId: 2, members: [{ id: 2, role: 'voter', isLeader: true, lag: undefined }] };
  expect(JSON.parse((await send(server, '/status')).text)).toMatchObject({ members: [{ id: 2, role: 'voter', isLeader: true }] });
});

test('an action is answered when it is done, with what it came to', async () => {
  const { server, control } = await open();
  const check = async (target: string, answer: object): Promise<void> => {
    const { status, text } = await send(server, target, POST);
    expect([status, JSON.parse(text)], target).toEqual([200, answer]);
  };
  await check('/join?peer=4', { peer: 4 });
  await check('/remove?peer=3', { peer: 3 });
  await check('/transfer?peer=3', { leaderId: 3 });
  await check('/transfer', { leaderId: 2 });
  await check('/snapshot', { appliedIndex: 9 });
  expect(control.asked).toEqual(['join 4', 'remove 3', 'transfer 3', 'transfer 0', 'snapshot']);
});

test('/audit shows accepted commands, a bounded number of them', async () => {
  const { server, control } = await open();
  const rows = [{ logIndex: 7, atMs: 1_700_000_000_000, proposer: 'coordinator-1', kind: 'createDatabase', command: { kind: 'createDatabase', name: 'd' } }];
  expect(JSON.parse((await send(server, '/audit')).text)).toEqual({ rows });
  await send(server, '/audit?limit=1000');
  expect(control.asked).toEqual(['audit 100', 'audit 1000']);
});

test('O1: what is asked wrongly is refused with a sentence, and nothing is done', async () => {
  const { server, control } = await open();
  const check = async (method: string, target: string, error: string): Promise<void> => {
    const answer = await send(server, target, { method });
    expect([answer.status, errorOf(answer)], `${method} ${target}`).toEqual([400, error]);
    expect(answer.headers).not.toHaveProperty('retry-after');
  };
  await check('POST', '/join', '/join needs a peer, as in /join?peer=4');
  await check('POST', '/remove', '/remove needs a peer, as in /remove?peer=4');
  for (const text of ['', '0', '-1', '1.5', '1e3', '0x2', 'two', '01', '1001', '99999999999999999999']) {
    const error = `invalid peer "${text}": a whole number from 1 to 1000 is expected`;
    for (const path of ['/join', '/remove', '/transfer']) await check('POST', `${path}?peer=${text}`, error);
  }
  await check('POST', '/join?peer=4&peer=5', '/join takes one peer, 2 were given');
  await check('POST', '/transfer?pear=2', 'unknown parameter "pear": /transfer takes pretty and peer');
  await check('POST', '/snapshot?peer=2', 'unknown parameter "peer": /snapshot takes pretty');
  await check('GET', '/status?peer=2', 'unknown parameter "peer": /status takes pretty');
  await check('GET', '/audit?limit=1001', 'invalid limit "1001": a whole number from 1 to 1000 is expected');
  await check('GET', '/audit?limit=all', 'invalid limit "all": a whole number from 1 to 1000 is expected');
  expect(control.asked).toEqual([]);
});

test('O1: a wrong method is 405 with the right ones, an unknown route 404', async () => {
  const { server, control } = await open();
  const check = async (method: string, target: string, allow: string): Promise<void> =>
    expect(await send(server, target, { method }), `${method} ${target}`).toMatchObject({ status: 405, headers: { allow } });
  for (const target of ['/join?peer=4', '/remove?peer=1', '/transfer', '/snapshot']) {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) await check(method, target, 'POST');
  }
  for (const target of ['/status', '/audit']) await check('POST', target, 'GET, HEAD');
  for (const target of ['/write', '/query', '/join/', '/Status', '/constructor']) expect((await send(server, target, POST)).status, target).toBe(404);
  expect(control.asked).toEqual([]);
});

test('O3: a page in an operator’s browser may not operate the group, nor look at it', async () => {
  const { server, control } = await open();
  for (const [method, target] of [['POST', '/remove?peer=1'], ['POST', '/transfer'], ['GET', '/status'], ['GET', '/audit']] as const) {
    const answer = await send(server, target, { method, headers: { Origin: 'http://elsewhere' } });
    expect([answer.status, errorOf(answer)], target).toEqual([400, 'web pages may not operate the meta group']);
  }
  expect(control.asked).toEqual([]);
});

test('O2: what the group cannot do is 400, what it cannot do now is worth a retry', async () => {
  const { server, control } = await open();
  const unknown = await send(server, '/remove?peer=9', POST);
  expect([unknown.status, errorOf(unknown)]).toEqual([400, 'peer 9 is no member of the meta group']);
  expect(unknown.headers).not.toHaveProperty('retry-after');

  const later = [
    [new DbError('META_UNAVAILABLE', 'the meta group has no leader that this node knows of; retry'), 503],
    [new DbError('META_NOT_LEADER', 'this meta node leads no more; ask again'), 503],
    [new DbError('STARTING', 'this meta node does not take part in its group yet; retry'), 503],
    [new DbError('BUS_TIMEOUT', 'no answer from the leader within 60000 ms'), 504],
  ] as const;
  for (const [failure, status] of later) {
    control.failure = failure;
    for (const [method, target] of [['POST', '/join?peer=4'], ['POST', '/remove?peer=1'], ['POST', '/transfer'], ['POST', '/snapshot'], ['GET', '/status'], ['GET', '/audit']] as const) {
      const answer = await send(server, target, { method });
      expect([answer.status, errorOf(answer)], `${target} ${failure.code}`).toEqual([status, failure.message]);
      expect(answer.headers).toMatchObject({ 'retry-after': '1' });
    }
  }
});

test('health, metrics and ping are beside them', async () => {
  const { server } = await open();
  expect(await send(server, '/health')).toMatchObject({ status: 200 });
  expect(await send(server, '/metrics')).toMatchObject({ status: 200, text: 'varve_up 1\n' });
  expect(await send(server, '/ping')).toMatchObject({ status: 204 });
});
