import { expect } from 'vitest';
import type { Catalog, FieldType, RetentionPolicy } from '@varve/model';
import type { AuditRow, CatalogSnapshot, CatalogStore } from '../catalog-store.ts';
import { EMPTY_MEMBERSHIP } from '../raft-log-store.ts';
import { contractTest, forgetOutcome, type Drive, type Opened } from './contract-test.ts';

/** Opens a catalog store on nothing, with a bound for its audit. */
export type OpenCatalogStore = (options: { readonly auditRowCountMax: number }) => Promise<Opened<CatalogStore>>;

const audit = (logIndex: number): AuditRow => ({
  logIndex,
  atMs: 1_700_000_000_000 + logIndex,
  proposer: 'coordinator-1',
  kind: 'createDatabase',
  command: `{"kind":"createDatabase","name":"db \\"${logIndex}\\""}`,
});
const snapshot = (appliedIndex: number): CatalogSnapshot => ({
  appliedIndex,
  appliedTerm: 3,
  membership: { voters: [1, 2, 3], outgoing: [2, 3, 4], learners: [7], greatestId: 7 },
  catalog: catalog(appliedIndex),
});

/** A catalog with something in every place, odd names and the ends of int64 among it. */
function catalog(version: number): Catalog {
  const policy: RetentionPolicy = {
    id: 3,
    name: 'autogen',
    durationNs: 0n,
    shardDurationNs: 604_800_000_000_000n,
    replicaCount: 1,
    writeLevel: 'quorum',
    readLevel: 'one',
    shardGroups: [
      {
        id: 4,
        range: { startNs: -9_223_372_036_854_775_806n, endNs: 9_223_372_036_854_775_807n },
        replicaCount: 2,
        shards: [{ id: 5, owners: [1, 2], epoch: 6 }],
      },
    ],
    measurements: new Map([
      [
        'cpu',
        new Map<string, FieldType>([
          ['usage', 'float'],
          ['__proto__', 'string'],
        ]),
      ],
      [
        '',
        new Map<string, FieldType>([
          ['ok', 'boolean'],
          ['n', 'integer'],
        ]),
      ],
    ]),
  };
  return {
    version,
    nodes: new Map([[1, { id: 1, role: 'data', name: 'node \u00fc' }]]),
    databases: new Map([
      [
        '__proto__',
        {
          id: 2,
          name: '__proto__',
          defaultRetentionPolicy: 'autogen',
          retentionPolicies: new Map([['autogen', policy]]),
        },
      ],
    ]),
    incarnations: new Map([[7, { id: 7, holder: 'coordinator-1', ceilingMs: 1_700_000_000_123, isOpen: true }]]),
    nextId: 9,
    ceilingMs: 1_700_000_000_123,
    users: new Map([['u', { name: 'u', passwordHash: 'h', isAdmin: true, privileges: new Map([['__proto__', 'read']]) }]]),
    roles: new Map([['r', { name: 'r', members: ['u'], privileges: new Map([['__proto__', 'all']]) }]]),
    leases: new Map([['l', { id: 8, name: 'l', holder: 'h', untilMs: 1_700_000_000_500 }]]),
    settings: new Map([['zone-label', 'rack']]),
    featureLevel: 2,
    featureReports: new Map([['meta/1', 2]]),
    clockMs: 1_700_000_000_400,
    sessions: [
      {
        id: 9,
        proposer: 'coordinator-1',
        lastUsedMs: 1_700_000_000_400,
        ackedSeq: 3,
        answers: [
          { seq: 4, result: { kind: 'applied', id: 7, floorMs: 5, ceilingMs: 6 } },
          { seq: 6, result: { kind: 'rejected', reason: 'databaseNotFound', message: 'database not found: "x"' } },
        ],
      },
    ],
    earlierRequests: new Map([['a', { kind: 'applied' }]]),
  };
}

/** What every {@link CatalogStore} must keep, real or simulated. */
export function catalogStoreContract(name: string, open: OpenCatalogStore, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a new store has neither snapshot nor audit', async () => {
    const { port: store } = await open({ auditRowCountMax: 10 });
    expect(await store.load()).toBeUndefined();
    expect(await store.readAudit(10)).toEqual([]);
  });

  check('a catalog comes back as it was, also after a crash', async () => {
    const { port: store, crash } = await open({ auditRowCountMax: 10 });
    await store.save(snapshot(12), [audit(11), audit(12)]);
    expect(await store.load()).toEqual(snapshot(12));
    const { port: again } = await crash();
    expect(await again.load()).toEqual(snapshot(12));
    expect(await again.readAudit(10)).toEqual([audit(12), audit(11)]);
  });

  check('a membership that nobody knows comes back as such', async () => {
    const { port: store, crash } = await open({ auditRowCountMax: 10 });
    await store.save({ ...snapshot(1), membership: EMPTY_MEMBERSHIP }, []);
    expect((await (await crash()).port.load())?.membership).toEqual(EMPTY_MEMBERSHIP);
  });

  check('a later snapshot replaces the earlier one', async () => {
    const { port: store, crash } = await open({ auditRowCountMax: 10 });
    await store.save(snapshot(1), []);
    await store.save(snapshot(2), []);
    expect((await (await crash()).port.load())?.appliedIndex).toBe(2);
  });

  check('the audit is read newest first and drops its oldest rows beyond the bound', async () => {
    const { port: store } = await open({ auditRowCountMax: 3 });
    await store.save(snapshot(2), [audit(1), audit(2)]);
    await store.save(snapshot(5), [audit(3), audit(4), audit(5)]);
    expect(await store.readAudit(10)).toEqual([audit(5), audit(4), audit(3)]);
    expect(await store.readAudit(2)).toEqual([audit(5), audit(4)]);
    await store.save(snapshot(10), [6, 7, 8, 9, 10].map(audit));
    expect((await store.readAudit(10)).map(({ logIndex }) => logIndex)).toEqual([10, 9, 8]);
  });

  check('a save under way at a crash is there wholly or not at all', async () => {
    const { port: store, crash } = await open({ auditRowCountMax: 100 });
    const calls = [1, 2, 3, 4].map((index) => store.save(snapshot(index), [audit(index)]));
    forgetOutcome(calls);
    await calls[0];
    const { port: again } = await crash();
    const loaded = await again.load();
    expect(loaded).toBeDefined();
    expect(loaded?.catalog).toEqual(catalog(loaded!.appliedIndex));
    expect((await again.readAudit(100)).map(({ logIndex }) => logIndex)[0]).toBe(loaded!.appliedIndex);
  });

  check('a closed store refuses; opened again, everything is there', async () => {
    const { port: store, reopen } = await open({ auditRowCountMax: 10 });
    const call = store.save(snapshot(1), [audit(1)]);
    const { port: again } = await reopen();
    await call;
    expect((await again.load())?.appliedIndex).toBe(1);
    await expect(store.save(snapshot(2), [])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
