import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadClusterConfig, type ClusterProgram } from '@varve/config';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

// No Docker engine is needed: the files are read, and each image's command line is run as it stands.

const ROOT = resolve(import.meta.dirname, '../../..');
const DOCKER = join(ROOT, 'docker');
const APPS = ['coordinator', 'data-shard', 'meta-raft', 'repair', 'varve'];

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}
const compose = parse(readFileSync(join(DOCKER, 'compose.yml'), 'utf8'), { merge: true }) as { readonly services: Readonly<Record<string, Service>>; readonly volumes: Readonly<Record<string, null>> };
const services = Object.entries(compose.services);

test('compose: the cluster of the README with its surroundings', () => {
  expect(Object.keys(compose.services).toSorted()).toEqual([
    ...['coordinator1', 'coordinator2', 'data1', 'data2', 'data3', 'grafana', 'jaeger', 'meta1', 'meta2', 'meta3'],
    ...['nats1', 'nats2', 'nats3', 'otel-collector', 'repair1'],
  ]);
});

test('compose: images are pinned, names are there, and nothing but this machine reaches a port', () => {
  for (const [name, { image, depends_on = [], volumes = [], ports = [] }] of services) {
    expect(image, name).toMatch(/:v?\d+\.\d+/);
    for (const other of depends_on) expect(compose.services, `${name} depends on ${other}`).toHaveProperty(other);
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const volume of volumes) {
      const source = volume.split(':')[0]!;
      if (source.startsWith('.')) expect(existsSync(join(DOCKER, source)), `${name}: ${source}`).toBe(true);
      else expect(Object.keys(compose.volumes), name).toContain(source);
    }
  }
});

test('D1: every variable of a service is an option of its program, and meta nodes agree about their voters', () => {
  const ours = services.filter(([, { build }]) => build !== undefined);
  expect(ours).toHaveLength(9);
  const voters = new Set<string>();
  for (const [name, { build, environment = {} }] of ours) {
    expect(existsSync(join(DOCKER, build!.context, build!.dockerfile)), name).toBe(true);
    const program = /docker\/(.*)\.Dockerfile/.exec(build!.dockerfile)![1] as ClusterProgram;
    const env = Object.fromEntries(Object.entries(environment).map(([variable, value]) => [variable, String(value)]));
    const loaded = loadClusterConfig({ argv: [], env: { ...imageEnvironment(program), ...env }, tomlText: undefined }, program);
    expect(loaded, name).toMatchObject({ kind: 'config', config: { nodeName: name, natsServers: ['nats1:4222', 'nats2:4222', 'nats3:4222'], dataDir: '/var/lib/varve' } });
    if (program === 'meta-raft') voters.add(`${env['VARVE_META_PEER_ID']} of ${env['VARVE_META_VOTERS']}`);
  }
  expect([...voters]).toEqual(['1 of 1,2,3', '2 of 1,2,3', '3 of 1,2,3']);
});

test('D3: every image has one program, its port, a health check, and no root', () => {
  expect(readdirSync(DOCKER).filter((file) => file.endsWith('.Dockerfile')).toSorted()).toEqual(APPS.map((app) => `${app}.Dockerfile`));
  for (const app of APPS) {
    const text = dockerfileOf(app);
    const port = /^EXPOSE (\d+)$/m.exec(text)?.[1];
    expect(text, app).toMatch(new RegExp(`VARVE_HTTP_BIND_ADDRESS=:${port} `));
    expect(text, app).toMatch(new RegExp(`^HEALTHCHECK .*127\\.0\\.0\\.1:${port}/health`, 'm'));
    expect(text.indexOf('USER node'), app).toBeGreaterThan(text.indexOf('npm ci'));
  }
});

test.each(APPS)('D2: the ENTRYPOINT of %s runs as it stands', async (app) => {
  const [program, ...parameters] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfileOf(app))![1]!) as [string, ...string[]];
  expect(program).toBe('node');
  expect(await run([...parameters, '--version'])).toMatch(new RegExp(`^${app} \\d+\\.\\d+\\.\\d+\\n$`));
  expect(await run([...parameters, '--help'])).toContain(`Usage: ${app} [--config FILE]`);
});

test('the dashboard asks in InfluxQL through the data source that is provisioned', () => {
  const { datasources } = parse(readFileSync(join(DOCKER, 'grafana/provisioning/datasources/varve.yaml'), 'utf8')) as { readonly datasources: readonly { readonly uid: string; readonly url: string }[] };
  const source = datasources.find(({ uid }) => uid === 'varve')!;
  expect(Object.keys(compose.services)).toContain(new URL(source.url).hostname);
  const dashboard = JSON.parse(readFileSync(join(DOCKER, 'grafana/dashboards/hosts.json'), 'utf8')) as { readonly panels: readonly { readonly targets: readonly { readonly datasource: { readonly uid: string }; readonly query: string }[] }[] };
  for (const { datasource, query } of dashboard.panels.flatMap(({ targets }) => targets)) {
    expect(datasource.uid).toBe('varve');
    expect(query).toMatch(/^SELECT .* FROM \w+ WHERE .*\$timeFilter GROUP BY time\(\$__interval\)/);
  }
});

function dockerfileOf(app: string): string {
  return readFileSync(join(DOCKER, `${app}.Dockerfile`), 'utf8');
}

/** What the image itself sets. */
function imageEnvironment(app: string): Record<string, string> {
  return Object.fromEntries([...dockerfileOf(app).matchAll(/(VARVE_\w+)=(\S+)/g)].map(([, variable, value]) => [variable!, value!]));
}

function run(parameters: readonly string[]): Promise<string> {
  return new Promise((settle, fail) => {
    execFile(process.execPath, parameters, { cwd: ROOT }, (error, stdout, stderr) => (error === null ? settle(stdout) : fail(new Error(stderr, { cause: error }))));
  });
}
