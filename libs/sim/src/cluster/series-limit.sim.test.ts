import type { Bus } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { decode, encode, type Header } from '@varve/wire';
import { expect, test } from 'vitest';
import { busWith } from '../bus-with.ts';
import { runSeriesLimit } from './run-series-limit.ts';
import type { ClusterSeams } from './sim-cluster.ts';

// Methodology: three data nodes, one to three copies, two coordinators, and writers who want twice as many series as the limit
// lets in. In the calm the limit is exact; in trouble it may be exceeded, but no series that an owner has acked is dropped; at
// rest again both coordinators know what is there and let in nothing else. The planted mistakes show that this is looked at.
const SEED_COUNT = 30;

test(`SL2–SL5, SL7: over ${SEED_COUNT} seeds`, async () => {
  const ran = [];
  for (const seed of seeds(SEED_COUNT)) ran.push(await runSeriesLimit({ seed }));
  expect(ran.flatMap(({ seed, problems }) => problems.map((problem) => `seed ${seed}: ${problem}`))).toEqual([]);
  const [droppedCount, excessCount] = [ran.reduce((sum, each) => sum + each.droppedCount, 0), ran.reduce((sum, each) => sum + each.excessCount, 0)];
  process.stdout.write(`over ${ran.length} seeds: ${droppedCount} points dropped, ${excessCount} series accepted beyond the limit\n`);
  expect(Math.min(droppedCount, excessCount)).toBeGreaterThan(0);
});

const BUGS: Readonly<Record<string, Partial<ClusterSeams>>> = {
  'silence counts as a no': { coordinatorBus: (bus) => answering(bus, (header, answer) => answer ?? { seriesCount: 1_000, unknown: allOf(header) }) },
  'an owner does not find what it has': { dataBus: (bus) => publishing(bus, (answer) => ({ ...answer, unknown: [0] })) },
  'what one owner has is lost among the answers': { coordinatorBus: (bus) => answering(bus, (header, answer) => answer && { ...answer, unknown: header.shard % 2 === 0 ? allOf(header) : answer.unknown }) },
  'owners tell no number': { dataBus: (bus) => publishing(bus, (answer) => ({ ...answer, seriesCount: 0 })) },
};

test.each(Object.entries(BUGS))(`caught within ${SEED_COUNT} seeds: %s`, async (name, seams) => {
  for (const seed of seeds(SEED_COUNT)) {
    const { problems } = await runSeriesLimit({ seed, seams });
    if (problems.length === 0) continue;
    process.stdout.write(`${name}: seed ${seed}: ${problems[0]}\n`);
    return;
  }
  expect.unreachable(`no seed of ${SEED_COUNT} showed it`);
});

const allOf = ({ keys }: Header<'dataKnown'>): readonly number[] => keys.map((_, place) => place);

/** Changes what a coordinator hears of an owner; undefined: nothing. */
function answering(bus: Bus, change: (header: Header<'dataKnown'>, answer: Header<'dataKnownIs'> | undefined) => Header<'dataKnownIs'> | undefined): Bus {
  return busWith(bus, {
    request: async (subject, payload, timeoutMs) => {
      if (!subject.endsWith('.known')) return bus.request(subject, payload, timeoutMs);
      const { header } = decode(payload, 'dataKnown');
      try {
        const bytes = await bus.request(subject, payload, timeoutMs);
        return encode('dataKnownIs', change(header, decode(bytes, 'dataKnownIs').header)!);
      } catch (error) {
        const made = change(header, undefined);
        if (made === undefined) throw error;
        return encode('dataKnownIs', made);
      }
    },
  });
}

/** Changes what an owner answers. */
function publishing(bus: Bus, change: (answer: Header<'dataKnownIs'>) => Header<'dataKnownIs'>): Bus {
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      try {
        bus.publish(subject, encode('dataKnownIs', change(decode(payload, 'dataKnownIs').header)), replyTo);
      } catch {
        bus.publish(subject, payload, replyTo);
      }
    },
  });
}
