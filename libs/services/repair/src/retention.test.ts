import { applyCatalogCommand } from '@varve/catalog';
import { EMPTY_CATALOG, type Catalog, type CatalogCommand, type CommandResult } from '@varve/model';
import type { Clock, Log } from '@varve/ports';
import { expect, test } from 'vitest';
import { enforceRetention, precreateGroups, type RetentionPorts } from './retention.ts';

const HOUR_MS = 3_600_000;
const HOUR_NS = 3_600_000_000_000n;

/** A catalog to which commands are applied at once, as a leader's clock sees it, and what was logged. */
class World {
  catalog: Catalog = EMPTY_CATALOG;
  leaderMs = 0;
  repairMs = 0;
  readonly logged: string[] = [];
  #index = 0;

  constructor() {
    this.propose({ kind: 'joinNode', role: 'data', name: 'n' });
    this.propose({ kind: 'createDatabase', name: 'a', retentionPolicy: { durationNs: HOUR_NS, shardDurationNs: HOUR_NS } });
    this.propose({ kind: 'createShardGroups', database: 'a', retentionPolicy: 'autogen', timesNs: [0n] });
  }

  readonly propose = (command: CatalogCommand): CommandResult => {
    this.#index += 1;
    const { catalog, result } = applyCatalogCommand(this.catalog, command, { index: this.#index, atMs: this.leaderMs, origin: { requestId: String(this.#index) } });
    this.catalog = catalog;
    return result;
  };

  ports(): RetentionPorts {
    const clock: Clock = { wallMs: () => this.repairMs, monotonicMs: () => 0, after: () => ({ cancel: () => undefined }), turn: async () => undefined };
    const note = (message: string, facts: object = {}): void => void this.logged.push(`${message} ${JSON.stringify(facts)}`);
    const log: Log = { debug: note, info: note, warn: note, error: note };
    return { clock, log, propose: async (command) => this.propose(command) };
  }

  groupCount(): number {
    return this.catalog.databases.get('a')!.retentionPolicies.get('autogen')!.shardGroups.length;
  }
}

test('C28: two repair nodes that ask drop what is expired once, and one of them says so', async () => {
  const world = new World();
  world.leaderMs = world.repairMs = 2 * HOUR_MS;
  await Promise.all([enforceRetention(world.ports()), enforceRetention(world.ports())]);
  expect(world.groupCount()).toBe(0);
  expect(world.logged).toEqual(['Dropped expired shard groups {"groupCount":1}']);
});

test('C28: a repair node whose clock is behind keeps what the leader would drop, and the other way round', async () => {
  for (const [leaderMs, repairMs] of [[2, 1], [1, 2]] as const) {
    const world = new World();
    world.leaderMs = leaderMs * HOUR_MS;
    world.repairMs = repairMs * HOUR_MS;
    await enforceRetention(world.ports());
    expect(world.groupCount()).toBe(1);
    expect(world.logged).toEqual([]);
  }
});

test('C28: the next group is made once, by the catalog\'s clock alone', async () => {
  const world = new World();
  world.leaderMs = HOUR_MS - 1;
  await Promise.all([precreateGroups(world.ports(), 1_000), precreateGroups(world.ports(), 1_000)]);
  expect(world.groupCount()).toBe(2);
  expect(world.logged).toEqual(['Made shard groups ahead of time {"groupCount":1}']);
});
