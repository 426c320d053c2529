import { decodeFrame, encodeVoidFrame } from '@varve/frame';
import type { Bus } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { decode, encode } from '@varve/wire';
import { expect, test } from 'vitest';
import { busWith } from '../bus-with.ts';
import { runDeletes, type DeletesRun } from './run-deletes.ts';

// Methodology: the cluster of cluster.sim.test.ts with clients who delete and drop while others write; each answer is remembered with its time, and in the
// end nothing may be there that was deleted behind it, and nothing be missing that no delete had a chance to hide.
const SEED_COUNT = 24;

const runs: DeletesRun[] = [];

test.each(seeds(SEED_COUNT))('DL2–DL9: seed %i: whatever dies meanwhile, nothing deleted returns and nothing else vanishes', async (seed) => {
  const run = await runDeletes({ seed });
  runs.push(run);
  expect(run.problems).toEqual([]);
});

test('deletes and drops were done and were refused', () => {
  const totals = Object.fromEntries(Object.keys(runs[0]!.counts).map((kind) => [kind, runs.reduce((sum, { counts }) => sum + counts[kind as keyof DeletesRun['counts']], 0)]));
  process.stdout.write(`over ${runs.length} seeds: ${JSON.stringify(totals)}\n`);
  expect(Object.entries(totals).filter(([, total]) => total === 0)).toEqual([]);
});

/** Every other coordinator seems to have answered what was asked of it, and has not heard of it. */
function notMeeting(bus: Bus): Bus {
  return busWith(bus, {
    request: async (subject, payload, timeoutMs) => {
      if (!subject.endsWith('.pledge')) return bus.request(subject, payload, timeoutMs);
      const { wallMs, counter } = decode(payload, 'coordinatorPledge').header;
      return encode('coordinatorPledgeIs', { wallMs: wallMs!, counter: counter!, leasedMs: wallMs!, numbers: [] });
    },
  });
}

/** What a coordinator publishes of deletes is sent to nobody who is away: its hints are taken and thrown away. */
function forgettingDeletes(bus: Bus): Bus {
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      if (!/\.shard\.\d+\.write$/.test(subject) || decodeFrame(decode(payload, 'shardWrite').payload).tombstone === undefined) return bus.publish(subject, payload, replyTo);
      const { header, payload: frame } = decode(payload, 'shardWrite');
      const { shard, mutation } = decodeFrame(frame).header;
      bus.publish(subject, encode('shardWrite', header, encodeVoidFrame(shard, { mutation, version: { wallMs: 0, counter: 0, incarnation: mutation.incarnation } })), replyTo);
    },
  });
}

test.each([
  ['clocks do not meet', notMeeting],
  ['deletes are void', forgettingDeletes],
])('the planted bug "%s" is caught', async (_name, coordinatorBus) => {
  for (const seed of seeds(40)) if ((await runDeletes({ seed, seams: { coordinatorBus } })).problems.length > 0) return;
  expect.unreachable('no seed showed it');
});
