import { decodeCatalog, EMPTY_CATALOG, encodeCatalog, type Catalog, type CatalogCommand } from '@varve/model';
import { expect, test } from 'vitest';
import { applyCatalogCommand } from './apply-command.ts';
import { catalogFingerprint } from './fingerprint.ts';

const COMMANDS: readonly CatalogCommand[] = [
  { kind: 'joinNode', role: 'data', name: 'a', labels: new Map([['zone', 'x'], ['rack', 'y']]), featureLevel: 2 },
  { kind: 'joinNode', role: 'data', name: 'b', featureLevel: 2 },
  { kind: 'reportFeatureLevel', member: 'meta/1', level: 2 },
  { kind: 'raiseFeatureLevel', level: 2 },
  { kind: 'createDatabase', name: 'd', retentionPolicy: { replicaCount: 2, durationNs: 7n * 86_400_000_000_000n } },
  { kind: 'createDatabase', name: '__proto__' },
  { kind: 'createShardGroups', database: 'd', retentionPolicy: 'autogen', timesNs: [0n, 10n ** 18n, -(10n ** 18n)] },
  { kind: 'registerFields', database: 'd', retentionPolicy: 'autogen', fields: [{ measurement: 'm', field: 'f', type: 'float' }, { measurement: 'm', field: 'g', type: 'string' }] },
  { kind: 'openIncarnation', holder: 'c', nowMs: 1_767_225_600_000, leaseMs: 10 },
  { kind: 'createUser', name: 'u', passwordHash: 'h', isAdmin: false },
  { kind: 'grantPrivilege', grantee: 'user', name: 'u', database: 'd', privilege: 'read' },
  { kind: 'createSubscription', database: 'd', retentionPolicy: 'autogen', name: 's', mode: 'ALL', destinations: ['http://a:1', 'http://b:1'] },
  { kind: 'acquireLease', name: 'l', holder: 'h', durationMs: 5_000 },
];

/** The catalog after each command. */
function catalogs(): Catalog[] {
  const made = [EMPTY_CATALOG];
  for (const [at, command] of COMMANDS.entries()) {
    const context = { index: at + 1, atMs: 1_767_225_600_000, origin: { requestId: `${at}` } };
    const { catalog, result } = applyCatalogCommand(made.at(-1)!, command, context);
    expect(result, command.kind).toMatchObject({ kind: 'applied' });
    made.push(catalog);
  }
  return made;
}

test('every command changes the fingerprint', () => {
  const fingerprints = catalogs().map(catalogFingerprint);
  expect(new Set(fingerprints).size).toBe(COMMANDS.length + 1);
});

test('a catalog has the same fingerprint, made by commands or decoded', () => {
  for (const catalog of catalogs()) expect(catalogFingerprint(decodeCatalog(encodeCatalog(catalog)))).toBe(catalogFingerprint(catalog));
});

test('sessions do not count, and neither does the order of a Map', () => {
  const catalog = catalogs().at(-1)!;
  const session = { id: 1, proposer: 'a', lastUsedMs: 0, ackedSeq: 0, answers: [] };
  const turned = { ...catalog, sessions: [session], databases: new Map([...catalog.databases].reverse()) };
  expect(catalogFingerprint(turned)).toBe(catalogFingerprint(catalog));
});

test('the least difference counts, wherever it is', () => {
  const catalog = catalogs().at(-1)!;
  const d = catalog.databases.get('d')!;
  const autogen = d.retentionPolicies.get('autogen')!;
  const differs = (changes: Partial<typeof autogen>): void => {
    const database = { ...d, retentionPolicies: new Map([['autogen', { ...autogen, ...changes }]]) };
    const other = { ...catalog, databases: new Map(catalog.databases).set('d', database) };
    expect(catalogFingerprint(other)).not.toBe(catalogFingerprint(catalog));
  };
  const [first, ...rest] = autogen.shardGroups;
  const [shard, ...shards] = first!.shards;
  differs({ shardGroups: [{ ...first!, shards: [{ ...shard!, owners: shard!.owners.toReversed() }, ...shards] }, ...rest] });
  differs({ shardGroups: [...rest, first!] });
  differs({ shardGroups: [{ ...first!, range: { ...first!.range, endNs: first!.range.endNs + 1n } }, ...rest] });
  differs({ shardGroups: rest });
  differs({ durationNs: autogen.durationNs + 2n ** 32n });
  differs({ measurements: new Map([['m', new Map([['f', 'string'], ['g', 'float']])]]) });
});
