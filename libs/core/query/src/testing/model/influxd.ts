import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer } from '../memory-engine.ts';

/** A fresh InfluxDB of its own, on loopback. */
export interface Influxd {
  /** Begins anew with these lines. */
  load(lines: readonly string[]): Promise<void>;
  ask(statement: string): Promise<Answer>;
  stop(): Promise<void>;
}

/** Whether `influxd` 1.x can be started here. */
export function hasInfluxd(): boolean {
  return /v?1\.\d+/.test(spawnSync('influxd', ['version'], { encoding: 'utf8' }).stdout ?? '');
}

/** Starts InfluxDB in a directory that goes with it. */
export async function startInfluxd(): Promise<Influxd> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-influxd-'));
  const [httpPort, rpcPort] = [await freePort(), await freePort()];
  const configPath = join(directory, 'influxdb.conf');
  writeFileSync(configPath, configOf(directory, httpPort, rpcPort));
  const child = spawn('influxd', ['-config', configPath], { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${httpPort}`;
  for (let attempt = 0; !(await answersPing(url)); attempt += 1) {
    if (attempt === 200) throw new Error('influxd does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    load: async (lines) => {
      await query(url, 'DROP DATABASE rec; CREATE DATABASE rec');
      const { status } = await fetch(`${url}/write?db=rec`, { method: 'POST', body: lines.join('\n') });
      if (status !== 204) throw new Error(`influxd refused the points: ${status}`);
    },
    ask: async (statement) => query(url, statement),
    stop: async () => {
      child.kill();
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function configOf(directory: string, httpPort: number, rpcPort: number): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
dir = "${directory}/meta"
[data]
dir = "${directory}/data"
wal-dir = "${directory}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[logging]
level = "error"
[http]
bind-address = "127.0.0.1:${httpPort}"
log-enabled = false
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function answersPing(url: string): Promise<boolean> {
  return fetch(`${url}/ping`).then(({ status }) => status === 204, () => false);
}

async function query(url: string, statement: string): Promise<Answer> {
  const response = await fetch(`${url}/query?db=rec&epoch=ns`, { method: 'POST', body: new URLSearchParams({ q: statement }) });
  const body = JSON.parse(await response.text(), exactIntegers as (key: string, value: unknown) => unknown) as { readonly error?: string; readonly results?: readonly Answer[] };
  if (body.error !== undefined) return { error: body.error };
  const { series, error } = body.results![0]!;
  return error === undefined ? { ...(series === undefined ? {} : { series }) } : { error };
}

function exactIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && /^-?\d{16,}$/.test(source) ? BigInt(source) : value;
}
