import { DbError } from '@varve/base';
import { applyCatalogCommand } from '@varve/catalog';
import { EMPTY_CATALOG, type Catalog, type CatalogCommand, type CommandResult, type ShardId } from '@varve/model';
import { decodeFrame } from '@varve/frame';
import type { ShardSlice } from '@varve/placement';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Clock, type WriteSummary } from '@varve/ports';
import { expect, test } from 'vitest';
import type { Parcel } from './delivery.ts';
import { IncarnationLease } from './incarnation.ts';
import type { Admission } from './series-limit.ts';
import { WritePath, type WritePathParts } from './write-path.ts';

const T0_MS = 1_700_000_000_000;
const LEASE_MS = 10_000;
const BATCHES_SIZE_BYTES_MAX = 10_000;
const WEEK_NS = 7n * 86_400_000_000_000n;

/** Goes on by some milliseconds whenever it is read. */
class TickingClock implements Clock {
  nowMs = T0_MS;
  stepMs = 0;
  wallMs = (): number => (this.nowMs += this.stepMs);
  monotonicMs = (): number => this.nowMs;
  after = (_delayMs: number, onDue: () => void): { cancel(): void } => {
    if (this.doesFire) setImmediate(onDue);
    return { cancel: () => undefined };
  };
  /** Timers come at once. */
  doesFire = false;
  turn = async (): Promise<void> => undefined;
}

/** A write path and its lease over a catalog to which commands are applied at once, and what it has sent. */
class World {
  readonly clock = new TickingClock();
  readonly sent: Parcel[] = [];
  readonly endedDrops: string[] = [];
  hasMeta = true;
  admit: (slices: readonly ShardSlice[]) => Admission | Promise<Admission> = (slices) => ({ slices, overLimit: { rowCount: 0, reason: '' } });
  #catalog: Catalog = EMPTY_CATALOG;
  #index = 0;
  readonly #client = {
    propose: async (command: CatalogCommand) => {
      if (!this.hasMeta) throw new DbError('META_UNAVAILABLE', 'no meta node answers');
      return { result: this.apply(command), version: this.#catalog.version };
    },
  };
  readonly lease = new IncarnationLease({ clock: this.clock, log: SILENT_LOG, catalog: this.#client } as never, { holder: 'c', leaseMs: LEASE_MS, graceMs: 0, skewMsMax: 60_000, onOpened: () => undefined });
  readonly #writePath: WritePath;

  constructor() {
    this.apply({ kind: 'reportFeatureLevel', member: 'meta/1', level: 2 });
    this.apply({ kind: 'joinNode', role: 'data', name: 'a', featureLevel: 2 });
    this.apply({ kind: 'raiseFeatureLevel', level: 2 });
    this.apply({ kind: 'createDatabase', name: 'd' });
    const catalogOf = (): Catalog => this.#catalog;
    const parts = {
      clock: this.clock,
      follower: { get catalog() { return catalogOf(); }, waitFor: async () => undefined, readLinearizable: async () => this.#catalog },
      client: this.#client,
      lease: this.lease,
      deletePath: { dropMeasurement: async (_database: string, measurement: string) => this.endDrop(measurement) },
      readiness: { notReady: async () => new Set() },
      seriesLimit: { admit: async (_: unknown, slices: readonly ShardSlice[]) => this.admit(slices) },
      deliveries: { checkRoom: () => undefined, publish: async (parcel: Parcel) => void this.sent.push(parcel) },
      metrics: SILENT_METRICS,
      tracer: SILENT_TRACER,
      batchesSizeBytesMax: BATCHES_SIZE_BYTES_MAX,
    };
    this.#writePath = new WritePath(parts as unknown as WritePathParts);
  }

  /** A point for each of four shards, behind a comment that makes it as long as wanted. */
  write(sizeBytes = 0): Promise<WriteSummary> {
    const nowNs = BigInt(T0_MS) * 1_000_000n;
    const points = new TextEncoder().encode([0n, 1n, 2n, 3n].map((weeks) => `m f=1 ${nowNs - weeks * WEEK_NS}`).join('\n'));
    const body = new Uint8Array(Math.max(sizeBytes, points.length)).fill(0x23);
    body[body.length - points.length - 1] = 0x0a;
    body.set(points, body.length - points.length);
    return this.#writePath.writePoints({ body, precision: 'n', database: 'd', retentionPolicy: undefined, level: 'one', nowNs });
  }

  /** As another coordinator that has died in the middle of it. */
  drop(measurement: string): void {
    this.apply({ kind: 'dropMeasurement', database: 'd', measurement });
  }

  endDrop(measurement: string): void {
    const drop = [...this.#catalog.databases.get('d')!.retentionPolicies.values()][0]!.dropping!.get(measurement)!;
    this.apply({ kind: 'finishMeasurementDrop', database: 'd', measurement, drop });
    this.endedDrops.push(measurement);
  }

  openLease(): Promise<void> {
    return this.lease.open({ mayFail: false });
  }

  /** What repair is told: the last number taken of each shard that something was sent to. */
  numbersTaken(): ReadonlyMap<ShardId, number> {
    const shards = [...this.numbersSent().keys()];
    const { numbers } = this.lease.pledge([...this.#catalog.incarnations.keys()][0]!, shards)!;
    return new Map(shards.map((shard, index) => [shard, numbers[index]!]));
  }

  numbersSent(): ReadonlyMap<ShardId, number> {
    return new Map(this.sent.map(({ shard, number }) => [shard, number]));
  }

  apply(command: CatalogCommand): CommandResult {
    this.#index += 1;
    const { catalog, result } = applyCatalogCommand(this.#catalog, command, { index: this.#index, atMs: T0_MS, origin: { requestId: String(this.#index) } });
    this.#catalog = catalog;
    return result;
  }
}

test.each([1, 2, 3, 4, 5, 6])('V7: of a batch that is sealed %i ms before the lease ends every number that is taken is sent', async (leftMs) => {
  const world = new World();
  await world.openLease();
  await world.write();
  expect(world.sent.length).toBe(4);
  world.clock.nowMs = T0_MS + LEASE_MS - leftMs;
  world.clock.stepMs = 1;
  const written = world.write();
  if (leftMs === 2) await expect(written, 'it ends between the look at the lease and the stamps').rejects.toMatchObject({ code: 'META_UNAVAILABLE' });
  else await written;
  expect(world.sent.length).toBe(leftMs === 2 ? 4 : 8);
  expect(world.numbersTaken()).toEqual(world.numbersSent());
});

test('W9: batches that wait for other nodes are bounded as a whole, and make room when they are sent', async () => {
  const world = new World();
  await world.openLease();
  await world.write();
  let admitAll = (): void => undefined;
  const admitted = new Promise<void>((resolve) => (admitAll = resolve));
  const { admit } = world;
  world.admit = async (slices) => {
    await admitted;
    return admit(slices);
  };
  const half = BATCHES_SIZE_BYTES_MAX / 2 - 1;
  const waiting = [world.write(half), world.write(half)];
  await expect(world.write()).rejects.toMatchObject({ code: 'WRITE_OVERLOADED' });
  expect(world.sent.length).toBe(4);
  admitAll();
  await Promise.all(waiting);
  await world.write();
  expect(world.sent.length).toBe(16);
});

test('a request of which nothing is left to send needs no lease', async () => {
  const world = new World();
  await world.openLease();
  await world.write();
  world.admit = (slices) => ({ slices: [], overLimit: { rowCount: slices.length, reason: 'full' } });
  world.hasMeta = false;
  world.clock.nowMs = T0_MS + LEASE_MS;
  expect(await world.write()).toMatchObject({ acceptedRowCount: 0, dropped: { pointCount: 4, reason: 'full' } });
  expect(world.sent.length).toBe(4);
});

test('DL9: a batch whose measurement is dropped while it waits is refused, and the next one makes it anew', async () => {
  const world = new World();
  await world.openLease();
  await world.write();
  const { admit } = world;
  world.admit = (slices) => {
    world.drop('m');
    return admit(slices);
  };
  await expect(world.write()).rejects.toMatchObject({ code: 'META_UNAVAILABLE', message: 'measurement m was dropped while this batch was on its way; retry' });
  expect(world.sent.length).toBe(4);
  world.admit = admit;
  world.clock.doesFire = true;
  await world.write();
  expect([world.sent.length, world.endedDrops]).toEqual([8, ['m']]);
});

test('DL9: a batch placed with the same types as the measurement has again is sent', async () => {
  const world = new World();
  await world.openLease();
  await world.write();
  const { admit } = world;
  world.admit = (slices) => {
    world.drop('m');
    world.endDrop('m');
    world.apply({ kind: 'registerFields', database: 'd', retentionPolicy: 'autogen', fields: [{ measurement: 'm', field: 'f', type: 'float' }] });
    return admit(slices);
  };
  await world.write();
  expect(world.sent.length).toBe(8);
});

test('DL2, DL3: a raised clock stamps above what it was raised to, also beyond its lease, and for no longer than a lease may reach', async () => {
  const world = new World();
  await world.openLease();
  const far = { wallMs: T0_MS + 3 * LEASE_MS, counter: 5, incarnation: 0 };
  await world.lease.raise(far);
  await world.write();
  const { wallMs, counter } = decodeFrame(world.sent[0]!.frame).header.version;
  expect([wallMs, counter > far.counter]).toEqual([far.wallMs, true]);
  const reached = world.lease.reach();
  await world.lease.raise({ wallMs: T0_MS, counter: 0, incarnation: 0 });
  expect(world.lease.reach(), 'never back').toEqual(reached);
  await expect(world.lease.raise({ ...far, wallMs: T0_MS + 70_000 })).rejects.toMatchObject({ code: 'CLOCK_SKEWED' });
  await world.write();
  expect(world.sent.length).toBe(8);
});
