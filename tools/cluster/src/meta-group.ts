import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startNatsServer } from '@varve/nats-adapter/server';
import { ManagedProcess } from './managed-process.ts';
import { planMetaGroup } from './plan.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface MetaGroupOptions {
  readonly voterCount: number;
  readonly dataDir: string;
  /** For each meta node, beside those that make it one of the group. */
  readonly flags?: readonly string[] | undefined;
  /** How long a process that died stays away. */
  readonly restartPauseMs: number;
  /** Another program than the meta node's own, with the same options. */
  readonly program?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Meta nodes as processes of this machine, over a nats-server of their own. */
export interface MetaGroup {
  /** `host:port`. */
  readonly natsServer: string;
  readonly natsPid: number;
  /** Their names, `meta1` first. */
  readonly names: readonly string[];
  /** `name | line`: all that they have said. */
  readonly lines: readonly string[];
  /** Where each has its data. */
  directoryOf(name: string): string;
  pidOf(name: string): number;
  /** Who said last that it leads, if it still runs and has not given up since. */
  leader(): string | undefined;
  /** How often this one has said that it is ready. */
  readyCountOf(name: string): number;
  /** As kill -9; resolves when the process is gone. It comes back by itself. */
  kill(name: string): Promise<void>;
  /** Ends it, for good, and lets it finish. */
  stopOne(name: string): Promise<void>;
  startOne(name: string): void;
  /** Ends all of them and NATS. */
  stop(): Promise<void>;
}

/** Starts NATS and the meta nodes; resolves at once, whether they are ready or not. */
export async function startMetaGroup({ voterCount, dataDir, flags = [], restartPauseMs, program, env = {} }: MetaGroupOptions): Promise<MetaGroup> {
  mkdirSync(dataDir, { recursive: true });
  const nats = await startNatsServer();
  const log = new GroupLog();
  const plan = planMetaGroup({ voterCount, dataDir, natsServer: nats.address, flags, program }, { node: process.execPath, root: ROOT });
  const processes = new Map(plan.map((each) => [each.name, new ManagedProcess({ ...each, env }, log, restartPauseMs)]));
  for (const each of processes.values()) each.start();
  const managed = (name: string): ManagedProcess => processes.get(name)!;
  return {
    natsServer: nats.address,
    natsPid: nats.pid!,
    names: [...processes.keys()],
    lines: log.lines,
    directoryOf: (name) => join(dataDir, name),
    pidOf: (name) => managed(name).pid!,
    leader: () => log.leader,
    readyCountOf: (name) => log.readyCountOf(name),
    kill: async (name) => {
      const ended = log.untilEnded(name);
      process.kill(managed(name).pid!, 'SIGKILL');
      await ended;
    },
    stopOne: (name) => managed(name).stop(),
    startOne: (name) => managed(name).start(),
    stop: async () => {
      await Promise.all([...processes.values()].map((each) => each.stop()));
      await nats.stop();
    },
  };
}

/** What the meta nodes say, and what it means. */
class GroupLog {
  readonly lines: string[] = [];
  leader: string | undefined;
  readonly #readyCounts = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();

  readonly onStart = (): void => undefined;

  readonly onLine = (name: string, line: string): void => {
    this.lines.push(`${name} | ${line}`);
    if (line.includes('Leading the meta group no more')) this.#giveUp(name);
    else if (line.includes('Leading the meta group')) this.leader = name;
    if (line.startsWith('Ready: ')) this.#readyCounts.set(name, this.readyCountOf(name) + 1);
  };

  readonly onEnd = (name: string, how: string): void => {
    this.lines.push(`${name} | ended: ${how}`);
    this.#giveUp(name);
    this.#waiting.get(name)?.();
    this.#waiting.delete(name);
  };

  readyCountOf(name: string): number {
    return this.#readyCounts.get(name) ?? 0;
  }

  untilEnded(name: string): Promise<void> {
    return new Promise((settle) => this.#waiting.set(name, settle));
  }

  #giveUp(name: string): void {
    if (this.leader === name) this.leader = undefined;
  }
}
