import { decodeCatalog, encodeCatalog, type CatalogCommand } from '@varve/model';
import { AppliedLog } from './applied-log.ts';

// What the meta group does per command and per snapshot, on a catalog of 1,000 databases with 100 shard groups each on
// three nodes with two copies. Run it: `node libs/core/catalog/src/testing/catalog.bench.ts`.
const DATABASE_COUNT = 1_000;
const GROUP_COUNT = 100;
const HOUR_NS = 3_600_000_000_000n;

const on = new AppliedLog();
for (const name of ['n1', 'n2', 'n3']) on.run({ kind: 'joinNode', role: 'data', name });
const timesNs = Array.from({ length: GROUP_COUNT }, (_, hour) => BigInt(hour) * HOUR_NS);
measure(`create ${DATABASE_COUNT} databases × ${GROUP_COUNT} groups`, 2 * DATABASE_COUNT, (number) => {
  const database = `database-${number >> 1}`;
  if (number % 2 === 0) on.run({ kind: 'createDatabase', name: database, retentionPolicy: { replicaCount: 2, shardDurationNs: HOUR_NS } });
  else on.run({ kind: 'createShardGroups', database, retentionPolicy: 'autogen', timesNs });
});

let bytes = encodeCatalog(on.catalog);
measure('snapshot, encoded', 3, () => {
  bytes = encodeCatalog(on.catalog);
});
measure('snapshot, decoded', 3, () => decodeCatalog(bytes));
console.info(`snapshot: ${(bytes.length / 2 ** 20).toFixed(1)} MiB, heap ${(process.memoryUsage().heapUsed / 2 ** 20).toFixed(0)} MiB`);

const in5 = { database: 'database-5', retentionPolicy: 'autogen' };
on.run({ kind: 'openIncarnation', holder: 'c', nowMs: 1, leaseMs: 1 });
const incarnation = on.catalog.nextId - 1;
for (let session = 1; session < 64; session += 1) on.open();
const small: Readonly<Record<string, (number: number) => CatalogCommand>> = {
  'renew a lease of stamps': (number) => ({ kind: 'renewIncarnation', incarnation, ceilingMs: number }),
  'acquire a lease': (number) => ({ kind: 'acquireLease', name: `l${number % 100}`, holder: 'h', durationMs: 10 }),
  'create a database that is there': () => ({ kind: 'createDatabase', name: 'database-5' }),
  'register known fields': () => ({ kind: 'registerFields', ...in5, fields: [{ measurement: 'm', field: 'f', type: 'float' }] }),
  'register a new field': (number) => ({ kind: 'registerFields', ...in5, fields: [{ measurement: `m${number % 50}`, field: `f${number}`, type: 'float' }] }),
  'create a shard group': (number) => ({ kind: 'createShardGroups', database: `database-${number % DATABASE_COUNT}`, retentionPolicy: 'autogen', timesNs: [BigInt(GROUP_COUNT + Math.floor(number / DATABASE_COUNT)) * HOUR_NS] }),
};
for (const [name, commandOf] of Object.entries(small)) measure(name, 5_000, (number) => on.run(commandOf(number)));
measure('enforce retention', 20, () => on.run({ kind: 'enforceRetention', nowMs: on.nowMs }));
measure('make groups ahead of time', 20, () => on.run({ kind: 'precreateShardGroups', aheadMs: 1 }));

/** Time of the processor, garbage collection included, so that what else runs on the machine counts little. */
function measure(name: string, count: number, run: (number: number) => unknown): void {
  const before = process.cpuUsage();
  for (let number = 0; number < count; number += 1) run(number);
  const { user, system } = process.cpuUsage(before);
  const eachUs = (user + system) / count;
  console.info(`${name}: ${eachUs.toFixed(1)} µs each, ${Math.round(1e6 / eachUs)}/s`);
}
