import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { START_MS, STEP_MS } from '../workload.ts';
import { influxqlOf, PANELS, QUERY_KINDS, rangeQueryOf, type Question } from './query-kinds.ts';

const WRITTEN = { hostCount: 200, endMs: START_MS + 6_000 * STEP_MS };

function checkWithin(question: Question): void {
  expect(question.startMs).toBeGreaterThanOrEqual(START_MS);
  expect(question.endMs).toBeLessThanOrEqual(WRITTEN.endMs);
  expect(question.endMs).toBeGreaterThan(question.startMs);
  expect(question.hosts.every((host) => Number(host.slice('host_'.length)) < WRITTEN.hostCount)).toBe(true);
}

test('the same seed draws the same questions, within what was written, and one differs from the next', () => {
  for (const { draw } of QUERY_KINDS) {
    const [first, again] = [new Prng(7), new Prng(7)];
    const drawn = Array.from({ length: 50 }, () => draw(first, WRITTEN));
    for (const question of drawn) {
      checkWithin(question);
      expect(draw(again, WRITTEN)).toEqual(question);
      expect(new Set(question.hosts).size).toBe(question.hosts.length);
    }
    expect(new Set(drawn.map((question) => JSON.stringify(question))).size).toBeGreaterThan(45);
  }
});

test('a window that is longer than what was written is all of it', () => {
  const written = { hostCount: 2, endMs: START_MS + STEP_MS };
  for (const { draw } of QUERY_KINDS) {
    const { startMs, endMs, hosts } = draw(new Prng(1), written);
    expect([startMs, endMs]).toEqual([START_MS, written.endMs]);
    expect(hosts.length).toBeLessThanOrEqual(2);
  }
});

test('a panel moves on by a step with each refresh, and begins again at the end of what was written', () => {
  const hosts = ['host_1', 'host_2'];
  for (const { questionAt } of PANELS) {
    const [first, second] = [questionAt(0, hosts, WRITTEN), questionAt(1, hosts, WRITTEN)];
    expect(second.startMs - first.startMs).toBe(STEP_MS);
    for (let refresh = 0; refresh < 7_000; refresh += 1) checkWithin(questionAt(refresh, hosts, WRITTEN));
    const room = (WRITTEN.endMs - first.endMs) / STEP_MS + 1;
    expect(questionAt(room, hosts, WRITTEN)).toEqual(first);
  }
});

test('every panel can be put to all peers; means of some hosts ask for these', () => {
  const questions = PANELS.map(({ questionAt }) => questionAt(0, ['host_1', 'host_2'], WRITTEN));
  for (const question of questions) expect(rangeQueryOf(question)).toBeDefined();
  expect(influxqlOf(questions[2]!)).toBe(
    "SELECT mean(usage_user) FROM cpu WHERE (hostname = 'host_1' OR hostname = 'host_2') AND time >= '2026-01-01T00:00:00.000Z' AND time < '2026-01-01T01:00:00.000Z' GROUP BY time(1m), hostname",
  );
});
