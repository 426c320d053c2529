import { query, send, write } from '@varve/http-adapter/testing';
import { freePort, startNatsServer } from '@varve/nats-adapter/server';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually } from './testing/test-cluster.ts';
import { startService, type TestProcess } from './testing/test-process.ts';

const TIMEOUT_MS = 60_000;
const BATCH_COUNT = 4;
const BATCH_ROW_COUNT = 50_000;
/** So many rows that the client which rests at the first ones holds up the rest. */
const lines = (batch: number): string => Array.from({ length: BATCH_ROW_COUNT }, (_, index) => `m,host=a-host-with-a-long-name f=1.5,t="some text" ${batch * BATCH_ROW_COUNT + index + 1}`).join('\n');

// KQ1 to KQ3 with real processes over NATS: what runs on one coordinator is seen and ended through the other one.
clusterTest('SHOW QUERIES lists what runs on every coordinator, KILL QUERY ends it, and who is gone is named', async () => {
  const server = await startNatsServer({ port: await freePort() });
  onTestFinished(() => server.stop());
  const start = (app: 'meta-raft' | 'data-shard' | 'coordinator', name: string): TestProcess => startService(app, ['--nats-servers', server.address, '--node-name', name]);
  await start('meta-raft', 'meta-1').url();
  await start('data-shard', 'data-1').url();
  const first = start('coordinator', 'c1');
  const [one, other] = await Promise.all([first.url(), start('coordinator', 'c2').url()]);
  await query(one, 'CREATE DATABASE d');
  for (let batch = 0; batch < BATCH_COUNT; batch += 1) expect((await write(one, 'd', lines(batch))).status).toBe(204);

  const statement = 'SELECT * FROM m';
  const answer = await fetch(`${one}/query?db=d&chunked=true&chunk_size=1000&q=${encodeURIComponent(statement)}`);
  const reader = answer.body!.getReader();
  await reader.read();
  const running = async (): Promise<readonly unknown[] | undefined> => (await query(other, 'SHOW QUERIES'))[0]!.values.find(([, text]) => text === statement);
  await eventually(TIMEOUT_MS, 'c2 knows what runs on c1', async () => (await running()) !== undefined);
  const [id, , database, duration, status] = (await running())!;
  expect([database, status]).toEqual(['d', 'running']);
  expect(duration).toMatch(/^\d+(µs|ms|s)$/);
  expect(await errorOf(other, `KILL QUERY ${String(id)} ON nobody`)).toMatch(/^no such query id: \d+ \(coordinator nobody did not answer\)$/);
  expect(await errorOf(other, `KILL QUERY ${String(id)}`)).toBeUndefined();
  let rest = '';
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) rest = rest.slice(-10_000) + new TextDecoder().decode(piece.value);
  expect(rest).toContain('"error":"query interrupted"');
  expect(await running()).toBeUndefined();
  expect(await errorOf(other, `KILL QUERY ${String(id)}`)).toBe(`no such query id: ${String(id)}`);

  await first.kill();
  const { text } = await send(`${other}/query?q=SHOW%20QUERIES`);
  expect(text).toContain('coordinator c1 did not answer');
  expect(text).toContain('"partial":true');
  expect(text).toContain('SHOW QUERIES');
  expect(await errorOf(other, 'KILL QUERY 5')).toBe('no such query id: 5 (coordinator c1 did not answer)');
});

async function errorOf(url: string, statement: string): Promise<string | undefined> {
  const { text } = await send(`${url}/query?q=${encodeURIComponent(statement)}`, { method: 'POST' });
  return (JSON.parse(text) as { readonly results: readonly { readonly error?: string }[] }).results[0]!.error;
}
