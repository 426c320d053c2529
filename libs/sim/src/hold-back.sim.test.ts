import { assert } from '@varve/base';
import { LIMITS } from '@varve/config';
import * as upkeepTasks from '@varve/data-shard-service/upkeep-tasks';
import { Damage, Recovery, WritePath, type FlushPorts, type ShardReplica } from '@varve/data-shard-service/testing';
import { encodeFrames } from '@varve/frame';
import { parseLines } from '@varve/line-protocol';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER } from '@varve/ports';
import { decode, encode } from '@varve/wire';
import { expect, test } from 'vitest';
import { busWith } from './bus-with.ts';
import { SimBackground } from './sim-background.ts';
import { SimClock, SimRandom } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimJournal } from './sim-journal.ts';
import { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { SimShardStore } from './sim-shard-store.ts';

const SHARD = 1;
/** About as many as fit into a frame: no ack is held back for longer. */
const BULK_ROW_COUNT = 24_000;

/** An owner of one shard, whose memtables are as full as they may be. */
class FullNode {
  readonly scheduler = new SimScheduler({ seed: 7 });
  readonly process = new SimProcess(this.scheduler, 'data');
  readonly writePath: WritePath;
  /** When the frame of which number was acked. */
  readonly ackedMs = new Map<number, number>();
  readonly #disk = new SimDisk(this.scheduler, 'disk');
  readonly #stores = { journal: new SimJournal(this.process, this.#disk), shardStore: new SimShardStore(this.process, this.#disk) };
  readonly #ports: FlushPorts;
  #replica: ShardReplica | undefined;

  constructor() {
    const bus = busWith(new SimNetwork(this.scheduler).connect(this.process), { publish: (_, payload) => this.#onAck(payload) });
    const quiet = { log: SILENT_LOG, metrics: SILENT_METRICS, tracer: SILENT_TRACER };
    const ports = { ...quiet, ...this.#stores, bus, clock: new SimClock(this.process), random: new SimRandom(this.process), background: new SimBackground(this.process, upkeepTasks), onFatal: () => undefined };
    this.#ports = ports;
    this.writePath = new WritePath(ports, { id: 1, epochOf: () => 1, isOpen: () => true, fullness: () => 1, onInserted: () => undefined });
  }

  async open(): Promise<void> {
    const damage = new Damage({ log: SILENT_LOG, metrics: SILENT_METRICS, shardStore: this.#stores.shardStore });
    const recovery = new Recovery({ ...this.#ports, damage }, { sizeBytesMax: LIMITS.frameSizeBytesMax, openSizeBytes: () => 0 });
    this.#replica = await recovery.open({ shard: SHARD, range: { startNs: 0n, endNs: 1n }, others: [] }, async ({ replica }) => replica);
  }

  get replica(): ShardReplica {
    assert(this.#replica !== undefined, 'open() comes first');
    return this.#replica;
  }

  /** As a coordinator sends it. */
  send(number: number, rowCount: number): void {
    const payload = encode('shardWrite', { epoch: 1, incarnation: 1, number, traceParent: undefined }, frameOf(number, rowCount));
    void this.writePath.onFrame(this.replica, { subject: 'write', payload, replyTo: 'inbox' });
  }

  #onAck(payload: Uint8Array): void {
    const { number, refusal } = decode(payload, 'shardAck').header;
    assert(refusal === undefined, `frame ${number} was refused: ${refusal}`);
    this.ackedMs.set(number, this.scheduler.nowMs);
  }
}

async function openNode(): Promise<FullNode> {
  const node = new FullNode();
  await node.scheduler.runUntilSettled(node.open());
  return node;
}

function frameOf(number: number, rowCount: number): Uint8Array {
  const lines = Array.from({ length: rowCount }, (_, row) => `m f=${row}i ${row}`).join('\n');
  const { batch } = parseLines(new TextEncoder().encode(lines), { precision: 'n', nowNs: 0n });
  const tables = batch.tables.map((table) => ({ table, rowIndexes: undefined }));
  const mutation = { incarnation: 1, shard: SHARD, number };
  return encodeFrames({ shard: SHARD, startNs: 0n, tables, series: batch.series }, () => ({ mutation, version: { wallMs: number, counter: 0, incarnation: 1 } }))[0]!;
}

test('acks of bulk frames are held back, in time for no hint to be made; single rows and what peers bring are not', async () => {
  const node = await openNode();
  node.send(1, BULK_ROW_COUNT);
  node.send(2, 1);
  await node.scheduler.runUntilSettled(node.writePath.storeFromPeer(node.replica, frameOf(3, BULK_ROW_COUNT)));
  expect(node.replica.table.memtableRowCount).toBe(2 * BULK_ROW_COUNT + 1); // W2: what is held back is the ack, not the frame.
  expect(node.scheduler.nowMs).toBeLessThan(20);
  await node.scheduler.runFor(LIMITS.hintTimeoutMs);
  expect(node.ackedMs.get(2)).toBeLessThan(20);
  expect(node.ackedMs.get(1)).toBeGreaterThan(100);
  expect(node.ackedMs.get(1)).toBeLessThan(0.75 * LIMITS.hintTimeoutMs);
});

test('a node that drains waits for acks that are held back, also of frames that are being journaled', async () => {
  const node = await openNode();
  node.send(1, BULK_ROW_COUNT);
  expect(node.replica.journaling.size).toBe(1);
  await node.scheduler.runUntilSettled(Promise.allSettled(node.replica.journaling).then(() => node.writePath.drain()));
  expect([...node.ackedMs.keys()]).toEqual([1]);
});
