import { setTimeout as sleep } from 'node:timers/promises';
import { CatalogFollower, type FollowerPorts } from '@varve/kit';
import { FEATURE_LEVEL } from '@varve/model';
import { SILENT_METRICS, type Bus } from '@varve/ports';
import { openLog, systemClock } from '@varve/system-adapter';
import { memoryOfTree, type Memory } from '../footprint.ts';
import { startProgress } from '../progress.ts';
import { SNAPSHOT_SIGNAL } from './meta-node-settings.ts';
import { quantilesOf, type Quantiles } from '../quantiles.ts';
import { openGroup, SUBJECTS, until, type RunningGroup } from './running-group.ts';

const VOTER_COUNT = 3;
const DATABASE_COUNT = 1_000;
const GROUPS_PER_DATABASE = 100;
const CLIENT_COUNT = 8;
const FOLLOWER_COUNT = 10;
const CHANGE_COUNT = 50;
const REST_MS = 15_000;
const WEEK_NS = 7n * 24n * 3_600n * 1_000_000_000n;

/** A group with a large catalog. */
export interface BigCatalogFigures {
  readonly databaseCount: number;
  readonly groupCount: number;
  /** Making it, from the first proposal to the last answer. */
  readonly buildMs: number;
  readonly snapshotMs: number;
  /** The longest that the node did nothing else while it took the snapshot. */
  readonly stallMs: number;
  /** What a follower of the catalog gets that knows nothing. */
  readonly wholeBytes: number;
  /** Of one change, to one follower. */
  readonly bytesPerChange: number;
  /** From the proposal's answer to when the last of all followers has it. */
  readonly spreadMs: Quantiles;
  readonly followerCount: number;
  /** By node, right after the last of it was made. */
  readonly memoryBuilt: ReadonlyMap<string, Memory>;
  /** By node, when all that was measured is over and nothing was asked for in a while. */
  readonly memoryAtRest: ReadonlyMap<string, Memory>;
}

export async function measureBigCatalog(): Promise<BigCatalogFigures> {
  const group = await openGroup(VOTER_COUNT);
  try {
    const buildMs = await build(group);
    const memoryBuilt = memoryOf(group);
    const { snapshotMs, stallMs } = await snapshotOf(group, group.leader()!);
    const spread = await measureSpread(group);
    await sleep(REST_MS);
    const memoryAtRest = memoryOf(group);
    return { databaseCount: DATABASE_COUNT, groupCount: DATABASE_COUNT * GROUPS_PER_DATABASE, buildMs, snapshotMs, stallMs, ...spread, followerCount: FOLLOWER_COUNT, memoryBuilt, memoryAtRest };
  } finally {
    await group.close();
  }
}

function memoryOf(group: RunningGroup): ReadonlyMap<string, Memory> {
  return new Map(group.names.flatMap((name) => {
    const each = memoryOfTree(group.pidOf(name));
    return each === undefined ? [] : [[name === group.leader() ? `${name} (leads)` : name, each] as const];
  }));
}

async function build(group: RunningGroup): Promise<number> {
  const clients = Array.from({ length: CLIENT_COUNT }, (_, number) => group.openClient(`builder ${number}`));
  for (let number = 0; number < 3; number += 1) await clients[0]!.propose({ kind: 'joinNode', role: 'data', name: `data${number}`, featureLevel: FEATURE_LEVEL });
  const timesNs = Array.from({ length: GROUPS_PER_DATABASE }, (_, week) => BigInt(week) * WEEK_NS);
  const progress = startProgress({ label: 'a large catalog', total: DATABASE_COUNT, unit: 'databases' });
  const startedMs = performance.now();
  let [next, done] = [0, 0];
  await Promise.all(
    clients.map(async (client) => {
      while (next < DATABASE_COUNT) {
        const database = `database_${(next += 1)}`;
        await client.propose({ kind: 'createDatabase', name: database, retentionPolicy: { replicaCount: 3 } });
        const { result } = await client.propose({ kind: 'createShardGroups', database, retentionPolicy: 'autogen', timesNs });
        if (result.kind === 'rejected') throw new Error(result.message);
        progress.at((done += 1));
      }
    }),
  );
  progress.end();
  return performance.now() - startedMs;
}

async function snapshotOf(group: RunningGroup, name: string): Promise<{ readonly snapshotMs: number; readonly stallMs: number }> {
  const isSaid = (line: string): boolean => line.startsWith(`${name} | Snapshot took `);
  // Of a state that no snapshot was taken of yet.
  await group.openClient('snapshot').propose({ kind: 'createDatabase', name: 'one_more' });
  process.kill(group.pidOf(name), SNAPSHOT_SIGNAL);
  await until(group, 'the snapshot is taken', () => group.lines.some(isSaid));
  const [snapshotMs, stallMs] = group.lines.find(isSaid)!.split(' ').slice(-2).map(Number);
  return { snapshotMs: snapshotMs!, stallMs: stallMs! };
}

async function measureSpread(group: RunningGroup): Promise<Pick<BigCatalogFigures, 'wholeBytes' | 'bytesPerChange' | 'spreadMs'>> {
  const meters = Array.from({ length: FOLLOWER_COUNT }, () => new Meter(group.bus));
  const followers = meters.map(({ bus }) => {
    const ports: FollowerPorts = { bus, clock: systemClock, log: openLog({ level: 'error', format: 'console' }), metrics: SILENT_METRICS };
    return new CatalogFollower(ports, { subjects: SUBJECTS });
  });
  for (const follower of followers) await follower.start();
  const wholeBytes = meters[0]!.sizeBytes;
  const total = (): number => meters.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const before = total();
  const client = group.openClient('changes');
  const spread: number[] = [];
  const progress = startProgress({ label: `changes to ${FOLLOWER_COUNT} followers`, total: CHANGE_COUNT, unit: 'changes' });
  for (let change = 1; change <= CHANGE_COUNT; change += 1) {
    const { version } = await client.propose({ kind: 'setSetting', key: 'default-replica-count', value: String(change) });
    const answeredMs = performance.now();
    await Promise.all(followers.map((follower) => follower.waitFor(version, 60_000)));
    spread.push(performance.now() - answeredMs);
    progress.at(change);
  }
  progress.end();
  for (const follower of followers) await follower.stop();
  return { wholeBytes, bytesPerChange: (total() - before) / CHANGE_COUNT / FOLLOWER_COUNT, spreadMs: quantilesOf(spread) };
}

/** A bus that counts what is delivered to its user. */
class Meter {
  sizeBytes = 0;
  readonly bus: Bus;

  constructor(bus: Bus) {
    this.bus = {
      get status() {
        return bus.status;
      },
      onStatus: (onChange) => bus.onStatus(onChange),
      publish: (subject, payload, replyTo) => bus.publish(subject, payload, replyTo),
      subscribe: (subject, onMessage, queue) =>
        bus.subscribe(subject, (message) => {
          this.sizeBytes += message.payload.length;
          onMessage(message);
        }, queue),
      subscribed: () => bus.subscribed(),
      request: async (subject, payload, timeoutMs) => {
        const answer = await bus.request(subject, payload, timeoutMs);
        this.sizeBytes += answer.length;
        return answer;
      },
      newInbox: () => bus.newInbox(),
      close: () => bus.close(),
    };
  }
}
