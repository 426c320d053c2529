import { SILENT_LOG, type LogFacts, type Metrics } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { expect, test } from 'vitest';
import { PeerFigures } from './peer-figures.ts';

/** What is shown now, by name or by name and label. */
class ShownMetrics implements Metrics {
  readonly shown = new Map<string, number>();

  add(name: string, amount: number): void {
    this.shown.set(name, (this.shown.get(name) ?? 0) + amount);
  }

  set(name: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    this.shown.set(keyOf(name, labels), value);
  }

  remove(name: string, labels: Readonly<Record<string, string>>): void {
    this.shown.delete(keyOf(name, labels));
  }

  observe(name: string): void {
    this.add(`${name} observations`, 1);
  }
}

const keyOf = (name: string, labels: Readonly<Record<string, string>>): string => [name, ...Object.values(labels)].join(' ');
const follower = (id: number, matchIndex: number) => ({ id, matchIndex, nextIndex: matchIndex + 1, state: 'replicating', isActive: true, isLearner: false }) as const;

function figures(heartbeatIntervalMs = 100) {
  const metrics = new ShownMetrics();
  const warnings: LogFacts[] = [];
  const raft = { term: 3, leaderId: 0, appliedIndex: 8, lastIndex: 10, compactedIndex: 4, logSizeBytes: 600, followers: (): readonly ReturnType<typeof follower>[] => [] };
  const it = new PeerFigures({ metrics, log: { ...SILENT_LOG, warn: (_, facts = {}) => warnings.push(facts) } }, { raft, heartbeatIntervalMs });
  return { it, raft, warnings, shown: metrics.shown };
}

test('term, indexes and the log are shown as they are', () => {
  const { it, shown } = figures();
  it.ofPeer();
  expect(Object.fromEntries(shown)).toEqual({ [names.raftTerm]: 3, [names.raftAppliedIndex]: 8, [names.raftLogLength]: 6, [names.raftLogSize]: 600 });
});

test('another leader is counted once, and not when it is only lost from sight', () => {
  const { it, raft, shown } = figures();
  for (const leaderId of [0, 2, 2, 0, 2, 3, 0, 0, 2]) {
    raft.leaderId = leaderId;
    it.ofPeer();
  }
  expect(shown.get(names.raftLeaderChanges)).toBe(3);
});

test('O6: the lag of followers is shown while this peer leads; of one that is removed, and of all when it leads no more, it is not', () => {
  const { it, raft, shown } = figures();
  const check = (expected: Readonly<Record<string, number>>): void => {
    it.ofFollowers();
    expect(Object.fromEntries(shown)).toEqual(expected);
  };
  check({});
  raft.followers = () => [follower(2, 10), follower(3, 7)];
  check({ 'raft.follower.lag 2': 0, 'raft.follower.lag 3': 3 });
  raft.followers = () => [follower(3, 9)];
  check({ 'raft.follower.lag 3': 1 });
  raft.followers = () => [];
  check({});
});

test('a tick that is more than half a heartbeat late is counted, and said once in ten seconds with the worst since', () => {
  const { it, warnings, shown } = figures(100);
  let nowMs = 0;
  const tick = (lateMs: number, afterMs: number): void => {
    nowMs += afterMs;
    it.ofTick(lateMs, nowMs);
  };
  tick(50, 50);
  tick(51, 50);
  tick(300, 50);
  tick(80, 50);
  expect(warnings).toEqual([{ tickCount: 1, worstMs: 51 }]);
  tick(0, 20_000);
  tick(60, 50);
  expect(warnings).toEqual([{ tickCount: 1, worstMs: 51 }, { tickCount: 3, worstMs: 300 }]);
  expect([shown.get(names.raftTicksLate), shown.get(`${names.raftTickDelay} observations`)]).toEqual([4, 6]);
});
