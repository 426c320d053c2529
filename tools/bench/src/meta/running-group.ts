import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMetaGroup, type MetaGroup } from '@varve/cluster-tool';
import { CatalogClient, request } from '@varve/kit';
import { connectNats } from '@varve/nats-adapter';
import type { Bus } from '@varve/ports';
import { openLog, systemClock } from '@varve/system-adapter';
import { subjectsOf } from '@varve/wire';
import { SETTINGS_VARIABLE, type MetaNodeSettings } from './meta-node-settings.ts';

const READY_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 5;
const CLUSTER_ID = 'varve';
const TRANSFER_TIMEOUT_MS = 10_000;

export const SUBJECTS = subjectsOf(CLUSTER_ID);

/** A group of meta nodes, and a connection to ask it over. */
export interface RunningGroup extends MetaGroup {
  readonly bus: Bus;
  /** A proposer of its own, with a session of its own. */
  openClient(name: string): CatalogClient;
  /** Hands over to any other voter. */
  transfer(): Promise<void>;
  close(): Promise<void>;
}

interface GroupOptions {
  readonly flags?: readonly string[];
  readonly settings?: MetaNodeSettings;
}

/** Starts a group on a fresh directory; resolves when all of its nodes are ready and one leads. */
export async function openGroup(voterCount: number, { flags, settings = {} }: GroupOptions = {}): Promise<RunningGroup> {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-bench-meta-'));
  const group = await startMetaGroup({
    ...{ voterCount, dataDir, restartPauseMs: 0, flags },
    program: join(import.meta.dirname, '../meta-node.ts'),
    env: { [SETTINGS_VARIABLE]: JSON.stringify(settings) },
  });
  const bus = await connected(group).catch(async (error: unknown) => {
    await group.stop();
    throw error;
  });
  return {
    ...group,
    bus,
    openClient: (proposer) => new CatalogClient({ bus, clock: systemClock }, { subjects: SUBJECTS, proposer }),
    transfer: async () => {
      const leader = Number(group.leader()!.slice('meta'.length));
      const to = { subject: SUBJECTS.metaControl(leader), timeoutMs: TRANSFER_TIMEOUT_MS, answerKind: 'metaControlled' } as const;
      await request(bus, to, { kind: 'metaControl', header: { action: 'transfer', peer: 0 } });
    },
    close: async () => {
      await bus.close();
      await group.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function connected(group: MetaGroup): Promise<Bus> {
  await until(group, 'all meta nodes are ready', () => group.leader() !== undefined && group.names.every((name) => group.readyCountOf(name) > 0));
  return connectNats({ servers: [group.natsServer], name: 'bench', log: openLog({ level: 'error', format: 'console' }) });
}

/** Resolves when it is so. @throws Error with what the processes have said, after a minute */
export async function until(group: MetaGroup, what: string, isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + READY_TIMEOUT_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`${what}: not within a minute\n${group.lines.slice(-40).join('\n')}`);
    await sleep(LOOK_EVERY_MS);
  }
}
