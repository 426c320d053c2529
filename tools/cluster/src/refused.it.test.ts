import { connectNats } from '@varve/nats-adapter';
import { send, query, write } from '@varve/http-adapter/testing';
import { startNatsServer } from '@varve/nats-adapter/server';
import { encodeVoidFrame } from '@varve/frame';
import { SILENT_LOG, type Bus } from '@varve/ports';
import { decode, encode, subjectsOf } from '@varve/wire';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually } from './testing/test-cluster.ts';
import { startService } from './testing/test-process.ts';

const CLUSTER_ID = 'strict';
const COUNTED_TIMEOUT_MS = 10_000;

clusterTest('a frame that is damaged, misplaced or outdated, and a message of another version, are refused and counted', async () => {
  const nats = await startNatsServer();
  onTestFinished(() => nats.kill());
  const flags = ['--nats-servers', nats.address, '--cluster-id', CLUSTER_ID];
  startService('meta-raft', flags);
  const data = startService('data-shard', flags);
  const url = await startService('coordinator', flags).url();
  const dataUrl = await data.url();
  const bus = await connectNats({ servers: [nats.address], name: 'stranger', log: SILENT_LOG });
  onTestFinished(() => bus.close());
  const written = firstWriteOn(bus);
  await query(url, 'CREATE DATABASE d');
  expect((await write(url, 'd', 'm v=1 1')).status).toBe(204);
  const { shard, incarnation } = await written;

  const subject = subjectsOf(CLUSTER_ID).shardWrite(shard);
  const frameOf = (framed: number, number: number): Uint8Array => encodeVoidFrame(framed, { mutation: { incarnation, shard: framed, number }, version: { wallMs: 0, counter: 0, incarnation } });
  const message = (epoch: number, number: number, frame: Uint8Array): Uint8Array => encode('shardWrite', { epoch, incarnation, number, traceParent: undefined }, frame);
  const damaged = frameOf(shard, 101).with(50, 9);
  const newer = message(1, 102, frameOf(shard, 102)).with(0, 99);
  bus.publish(subject, message(1, 101, damaged));
  bus.publish(subject, newer);
  bus.publish(subject, new Uint8Array(0));
  bus.publish(subject, message(1, 103, frameOf(shard + 1, 103)));
  bus.publish(subject, message(1, 104, frameOf(shard, 105)));
  bus.publish(subject, message(0, 106, frameOf(shard, 106)));
  bus.publish(subject, encode('shardWrite', { epoch: 1, incarnation: incarnation + 1_000, number: 107, traceParent: undefined }, frameOf(shard, 107)));
  await eventually(COUNTED_TIMEOUT_MS, 'all are counted', async () => (await refusals(dataUrl)).total === 7);
  expect((await refusals(dataUrl)).byCode).toEqual({ FRAME_INVALID: 4, MESSAGE_INVALID: 2, EPOCH_STALE: 1 });

  expect((await write(url, 'd', 'm v=2 2')).status).toBe(204);
  expect((await query(url, 'SELECT v FROM m', { db: 'd' }))[0]?.values).toEqual([[1, 1], [2, 2]]);
});

/** The next frame that a coordinator sends. */
function firstWriteOn(bus: Bus): Promise<{ readonly shard: number; readonly incarnation: number }> {
  return new Promise((settle) => {
    const subscription = bus.subscribe(`varve.${CLUSTER_ID}.shard.*.write`, ({ subject, payload }) => {
      subscription.unsubscribe();
      settle({ shard: Number(subject.split('.')[3]), incarnation: decode(payload, 'shardWrite').header.incarnation });
    });
  });
}

async function refusals(url: string): Promise<{ readonly total: number; readonly byCode: Readonly<Record<string, number>> }> {
  const { text } = await send(`${url}/metrics`);
  const counts = [...text.matchAll(/^varve_frames_refused_total\{code="(\w+)"\} (\d+)$/gm)].map(([, code, count]) => [code!, Number(count)] as const);
  return { total: counts.reduce((sum, [, count]) => sum + count, 0), byCode: Object.fromEntries(counts) };
}
