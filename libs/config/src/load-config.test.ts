import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configPathOf, loadClusterConfig, loadConfig } from './load-config.ts';
import type { ClusterProgram } from './programs.ts';
import { environmentNameOf, flagOf, OPTIONS, type AnyOption, type VarveConfig } from './options.ts';

interface Sources {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly tomlText?: string;
}
const load = ({ argv = [], env = {}, tomlText }: Sources): ReturnType<typeof loadConfig> => loadConfig({ argv, env, tomlText });

function configOf(sources: Sources): VarveConfig {
  const loaded = load(sources);
  if (loaded.kind !== 'config') throw new Error(JSON.stringify(loaded));
  return loaded.config;
}

const messageOf = (sources: Sources): string | undefined => {
  const loaded = load(sources);
  return loaded.kind === 'error' ? loaded.message : undefined;
};

const rows = Object.entries(OPTIONS) as [keyof VarveConfig, AnyOption][];

test('F1: a flag wins over the environment, the environment over the file, the file over the default', () => {
  const flag = { argv: ['--coordinator-write-timeout', '1s'] };
  const env = { env: { VARVE_COORDINATOR_WRITE_TIMEOUT: '2s' } };
  const toml = { tomlText: '[coordinator]\nwrite-timeout = "3s"' };

  expect(configOf({ ...flag, ...env, ...toml }).writeTimeoutMs).toBe(1_000);
  expect(configOf({ ...env, ...toml }).writeTimeoutMs).toBe(2_000);
  expect(configOf(toml).writeTimeoutMs).toBe(3_000);
  expect(configOf({}).writeTimeoutMs).toBe(10_000);
});

test('F2: every option can be given as flag, variable and key, and its default reads back as itself', () => {
  for (const [name, option] of rows) {
    const text = option.kind.format(option.default);
    const expected = { [name]: option.default };
    expect(configOf({ argv: [flagOf(option), text] }), name).toMatchObject(expected);
    expect(configOf({ argv: [`${flagOf(option)}=${text}`] }), name).toMatchObject(expected);
    expect(configOf({ env: { [environmentNameOf(option)]: text } }), name).toMatchObject(expected);
    expect(configOf({ tomlText: `[${option.section}]\n${option.key} = "${text}"` }), name).toMatchObject(expected);
  }
});

test('F2: no two options share a flag or a variable', () => {
  expect(new Set(rows.map(([, option]) => flagOf(option))).size).toBe(rows.length);
  expect(new Set(rows.map(([, option]) => environmentNameOf(option))).size).toBe(rows.length);
});

test('F3: what is unknown is refused with the nearest name', () => {
  const check = (sources: Sources, expected: string): void => expect(messageOf(sources)).toBe(expected);

  check({ argv: ['--http-bind-adress', 'x'] }, 'unknown option --http-bind-adress; the nearest is --http-bind-address');
  check({ argv: ['--confg=x'] }, 'unknown option --confg; the nearest is --config');
  check({ env: { VARVE_DATADIR: 'x' } }, 'unknown environment variable VARVE_DATADIR; the nearest is VARVE_DATA_DIR');
  check({ tomlText: '[htpp]\n' }, 'unknown TOML section [htpp]; the nearest is [http]');
  check({ tomlText: '[http]\nbind-adress = ":1"' }, 'unknown TOML key bind-adress in [http]; the nearest is bind-address in [http]');
  check({ tomlText: '["__proto__"]\na = 1' }, 'unknown TOML section [__proto__]; the nearest is [http]');
  check({ argv: ['data-dir', 'x'] }, '"data-dir" is not an option: options begin with --');
  check({ argv: ['--data-dir'] }, '--data-dir needs a value');
});

test('F3: variables of other programs are nobody’s concern', () => {
  expect(load({ env: { HOME: '/root', VARVEX: '1', VARVE_CONFIG: 'varve.toml' } }).kind).toBe('config');
});

test('F4: a value that is no such value, or outside its range, is refused with its source', () => {
  const check = (sources: Sources, expected: string): void => expect(messageOf(sources)).toBe(expected);

  check({ argv: ['--http-max-body-size', '25 apples'] }, '--http-max-body-size: "25 apples" is not a size such as 25MB, 24MiB or 25000000');
  check({ env: { VARVE_COORDINATOR_QUERY_TIMEOUT: '5' } }, 'VARVE_COORDINATOR_QUERY_TIMEOUT: "5" is not a duration such as 500ms, 10s or 1h30m');
  check({ tomlText: '[logging]\nlevel = "loud"' }, 'level in [logging]: "loud" is not one of debug, info, warn, error');
  check({ tomlText: '[http]\nmax-row-limit = -1' }, 'max-row-limit in [http]: "-1" is not a whole number');
  check({ argv: ['--http-bind-address', '8086'] }, '--http-bind-address: "8086" is not an address such as 127.0.0.1:8086');
  check({ argv: ['--http-max-body-size', '100'] }, '--http-max-body-size: 100 is below 1KiB');
  check({ argv: ['--coordinator-write-timeout', '30d'] }, '--coordinator-write-timeout: 30d is above 24d');
  check({ argv: ['--data-dir', ''] }, '--data-dir: "" is not a path');
});

test('F4: a TOML file that is not one is refused with line and column', () => {
  expect(messageOf({ tomlText: '[http]\nbind-address = \n' })).toMatch(/^the TOML file is not valid at line 2, column \d+: \S/);
  expect(messageOf({ tomlText: 'http = 1' })).toBe('http in the TOML file is a section, written [http]');
  expect(messageOf({ tomlText: '[[http]]\nbind-address = ":1"' })).toBe('http in the TOML file is a section, written [http]');
  expect(messageOf({ tomlText: '[http]\nbind-address = [1]' })).toBe('bind-address in [http] is neither a text nor a number');
});

test('sizes and durations are read in every unit', () => {
  const size = (text: string): number => configOf({ argv: ['--data-chunk-cache-size', text] }).chunkCacheSizeBytesMax;
  expect(['0', '12b', '1kB', '1KiB', '1k', '3MB', '3m', '3MiB', '2GB', '2g'].map(size)).toEqual([
    0, 12, 1_000, 1_024, 1_024, 3_000_000, 3_145_728, 3_145_728, 2_000_000_000, 2_147_483_648,
  ]);
  const duration = (text: string): number => configOf({ argv: ['--coordinator-query-timeout', text] }).queryTimeoutMs;
  expect(['0', '0s', '250ms', '10s', '1h30m', '30m0s', '1d1ms'].map(duration)).toEqual([0, 0, 250, 10_000, 5_400_000, 1_800_000, 86_400_001]);
});

test('addresses are read with names, IPv4, IPv6 and without a host', () => {
  const address = (text: string): unknown => configOf({ argv: ['--http-bind-address', text] }).httpBindAddress;
  expect(address('localhost:0')).toEqual({ host: 'localhost', port: 0 });
  expect(address('[::1]:8086')).toEqual({ host: '::1', port: 8086 });
  expect(address(':8086')).toEqual({ host: '', port: 8086 });
  expect(load({ argv: ['--http-bind-address', '::1:8086'] }).kind).toBe('error');
  expect(load({ argv: ['--http-bind-address', 'localhost:65536'] }).kind).toBe('error');
});

test('an endpoint is an http or https URL, or off', () => {
  const endpoint = (text: string): unknown => configOf({ argv: ['--tracing-otlp-endpoint', text] }).otlpEndpoint;
  for (const url of ['http://127.0.0.1:4318', 'https://collector.example/otlp/', 'http://[::1]:4318']) expect(endpoint(url)).toBe(url);
  for (const nowhere of ['', 'off']) expect(endpoint(nowhere)).toBe('');
  for (const text of ['127.0.0.1:4318', 'grpc://collector:4317', 'http://', 'http://a b', 'http://c?token=1', 'http://user:password@c', 'off ']) {
    expect(messageOf({ argv: ['--tracing-otlp-endpoint', text] }), text).toMatch(/ is not an http or https URL such as http:\/\/127.0.0.1:4318, or off$/);
  }
});

test('a ratio is a decimal number from 0 to 1', () => {
  const ratio = (text: string): unknown => configOf({ argv: ['--tracing-sample-ratio', text] }).traceSampleRatio;
  expect(['0', '1', '1.0', '0.05', '0.000001'].map(ratio)).toEqual([0, 1, 1, 0.05, 0.000001]);
  expect(configOf({ tomlText: '[tracing]\nsample-ratio = 0.1' }).traceSampleRatio).toBe(0.1);
  expect(messageOf({ argv: ['--tracing-sample-ratio', '1.5'] })).toBe('--tracing-sample-ratio: 1.5 is above 1');
  for (const text of ['10%', '.5', '-1', '1e-3', 'half', '']) {
    expect(messageOf({ argv: ['--tracing-sample-ratio', text] }), text).toMatch(/ is not a ratio such as 0.25$/);
  }
});

test('numbers in TOML may stand bare', () => {
  expect(configOf({ tomlText: '[http]\nmax-body-size = 30_000_000\nmax-row-limit = 10' })).toMatchObject({ bodySizeBytesMax: 30_000_000, rowCountMax: 10 });
});

test('any number in a range reads back as it was written', () => {
  for (const [name, { kind, section, key }] of rows) {
    if (name !== 'chunkCacheSizeBytesMax' && name !== 'queryTimeoutMs' && name !== 'rowCountMax') continue;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 * 86_400_000 }), (value) => {
        expect(configOf({ argv: [`--${section}-${key}`, kind.format(value)] })[name]).toBe(value);
      }),
    );
  }
});

test('--config and VARVE_CONFIG name the file; the flag wins', () => {
  const env = { VARVE_CONFIG: 'from-env.toml' };
  expect(configPathOf({ argv: [], env: {} })).toBeUndefined();
  expect(configPathOf({ argv: [], env })).toBe('from-env.toml');
  expect(configPathOf({ argv: ['--config', 'a.toml'], env })).toBe('a.toml');
  expect(configPathOf({ argv: ['--data-dir', 'x', '--config=b.toml'], env })).toBe('b.toml');
  expect(load({ argv: ['--config', 'a.toml', '--data-dir', 'x'] }).kind).toBe('config');
});

test('--help lists every option with its variable and default; --version asks for the version', () => {
  const help = load({ argv: ['--nonsense', '--help'] });
  const text = help.kind === 'help' ? help.text : '';
  for (const [, option] of rows) {
    expect(text).toContain(`${flagOf(option)} `);
    expect(text).toContain(`default ${option.kind.format(option.default)}`);
    expect(text).toContain(environmentNameOf(option));
  }
  expect(load({ argv: ['--version'] })).toEqual({ kind: 'version' });
});

test('a program of a cluster takes the cluster’s options as well, with defaults of its own', () => {
  const load = (program: ClusterProgram, ...argv: readonly string[]): ReturnType<typeof loadClusterConfig> => loadClusterConfig({ argv, env: {}, tomlText: undefined }, program);
  expect(load('meta-raft', '--meta-peer-id', '2', '--meta-voters', '3,1,2', '--nats-servers', 'a:4222, b:4222')).toMatchObject({
    config: { metaPeerId: 2, metaVoters: [1, 2, 3], natsServers: ['a:4222', 'b:4222'], clusterId: 'varve', dataDir: './varve-data/meta-raft', httpBindAddress: { port: 8_091 } },
  });
  expect(load('repair')).toMatchObject({ config: { nodeName: 'repair-1', natsServers: ['127.0.0.1:4222'], hintSizeBytesMax: 2 ** 30 } });
  expect(load('data-shard', '--help')).toMatchObject({ kind: 'help', text: expect.stringContaining('--cluster-id NAME') as unknown });
  const refused: readonly (readonly [flag: string, value: string, reason: string])[] = [
    ['--cluster-id', 'a.b', 'a name of letters, digits, _ and - (at most 64)'],
    ['--node-name', '', 'a name of 1 to 100 printable characters'],
    ['--meta-voters', '1,1', 'different whole numbers from 1 on, such as 1,2,3'],
    ['--meta-voters', '0', 'different whole numbers from 1 on, such as 1,2,3'],
    ['--nats-servers', 'nats', 'one or several addresses such as 127.0.0.1:4222,127.0.0.1:4223'],
  ];
  for (const [flag, value, reason] of refused) {
    expect(load('coordinator', flag, value)).toEqual({ kind: 'error', message: `${flag}: "${value}" is not ${reason}` });
  }
  expect(configOf({}).dataDir).toBe('./varve-data');
  expect(messageOf({ argv: ['--nats-servers', 'a:1'] })).toMatch(/^unknown option --nats-servers/);
});

test('F4: an election timeout holds three heartbeats at least', () => {
  const timers = (...argv: readonly string[]): ReturnType<typeof loadClusterConfig> => loadClusterConfig({ argv, env: {}, tomlText: undefined }, 'meta-raft');
  expect(timers()).toMatchObject({ config: { raftHeartbeatIntervalMs: 100, raftElectionTimeoutMs: 500 } });
  expect(timers('--meta-heartbeat-interval', '50ms', '--meta-election-timeout', '300ms')).toMatchObject({ config: { raftHeartbeatIntervalMs: 50, raftElectionTimeoutMs: 300 } });
  expect(timers('--meta-heartbeat-interval', '100ms', '--meta-election-timeout', '300ms').kind).toBe('config');
  const refused: readonly (readonly [argv: readonly string[], message: string])[] = [
    [['--meta-election-timeout', '299ms'], 'election-timeout in [meta]: 299ms is less than three times heartbeat-interval, which is 100ms'],
    [['--meta-heartbeat-interval', '1s'], 'election-timeout in [meta]: 500ms is less than three times heartbeat-interval, which is 1s'],
    [['--meta-heartbeat-interval', '9ms'], '--meta-heartbeat-interval: 9ms is below 10ms'],
    [['--meta-heartbeat-interval', '100'], '--meta-heartbeat-interval: "100" is not a duration such as 500ms, 10s or 1h30m'],
    [['--meta-election-timeout', '2m'], '--meta-election-timeout: 2m is above 1m'],
  ];
  for (const [argv, message] of refused) expect(timers(...argv)).toEqual({ kind: 'error', message });
});
