import { execFile, spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadClusterConfig, type ClusterProgram } from '@varve/config';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { eventually } from './testing/test-cluster.ts';

// No Docker engine is needed: each image's command line is run as it stands, with the environment that it would have.
// tools/tidy checks the shape of the files.

const ROOT = resolve(import.meta.dirname, '../../..');
const DOCKER = join(ROOT, 'docker');
const APPS = ['coordinator', 'data-shard', 'meta-raft', 'repair', 'varve'];

type Environment = Readonly<Record<string, string>>;
interface Service {
  readonly build?: { readonly dockerfile: string };
  readonly environment?: Environment;
}
interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly query: string }[] }[];
}
interface Answer {
  readonly results: readonly [{ readonly series?: readonly unknown[] }];
}

const compose = parse(readFileSync(join(DOCKER, 'compose.yml'), 'utf8'), { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
/** The services that are built here, with the program of each and the environment it has in its container. */
const ours = Object.entries(compose.services).flatMap(([name, { build, environment = {} }]) => {
  if (build === undefined) return [];
  const app = /^docker\/(.*)\.Dockerfile$/.exec(build.dockerfile)![1]! as ClusterProgram;
  return [{ name, app, env: { ...imageEnvironment(app), ...environment } }];
});

test('D1: every variable of a service is an option of its program, and meta nodes agree about their voters', () => {
  const programs: string[] = [];
  const voters: string[] = [];
  for (const { name, app, env } of ours) {
    const loaded = loadClusterConfig({ argv: [], env, tomlText: undefined }, app);
    const natsServers = ['nats1:4222', 'nats2:4222', 'nats3:4222'];
    expect(loaded, name).toMatchObject({ kind: 'config', config: { nodeName: name, natsServers, dataDir: '/var/lib/varve', logFormat: 'json' } });
    if (loaded.kind !== 'config') continue;
    programs.push(`${app} of ${loaded.config.clusterId}`);
    if (app === 'meta-raft') voters.push(`${loaded.config.metaPeerId} of ${loaded.config.metaVoters.join()}`);
  }
  expect(programs).toHaveLength(9);
  expect(new Set(programs).size).toBe(4);
  expect(voters).toEqual(['1 of 1,2,3', '2 of 1,2,3', '3 of 1,2,3']);
});

test('D1: a misspelt variable stops its program, which says what it could be', () => {
  for (const { app, env } of ours) {
    const loaded = loadClusterConfig({ argv: [], env: { ...env, VARVE_NATS_SERVER: 'nats1:4222' }, tomlText: undefined }, app);
    expect(loaded).toMatchObject({ kind: 'error', message: expect.stringContaining('VARVE_NATS_SERVERS') as string });
  }
});

test.each(APPS)('D2: the ENTRYPOINT of %s runs as it stands', async (app) => {
  const env = ours.find((service) => service.app === app)?.env ?? imageEnvironment(app);
  expect(await run([...entrypointOf(app), '--version'], env)).toMatch(new RegExp(`^${app} \\d+\\.\\d+\\.\\d+\\n$`));
  expect(await run([...entrypointOf(app), '--help'], env)).toContain(`Usage: ${app} [--config FILE]`);
});

test('D2: varve serves as its image starts it: it is healthy, answers every query of the dashboards, and stops by SIGTERM', async () => {
  const { url, stop } = await startVarve();

  const [, ...check] = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(dockerfileOf('varve'))![1]!) as string[];
  expect(await run(['node', ...check.map((text) => text.replace('http://127.0.0.1:8086', url))], {})).toBe('');

  await fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ q: 'CREATE DATABASE telegraf' }) });
  const lines = ['cpu,host=a,cpu=cpu-total usage_idle=90', 'mem,host=a used_percent=40', 'system,host=a load1=0.5', 'disk,host=a,path=/ used_percent=10'];
  expect((await fetch(`${url}/write?db=telegraf`, { method: 'POST', body: lines.join('\n') })).status).toBe(204);
  const queries = dashboardQueries();
  expect(queries).toHaveLength(10);
  for (const query of queries) {
    const q = query.replaceAll('$timeFilter', 'time >= now() - 1h').replaceAll('$__interval', '1m');
    const response = await fetch(`${url}/query?${new URLSearchParams({ db: 'telegraf', q }).toString()}`);
    const { results } = (await response.json()) as Answer;
    expect(results[0], query).not.toHaveProperty('error');
    expect(results[0].series, query).toHaveLength(1);
  }

  expect(await stop()).toBe(0);
});

/** Starts varve by its ENTRYPOINT; only its port and its data directory are those of a test. */
async function startVarve(): Promise<{ readonly url: string; readonly stop: () => Promise<number | null> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-docker-'));
  const env = { ...process.env, ...imageEnvironment('varve'), VARVE_DATA_DIR: dataDir, VARVE_HTTP_BIND_ADDRESS: '127.0.0.1:0' };
  const child = spawn(process.execPath, entrypointOf('varve').slice(1), { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((settle) => child.once('exit', settle));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually(30_000, 'varve is ready', () => said.includes('Ctrl-C') || child.exitCode !== null);
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { url: /address\s+(http:\S+)/.exec(said)![1]!, stop };
}

function dashboardQueries(): readonly string[] {
  const dashboards = globSync('grafana/dashboards/*.json', { cwd: DOCKER }).map((file) => JSON.parse(readFileSync(join(DOCKER, file), 'utf8')) as Dashboard);
  return dashboards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets.map(({ query }) => query)));
}

function dockerfileOf(app: string): string {
  return readFileSync(join(DOCKER, `${app}.Dockerfile`), 'utf8');
}

function entrypointOf(app: string): readonly string[] {
  const commandLine = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfileOf(app))![1]!) as readonly string[];
  expect(commandLine[0]).toBe('node');
  return commandLine;
}

/** What the image itself sets. */
function imageEnvironment(app: string): Environment {
  return Object.fromEntries([...dockerfileOf(app).matchAll(/(VARVE_\w+)=(\S+)/g)].map(([, variable, value]) => [variable!, value!]));
}

/** Runs a command line of an image at the top of the repository; its `node` is the one that runs this test. @returns what it says */
function run(commandLine: readonly string[], environment: Environment): Promise<string> {
  return new Promise((settle, fail) => {
    execFile(process.execPath, commandLine.slice(1), { cwd: ROOT, env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
      error === null ? settle(stdout) : fail(new Error(stderr, { cause: error })));
  });
}
