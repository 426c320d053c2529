import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '@varve/graph';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

// What is in docker/ as text: no Docker engine is needed. tools/cluster checks the variables against the options of each
// program and runs the command lines.

const DOCKER = join(REPOSITORY, 'docker');
const KEYS = ['build', 'command', 'depends_on', 'environment', 'healthcheck', 'image', 'ports', 'restart', 'stop_grace_period', 'volumes'];

interface Service {
  readonly image: string;
  readonly restart?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly targets: readonly { readonly datasource: { readonly type: string; readonly uid: string }; readonly query: string }[];
  }[];
}

const read = (file: string): string => readFileSync(join(DOCKER, file), 'utf8');
const compose = parse(read('compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};
const services = Object.entries(compose.services);
const dockerfiles = globSync('*.Dockerfile', { cwd: DOCKER }).sort();
const apps = globSync('apps/*/src/main.ts', { cwd: REPOSITORY }).map((file) => file.replaceAll('\\', '/')).sort();

/** A Dockerfile's lines without comments, those that go on joined. */
function instructionsOf(dockerfile: string): readonly (readonly [keyword: string, rest: string])[] {
  const lines = read(dockerfile).replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, '').trim().split('\n');
  return lines.map((line) => [line.split(' ')[0]!, line.slice(line.indexOf(' ') + 1).trim()]);
}

/** How `nx serve` starts the app of this main. */
function serveCommandOf(main: string): string {
  const project = JSON.parse(readFileSync(join(REPOSITORY, main, '../../project.json'), 'utf8')) as { readonly targets: { readonly serve: { readonly command: string } } };
  return project.targets.serve.command;
}

/** The instruction that is there exactly once. */
function only(dockerfile: string, keyword: string): string {
  const found = instructionsOf(dockerfile).filter(([each]) => each === keyword);
  expect(found, `${keyword} of ${dockerfile}`).toHaveLength(1);
  return found[0]![1];
}

test('every app has an image of its own, which starts it as a program and not by a shell, as `nx serve` does', () => {
  const started = dockerfiles.map((dockerfile) => JSON.parse(only(dockerfile, 'ENTRYPOINT')) as readonly string[]);
  expect(started.map((commandLine) => commandLine.at(-1))).toEqual(apps);
  expect(started.map((commandLine) => commandLine.join(' '))).toEqual(apps.map(serveCommandOf));
  expect(dockerfiles).toEqual(apps.map((file) => `${file.split('/')[1]}.Dockerfile`));
});

test('an image copies what is there, from a base with a tag', () => {
  for (const dockerfile of dockerfiles) {
    expect(only(dockerfile, 'FROM'), dockerfile).toMatch(/^node:26[\w.-]*-slim$/);
    for (const [, rest] of instructionsOf(dockerfile).filter(([keyword]) => keyword === 'COPY' || keyword === 'ADD')) {
      for (const source of rest.split(/\s+/).slice(0, -1)) expect(existsSync(join(REPOSITORY, source)), `${dockerfile}: ${source}`).toBe(true);
    }
  }
});

test('what the images need is not kept from them, and what is large or private is', () => {
  const ignored = readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const needed of ['apps', 'libs', 'package.json', 'package-lock.json']) expect(ignored).not.toContain(needed);
  expect(ignored).toEqual(expect.arrayContaining(['.git', '**/node_modules', '**/varve-data']));
});

test('D3: the program of an image is not root, and its port is the one that is asked for its health', () => {
  for (const dockerfile of dockerfiles) {
    const keywords = instructionsOf(dockerfile).map(([keyword]) => keyword);
    expect(only(dockerfile, 'USER'), dockerfile).toBe('node');
    expect(keywords.indexOf('USER'), dockerfile).toBeGreaterThan(keywords.lastIndexOf('RUN'));
    expect(keywords.includes('VOLUME'), dockerfile).toBe(dockerfile !== 'coordinator.Dockerfile');
    const port = only(dockerfile, 'EXPOSE');
    expect(only(dockerfile, 'ENV'), dockerfile).toContain(`VARVE_HTTP_BIND_ADDRESS=:${port} `);
    expect(only(dockerfile, 'HEALTHCHECK'), dockerfile).toContain(`http://127.0.0.1:${port}/health`);
  }
});

test('compose has the cluster and its surroundings', () => {
  expect(Object.keys(compose).filter((key) => !key.startsWith('x-'))).toEqual(['name', 'services', 'volumes']);
  const numbered = (name: string, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${name}${index + 1}`);
  expect(Object.keys(compose.services).sort()).toEqual([
    ...[...numbered('coordinator', 2), ...numbered('data', 3), 'grafana', 'jaeger', ...numbered('meta', 3)],
    ...[...numbered('nats', 3), 'otel-collector', 'repair1'],
  ]);
});

test('a service has a pinned image, is started again, and names what exists', () => {
  for (const [name, service] of services) {
    expect(KEYS, name).toEqual(expect.arrayContaining(Object.keys(service)));
    const { image, restart, build, command = [], environment = {}, depends_on: needed = [] } = service;
    expect(image, name).toMatch(/^[\w./-]+:v?\d+\.\d+[\w.-]*$/);
    expect(restart, name).toBe('unless-stopped');
    if (build !== undefined) expect(existsSync(join(DOCKER, build.context, build.dockerfile)), name).toBe(true);
    expect([...command, ...Object.values(environment)].filter((value) => typeof value !== 'string'), name).toEqual([]);
    expect(Object.keys(compose.services), name).toEqual(expect.arrayContaining([...needed]));
  }
});

test('a service is asked for its health; the collector has no program that could ask', () => {
  const unasked = services.filter(([, { healthcheck, build }]) => {
    if (build !== undefined) return only(build.dockerfile.replace('docker/', ''), 'HEALTHCHECK') === '';
    return healthcheck?.test[0] !== 'CMD' || healthcheck.test.length < 2;
  });
  expect(unasked.map(([name]) => name)).toEqual(['otel-collector']);
});

test('a service that keeps something keeps it in a volume of its own', () => {
  const named: string[] = [];
  for (const [name, { volumes = [], build }] of services) {
    const sources = volumes.map((volume) => volume.split(':')[0]!);
    for (const source of sources.filter((each) => each.startsWith('.'))) expect(existsSync(join(DOCKER, source)), `${name}: ${source}`).toBe(true);
    named.push(...sources.filter((each) => !each.startsWith('.')));
    const keeps = build !== undefined && read(build.dockerfile.replace('docker/', '')).includes('\nVOLUME ');
    if (keeps) expect(volumes, name).toEqual([`${name}:/var/lib/varve`]);
  }
  expect(named.sort()).toEqual(Object.keys(compose.volumes).sort());
});

test('nothing but this machine reaches a port, and no two services want the same one', () => {
  const ports = services.flatMap(([, { ports: own = [] }]) => own);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
});

test('each NATS is routed to the other two', () => {
  const names = ['nats1', 'nats2', 'nats3'];
  for (const name of names) {
    const command = compose.services[name]!.command!;
    const after = (flag: string): string | undefined => command[command.indexOf(flag) + 1];
    expect(after('--server_name')).toBe(name);
    expect(after('--routes')).toBe(names.filter((other) => other !== name).map((other) => `nats://${other}:6222`).join(','));
  }
});

test('traces go from a service to the collector and on to Jaeger', () => {
  const { receivers, exporters, service } = parse(read('otel-collector.yaml')) as {
    readonly receivers: { readonly otlp: { readonly protocols: { readonly http: { readonly endpoint: string } } } };
    readonly exporters: { readonly otlp: { readonly endpoint: string } };
    readonly service: { readonly pipelines: { readonly traces: Readonly<Record<string, readonly string[]>> } };
  };
  const port = receivers.otlp.protocols.http.endpoint.split(':')[1];
  for (const [name, { build, environment }] of services) {
    if (build !== undefined) expect(environment?.['VARVE_TRACING_OTLP_ENDPOINT'], name).toBe(`http://otel-collector:${port}`);
  }
  expect(exporters.otlp.endpoint).toBe('jaeger:4317');
  expect(service.pipelines.traces).toMatchObject({ receivers: ['otlp'], exporters: ['otlp'] });
});

test('Grafana has two data sources among the services, and dashboards that ask the one of Varve in InfluxQL', () => {
  const { datasources } = parse(read('grafana/provisioning/datasources/varve.yaml')) as {
    readonly datasources: readonly { readonly uid: string; readonly type: string; readonly url: string }[];
  };
  expect(datasources.map(({ uid, type, url }) => [uid, type, url])).toEqual([
    ['varve', 'influxdb', 'http://coordinator1:8086'],
    ['jaeger', 'jaeger', 'http://jaeger:16686'],
  ]);
  const { providers } = parse(read('grafana/provisioning/dashboards/varve.yaml')) as {
    readonly providers: readonly { readonly options: { readonly path: string } }[];
  };
  expect(compose.services['grafana']!.volumes).toContain(`./grafana/dashboards:${providers[0]!.options.path}:ro`);
  const dashboards = globSync('grafana/dashboards/*.json', { cwd: DOCKER }).map((file) => JSON.parse(read(file)) as Dashboard);
  expect(dashboards.map(({ uid }) => uid).sort()).toEqual(['varve-hosts', 'varve-points']);
  for (const { uid, panels } of dashboards) {
    expect(new Set(panels.map(({ id }) => id)).size, uid).toBe(panels.length);
    for (const { datasource, query } of panels.flatMap(({ targets }) => targets)) {
      expect(datasource, uid).toEqual({ type: 'influxdb', uid: 'varve' });
      expect(query, uid).toMatch(/^SELECT .* FROM \w+ WHERE .*\$timeFilter GROUP BY time\(\$__interval\)/);
    }
  }
});
