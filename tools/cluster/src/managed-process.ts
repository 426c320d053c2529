import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { PlannedProcess } from './plan.ts';

/** A supervisor would do the same: time for a port to be free again, and no busy loop of starts that fail. */
export const RESTART_PAUSE_MS = 2_000;
/** A process that does not end by itself is killed then. */
const STOP_TIMEOUT_MS = 10_000;

export interface ProcessListener {
  /** One line of what it says. */
  readonly onLine: (name: string, line: string) => void;
  readonly onStart: (name: string, pid: number) => void;
  readonly onEnd: (name: string, how: string) => void;
}

/** One process of the cluster, started again when it dies. */
export class ManagedProcess {
  readonly plan: PlannedProcess;
  readonly #listener: ProcessListener;
  readonly #restartPauseMs: number | undefined;
  #child: ChildProcess | undefined;
  #restarting: NodeJS.Timeout | undefined;
  #isStopping = false;

  /** `restartPauseMs` undefined: it is not started again. */
  constructor(plan: PlannedProcess, listener: ProcessListener, restartPauseMs: number | undefined) {
    this.plan = plan;
    this.#listener = listener;
    this.#restartPauseMs = restartPauseMs;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#isStopping = false;
    const { name, command, arguments: parameters, env } = this.plan;
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => this.#listener.onLine(name, line));
    child.once('spawn', () => this.#listener.onStart(name, child.pid!));
    child.once('error', (error) => this.#onEnd(error.message));
    child.once('exit', (code, signal) => this.#onEnd(signal ?? `code ${code}`));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restarting);
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #onEnd(how: string): void {
    this.#child = undefined;
    if (this.#isStopping) return;
    this.#listener.onEnd(this.plan.name, how);
    if (this.#restartPauseMs !== undefined) this.#restarting = setTimeout(() => this.start(), this.#restartPauseMs);
  }
}
