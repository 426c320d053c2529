import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InfluxDB } from 'influx';
import { expect, test, type TestContext } from 'vitest';
import { query } from '@varve/http-adapter/testing';
import { startServer, temporaryDirectory } from './testing/server.ts';

// Methodology: clients that people have, as they come, write to the real program and read back. A client that is not on
// this machine is installed; where that cannot be done the test says so and is skipped, but never where CI is set.
const README = readFileSync(resolve(import.meta.dirname, '../../../README.md'), 'utf8');
const PYTHON_PACKAGE = 'influxdb==5.3.2';

/** Skips with a clear line, and fails where CI is set. */
function skipUnlessCi(context: TestContext, reason: string): void {
  if (process.env['CI'] !== undefined) throw new Error(`${reason}, and CI is set: this test never skips there`);
  context.skip(reason);
}

function pathOf(program: string): string | undefined {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

const PYTHON_SCRIPT = `
import sys
from influxdb import InfluxDBClient
client = InfluxDBClient('127.0.0.1', int(sys.argv[1]))
client.create_database('py')
client.switch_database('py')
client.write_points([
    {'measurement': 'air', 'tags': {'city': 'oslo'}, 'time': '2026-01-01T00:00:00Z', 'fields': {'t': 3.5, 'n': 7, 'ok': True, 's': 'a "quoted" text'}},
    {'measurement': 'air', 'tags': {'city': 'bergen'}, 'time': '2026-01-01T01:00:00Z', 'fields': {'t': 6.0}},
])
points = list(client.query('SELECT * FROM air').get_points())
assert len(points) == 2, points
assert points[0]['t'] == 3.5 and points[0]['n'] == 7 and points[0]['ok'] is True and points[0]['s'] == 'a "quoted" text', points
assert points[1]['time'] == '2026-01-01T01:00:00Z' and points[1]['n'] is None, points
means = list(client.query("SELECT mean(t) FROM air WHERE time >= '2026-01-01T00:00:00Z' AND time < '2026-01-01T02:00:00Z' GROUP BY time(1h)").get_points())
assert [each['mean'] for each in means] == [3.5, 6.0], means
assert {'name': 'py'} in client.get_list_database()
assert client.get_list_retention_policies('py')[0]['name'] == 'autogen'
assert client.ping()
bound = client.query('SELECT t FROM air WHERE city = $city', bind_params={'city': 'oslo'})
assert [each['t'] for each in bound.get_points()] == [3.5], bound
client.drop_database('py')
assert {'name': 'py'} not in client.get_list_database()
print('ok')
`;

test('the Python package influxdb writes and reads back', async (context) => {
  const python = pathOf('python3');
  const packages = join(temporaryDirectory(), 'packages');
  const installed =
    python === undefined
      ? undefined
      : spawnSync(python, ['-m', 'pip', 'install', '--quiet', '--target', packages, PYTHON_PACKAGE], {
          encoding: 'utf8',
        });
  if (python === undefined || installed?.status !== 0) {
    skipUnlessCi(context, `python3 with ${PYTHON_PACKAGE} cannot be had: ${installed?.stderr ?? 'no python3'}`);
    return;
  }
  const server = await startServer();
  const output = execFileSync(python, ['-c', PYTHON_SCRIPT, new URL(server.url).port], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: packages },
  });
  expect(output.trim()).toBe('ok');
});

test('the npm package influx writes and reads back', async () => {
  const server = await startServer();
  const { hostname: host, port } = new URL(server.url);
  const client = new InfluxDB({ host, port: Number(port), database: 'js' });
  await client.createDatabase('js');
  await client.writePoints([
    {
      measurement: 'air',
      tags: { city: 'oslo' },
      fields: { t: 3.5, s: 'text, with = signs' },
      timestamp: new Date('2026-01-01T00:00:00Z'),
    },
    { measurement: 'air', tags: { city: 'bergen' }, fields: { t: 6 }, timestamp: new Date('2026-01-01T01:00:00Z') },
  ]);
  const rows = await client.query<{ t: number; s: string | null; city: string; time: Date }>('SELECT * FROM air');
  expect(rows.map(({ t, s, city, time }) => ({ t, s, city, time: time.toISOString() }))).toEqual([
    { t: 3.5, s: 'text, with = signs', city: 'oslo', time: '2026-01-01T00:00:00.000Z' },
    { t: 6, s: null, city: 'bergen', time: '2026-01-01T01:00:00.000Z' },
  ]);
  expect(await client.getDatabaseNames()).toEqual(['js']);
  expect(await client.getMeasurements()).toEqual(['air']);
});

test("Debian's influx shell writes and reads back", async (context) => {
  if (pathOf('influx') === undefined && process.getuid?.() === 0 && pathOf('apt-get') !== undefined) {
    spawnSync('sh', ['-c', 'apt-get update -qq && apt-get install -y -qq influxdb-client'], { stdio: 'ignore' });
  }
  const shell = pathOf('influx');
  if (shell === undefined) {
    skipUnlessCi(context, 'the influx shell (Debian package influxdb-client) is not here');
    return;
  }
  const server = await startServer();
  const { hostname, port } = new URL(server.url);
  const execute = (statement: string, ...flags: string[]): string =>
    execFileSync(shell, ['-host', hostname, '-port', port, ...flags, '-execute', statement], { encoding: 'utf8' });
  execute('CREATE DATABASE sh');
  execute('INSERT air,city=oslo t=3.5 1767225600000000000', '-database', 'sh');
  execute('INSERT air,city=bergen t=6 1767229200000000000', '-database', 'sh');
  expect(execute('SELECT * FROM air', '-database', 'sh', '-format', 'csv')).toBe(
    'name,time,city,t\nair,1767225600000000000,oslo,3.5\nair,1767229200000000000,bergen,6\n',
  );
  expect(execute('SHOW DATABASES', '-format', 'column')).toBe('name: databases\nname\n----\nsh\n');
  expect(() => execute('SELEC')).toThrow('error parsing query: found SELEC, expected SELECT, DELETE, SHOW');
  const file = join(temporaryDirectory(), 'import.txt');
  writeFileSync(file, '# DDL\nCREATE DATABASE imported\n# DML\n# CONTEXT-DATABASE: imported\nair,city=oslo t=1 1\nair,city=oslo t=2 2\n');
  expect(execFileSync(shell, ['-host', hostname, '-port', port, '-import', '-path', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toMatch(/Processed 2 inserts[\s\S]*Failed 0 inserts/);
  expect(execute('SELECT count(t) FROM air GROUP BY city', '-database', 'imported', '-format', 'csv')).toBe('name,tags,time,count\nair,city=oslo,0,2\n');
  expect(
    JSON.parse(execute('SELECT max(t) FROM air', '-database', 'sh', '-format', 'json', '-precision', 's')),
  ).toEqual({
    results: [{ series: [{ name: 'air', columns: ['time', 'max'], values: [[1767229200, 6]] }] }],
  });
});

test('a real Telegraf with the README’s configuration sends its metrics', async (context) => {
  const telegraf = process.env['TELEGRAF_BIN'] ?? pathOf('telegraf');
  if (telegraf === undefined) {
    context.skip('telegraf is neither at TELEGRAF_BIN nor on the PATH');
    return;
  }
  const server = await startServer();
  const configFile = join(temporaryDirectory(), 'telegraf.conf');
  const block = /^## Telegraf$[\s\S]*?^```toml\n([\s\S]*?)^```$/m.exec(README)![1]!;
  const fast = '\n[agent]\n  interval = "1s"\n  flush_interval = "1s"\n';
  writeFileSync(
    configFile,
    block.replaceAll('http://127.0.0.1:8086', server.url) + (block.includes('[agent]') ? '' : fast),
  );
  const agent = spawn(telegraf, ['--config', configFile], { stdio: 'ignore' });
  try {
    await expect
      .poll(() => query(server.url, 'SHOW MEASUREMENTS', { db: 'telegraf' }).catch(() => []), {
        timeout: 60_000,
        interval: 500,
      })
      .toMatchObject([{ values: expect.arrayContaining([['cpu'], ['mem']]) as unknown }]);
    const [series] = await query(server.url, 'SELECT count(usage_idle) FROM cpu', { db: 'telegraf' });
    expect(series!.values[0]![1]).toBeGreaterThan(0);
  } finally {
    agent.kill();
  }
});
