import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

// The real program as tests see it: a process of its own, on a free port, on a data directory that goes with the test.

const MAIN = resolve(import.meta.dirname, '../main.ts');
/** Where the bootstrap has it too. */
const COMPILE_CACHE = resolve(import.meta.dirname, '../../../../.cache/compiled');
const READY_TIMEOUT_MS = 20_000;

/** How a process ended and all it said. */
export interface Ended {
  /** Undefined: a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Varve under test. After `stop` or `kill` it can be started again on the same data. */
export interface TestServer {
  /** Of the present process: a restart takes another port. */
  readonly url: string;
  readonly dataDir: string;
  /** Of the present process. */
  readonly pid: number;
  start(): Promise<void>;
  /** Asks the process to end and waits until it has. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<Ended>;
  /** `kill -9`. */
  kill(): Promise<Ended>;
  /** Waits until the process ends by itself. */
  ended(): Promise<Ended>;
}

/** A directory that is removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'varve-it-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Runs the program until it ends by itself, as with options it must refuse. */
export function runProgram(flags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return spawnProgram(flags, env).ended;
}

/** Starts the program and waits until it answers; the process and its directory are gone when the test ends. */
export async function startServer(
  options: { readonly flags?: readonly string[]; readonly dataDir?: string; readonly main?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<TestServer> {
  const dataDir = options.dataDir ?? join(temporaryDirectory(), 'data');
  const flags = [
    '--http-bind-address',
    '127.0.0.1:0',
    '--data-dir',
    dataDir,
    '--logging-level',
    'warn',
    ...(options.flags ?? []),
  ];
  let program: Program | undefined;
  let url = '';
  const end = async (signal?: NodeJS.Signals): Promise<Ended> => {
    if (program === undefined) throw new Error('the server is not running');
    const { child, ended } = program;
    program = undefined;
    if (signal !== undefined) child.kill(signal);
    return ended;
  };
  onTestFinished(async () => {
    if (program !== undefined) await end('SIGKILL');
  });

  const server: TestServer = {
    dataDir,
    get url() {
      return url;
    },
    get pid() {
      return program?.child.pid ?? -1;
    },
    async start() {
      program = spawnProgram(flags, options.env ?? {}, options.main);
      url = await readyUrl(program);
    },
    stop: (signal = 'SIGTERM') => end(signal),
    kill: () => end('SIGKILL'),
    ended: () => end(),
  };
  await server.start();
  return server;
}

interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said so far. */
  readonly said: () => { readonly stdout: string; readonly stderr: string };
}

function spawnProgram(flags: readonly string[], env: NodeJS.ProcessEnv, main = MAIN): Program {
  const child = spawn(process.execPath, [main, ...flags], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((settle, fail) => {
    child.on('error', fail);
    child.on('close', (exitCode) => settle({ exitCode: exitCode ?? undefined, stdout, stderr }));
  });
  return { child, ended, said: () => ({ stdout, stderr }) };
}

/** The banner names the address; a ping says that it is served. */
async function readyUrl({ child, ended, said }: Program): Promise<string> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const url = /address\s+(http:\S+)/.exec(said().stdout)?.[1];
    if (url !== undefined && (await fetch(`${url}/ping`)).status === 204) return url;
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadlineMs) {
      child.kill('SIGKILL');
      const { stdout, stderr } = await ended;
      throw new Error(`the server did not start:\n${stdout}${stderr}`);
    }
    await new Promise((settle) => setTimeout(settle, 10));
  }
}
