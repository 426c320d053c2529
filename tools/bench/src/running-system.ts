import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sizeOfTree } from './footprint.ts';
import { freePorts, type System } from './systems.ts';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

/** A system that answers. */
export interface Running {
  readonly system: System;
  readonly pid: number;
  readonly port: number;
  /** Of all files in its directory; what it said lies there too and is no data. */
  dataSizeBytes(): number;
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
}

/** Where a system is spoken to. */
export type Endpoint = Pick<Running, 'system' | 'port'>;

/** Starts a system on a fresh directory and, whatever comes, ends it and removes the directory. */
export async function withFreshSystem<Figures>(
  system: System,
  use: (running: Running) => Promise<Figures>,
): Promise<Figures> {
  return withFreshDirectory(async (directory) => {
    const running = await launch(system, directory);
    try {
      return await use(running);
    } finally {
      await running.stop();
    }
  });
}

/** Makes a directory and, whatever comes, removes it. */
export async function withFreshDirectory<Figures>(use: (directory: string) => Promise<Figures>): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Starts a system on what the directory holds; resolves when it answers. */
export async function launch(system: System, directory: string, readyTimeoutMs = READY_TIMEOUT_MS): Promise<Running> {
  const ports = await freePorts(6);
  const { program, programArguments } = system.prepare(directory, ports);
  const logFile = join(directory, 'output.log');
  const log = openSync(logFile, 'w');
  const child = spawn(program, programArguments, { stdio: ['ignore', log, log], cwd: directory });
  closeSync(log);
  const stop = (): Promise<void> => end(child, 'SIGTERM');
  try {
    await untilReady(child, `http://127.0.0.1:${ports[0]}${system.pingPath}`, readyTimeoutMs);
  } catch (error) {
    await stop();
    throw new Error(`${system.name} did not start:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`, { cause: error });
  }
  return {
    ...{ system, pid: child.pid!, port: ports[0]!, stop },
    dataSizeBytes: () => sizeOfTree(directory) - statSync(logFile).size,
    kill: () => end(child, 'SIGKILL'),
  };
}

async function untilReady(child: ChildProcess, url: string, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  let failure: unknown;
  child.on('error', (error) => (failure = error));
  while (performance.now() < deadlineMs) {
    if (failure !== undefined || child.exitCode !== null)
      throw new Error(`it ended with ${child.exitCode}`, { cause: failure });
    const isUp = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('it does not answer');
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((settle) => child.once('exit', settle));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
