import { Prng } from '@varve/base';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { SimScheduler } from '../sim-scheduler.ts';
import { naiveAnswer, type AnswerRows } from './testing/naive-answer.ts';
import { PlanShard, START_NS } from './testing/plan-shard.ts';
import { anyOtherText, anyQuestion, anyTombstone, anyWindowsText, fewRows, HOUR_COUNT, hourOfRows, questionText, shortRows } from './testing/random-plans.ts';

// Methodology: a shard lives through random writes, overwrites, late frames, deletes, flushes, merges and restarts, and answers random
// queries all the while, some of them while a flush or merge is under way. Each answer is held against a witness, bit by bit:
// a naive evaluation of a map of maps, with exact sums; or the same engine over that map's rows, which knows no summaries.

const STEP_COUNT = 20;
const QUESTION_COUNT = 9;

test.each(seeds(6))('with summaries or without: the same answers (seed %i)', async (seed) => {
  const scheduler = new SimScheduler({ seed });
  await scheduler.runUntilSettled(live(scheduler, new Prng(seed), { hasDeletes: true }));
});

test.each(seeds(3))('ST1–ST4: in shares, some of them done by scan threads while flushes and merges go on: the same answers (seed %i)', async (seed) => {
  const scheduler = new SimScheduler({ seed });
  const { lentCount } = await scheduler.runUntilSettled(live(scheduler, new Prng(seed), { hasDeletes: false }));
  expect(lentCount).toBeGreaterThan(100);
});

test.each([
  ['rows', 'SELECT f FROM cpu GROUP BY host ORDER BY time DESC LIMIT 1'],
  ['windows', `SELECT max(f) FROM cpu WHERE time < ${START_NS + 10_800_000_000_000n} AND f >= 0 GROUP BY time(1h), host ORDER BY time DESC LIMIT 1`],
])('ST5: where a few %s of each group are wanted, a scan thread asks for no more chunks than the event loop would', async (_what, text) => {
  const scheduler = new SimScheduler({ seed: 1 });
  const shard = new PlanShard(scheduler, { cacheSizeBytes: 1e7 });
  const lives = async (): Promise<void> => {
    await shard.restart();
    for (let hour = 0; hour < 3; hour += 1) {
      await shard.write(['a', 'b', 'c'].map((host) => ({ key: `cpu,host=${host}`, offsetNs: hour * 3_600e9, cells: { f: hour } })), { isLate: false });
      await shard.flush();
    }
    for (let count = 0; count < 2; count += 1) {
      const answer = await shard.answer(text);
      expect([...answer.values()].map(([row]) => row?.[1])).toEqual([2, 2, 2]);
    }
  };
  await scheduler.runUntilSettled(lives());
  expect(shard.lentCount).toBeGreaterThan(0);
  expect(shard.lackedChunkIds.size).toBe(1);
});

async function live(scheduler: SimScheduler, prng: Prng, { hasDeletes }: { readonly hasDeletes: boolean }): Promise<PlanShard> {
  const shard = new PlanShard(scheduler, { cacheSizeBytes: prng.pick([1e4, 1e7, 1e7]) });
  await shard.restart();
  for (let step = 0; step < STEP_COUNT; step += 1) {
    const { done } = await takeStep(shard, prng, hasDeletes);
    for (let count = 0; count < QUESTION_COUNT; count += 1) await ask(shard, prng);
    await done;
  }
  return shard;
}

/** Resolves when the step has begun; what it resolves with, when it has ended. Rows do not change after the beginning. */
async function takeStep(shard: PlanShard, prng: Prng, hasDeletes: boolean): Promise<{ readonly done: Promise<unknown> }> {
  const present = [...shard.cells.shown].flatMap(([key, rows]) => rows.map(({ offsetNs }) => ({ key, offsetNs })));
  const now = async (work: Promise<unknown>): Promise<{ readonly done: Promise<unknown> }> => ({ done: Promise.resolve(await work) });
  const steps = [
    [6, () => now(shard.write(hourOfRows(prng, prng.between(0, HOUR_COUNT - 1)), { isLate: false }))],
    [4, () => now(shard.write(shortRows(prng), { isLate: prng.chance(0.2) }))],
    [3, () => now(shard.write(fewRows(prng, present), { isLate: prng.chance(0.3) }))],
    [hasDeletes ? 2 : 0, () => now(shard.delete(anyTombstone(prng)))],
    [9, async () => ({ done: shard.flush().then(() => shard.merge()) })],
    [1, () => now(shard.restart())],
    [1, async () => ({ done: shard.flush().then(() => shard.collect()).then(() => shard.merge()) })],
  ] as const;
  const wheel = steps.flatMap(([weight, step]) => Array.from({ length: weight }, () => step));
  return prng.pick(wheel)();
}

async function ask(shard: PlanShard, prng: Prng): Promise<void> {
  if (prng.chance(0.25)) {
    await askFirstWindows(shard, prng);
    return;
  }
  const question = prng.chance(0.85) ? anyQuestion(prng) : undefined;
  const text = question === undefined ? anyOtherText(prng) : questionText(question);
  const witness = question === undefined || prng.chance(0.2) ? await shard.answerFromRows(text) : naiveAnswer(question, START_NS, shard.cells.shown);
  expect(shown(await shard.answer(text)), text).toEqual(shown(witness));
}

/** FW1: the witness reads all windows. */
async function askFirstWindows(shard: PlanShard, prng: Prng): Promise<void> {
  const text = anyWindowsText(prng);
  const [limit, offset] = [prng.pick([1, 1, 2, 5, 30]), prng.pick([0, 0, 1, 7])];
  const all = await shard.answerFromRows(text);
  const wanted = new Map([...all].map(([name, rows]) => [name, rows.slice(offset, offset + limit)] as const).filter(([, rows]) => rows.length > 0));
  const limited = `${text} LIMIT ${limit} OFFSET ${offset}`;
  expect(shown(await shard.answer(limited)), limited).toEqual(shown(wanted));
}

/** Every bit of a value shows: −0 is not 0, and 1n is not 1. */
function shown(answer: AnswerRows): string[] {
  const textOf = (cell: unknown): string => (Object.is(cell, -0) ? '-0' : typeof cell === 'bigint' ? `${cell}n` : JSON.stringify(cell));
  return [...answer].map(([name, rows]) => `${name}: ${rows.map((row) => row.map(textOf).join(' ')).join('; ')}`).sort();
}
