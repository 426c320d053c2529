import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from './test-cluster.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const SAID_TIMEOUT_MS = 30_000;

/** One service of a cluster as a process of its own. */
export interface TestProcess {
  /** All it has said. */
  readonly said: () => string;
  /** Resolves with the whole text once it contains this. */
  untilSaid(text: string): Promise<string>;
  /** Where it answers HTTP, once it is ready. */
  url(): Promise<string>;
  /** Resolves with its exit code when it has ended. */
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
  /** As kill -9; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts an app on a free port and a data directory of its own, unless `flags` say otherwise; it is gone when the test ends. */
export function startService(app: 'coordinator' | 'meta-raft' | 'data-shard' | 'repair', flags: readonly string[]): TestProcess {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-process-'));
  const standard = ['--http-bind-address', '127.0.0.1:0', '--data-dir', dataDir, '--logging-format', 'console'];
  const child = spawn(process.execPath, [join(ROOT, `apps/${app}/src/main.ts`), ...standard, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((settle) => child.once('exit', settle));
  const untilSaid = async (wanted: string): Promise<string> => {
    await eventually(SAID_TIMEOUT_MS, `${app} says "${wanted}"`, () => text.includes(wanted) || child.exitCode !== null);
    if (!text.includes(wanted)) throw new Error(`${app} has ended without "${wanted}":\n${text}`);
    return text;
  };
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(async () => {
    await kill();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { said: () => text, untilSaid, ended, stop, kill, url: async () => `http://${/Ready: .* http=(\S+)/.exec(await untilSaid('Ready: '))![1]!}` };
}
