import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@varve/base';
import { query, write } from '@varve/http-adapter/testing';
import { expect } from 'vitest';
import { clusterTest, dataNodeIds, eventually, metricOf, startTestCluster, type TestCluster } from './testing/test-cluster.ts';

const CYCLE_COUNT = 20;
const WRITER_COUNT = 4;
const POINTS_PER_BATCH = 10;
const LANE_COUNT = 20;
/** Load before and after each kill. */
const LOAD_MS = 600;
const EQUAL_TIMEOUT_MS = 60_000;
const BACK_TIMEOUT_MS = 30_000;

// Real processes over a real NATS: four writers at W=quorum through both coordinators, points that never repeat. In each
// cycle a process is killed, data-shard, meta leader, coordinator, repair and NATS first and then any of them, and comes
// back. In the end each replica, read alone, must have every acknowledged point and none that was never sent.
clusterTest('W1, W5: what was acknowledged at quorum survives kill -9 of any process, and all replicas become equal', async () => {
  const cluster = await startTestCluster();
  await query(cluster.urls[0]!, 'CREATE DATABASE crash WITH REPLICATION 3');
  const load = new Load(cluster.urls);
  const random = new Prng(20_261_123);
  let hintCount = 0;
  for (let cycle = 0; cycle < CYCLE_COUNT; cycle += 1) {
    const victim = FIRST_VICTIMS[cycle]?.(cluster) ?? random.pick([...cluster.pids().keys()]);
    const writing = load.run();
    await sleep(LOAD_MS);
    const refusedBefore = load.refusedCount;
    const lineCount = cluster.lines.length;
    cluster.kill(victim);
    await sleep(LOAD_MS);
    await cluster.untilReady(victim, lineCount);
    await eventually(BACK_TIMEOUT_MS, 'both coordinators write at quorum again', () => load.isAckedByAll());
    load.stop();
    await writing;
    hintCount += await metricOf(cluster.statusUrls().get('repair1')!, 'varve_hint_events_total');
    if (victim.startsWith('data')) expect(load.refusedCount - refusedBefore, `requests that failed while ${victim} was away:\n${cluster.lines.slice(lineCount).join('\n')}`).toBe(0);
  }
  await expectEqualReplicas(cluster, load);
  const repair = cluster.statusUrls().get('repair1')!;
  await eventually(EQUAL_TIMEOUT_MS, 'hints drain', async () => (await metricOf(repair, 'varve_hint_queue_size_bytes')) === 0);
  expect(hintCount, 'hints that were stored and delivered').toBeGreaterThan(0);
  expect(load.acked.size).toBeGreaterThan(CYCLE_COUNT * POINTS_PER_BATCH);
  console.info(`${CYCLE_COUNT} kills: ${load.acked.size} of ${load.sent.size} points acknowledged, ${load.refusedCount} requests refused or cut off: nothing lost, replicas equal`);
});

/** The kinds of which each must be killed once at least. */
const FIRST_VICTIMS: readonly ((cluster: TestCluster) => string)[] = [() => 'data2', leaderOf, () => 'coordinator1', () => 'repair1', () => 'nats1'];

function leaderOf(cluster: TestCluster): string {
  return cluster.lines.findLast((line) => line.includes('Leading the meta group  '))!.split(' ')[0]!;
}

/** Each replica alone, by `node_id=`: the same points in all, every acknowledged one among them, and none that nobody sent. */
async function expectEqualReplicas(cluster: TestCluster, load: Load): Promise<void> {
  const nodes = await dataNodeIds(cluster.urls[0]!);
  expect(nodes).toHaveLength(3);
  let replicas: readonly ReadonlySet<string>[] = [];
  await eventually(EQUAL_TIMEOUT_MS, 'the replicas are equal and complete', async () => {
    replicas = await Promise.all(nodes.map((node) => pointsOf(cluster.urls[1]!, node)));
    return replicas.every((points) => points.size === replicas[0]!.size && missingFrom(points, load.acked).length === 0);
  });
  for (const points of replicas) {
    expect(missingFrom(replicas[0]!, points)).toEqual([]);
    expect(missingFrom(load.sent, points), 'points that nobody sent').toEqual([]);
  }
}

async function pointsOf(url: string, node: number): Promise<Set<string>> {
  const series = await query(url, 'SELECT lane, value FROM crash', { db: 'crash', epoch: 's', node_id: String(node) });
  return new Set(series.flatMap(({ values }) => values.map((cells) => cells.join(' '))));
}

/** At most ten, to keep a failure readable. */
function missingFrom(present: ReadonlySet<string>, wanted: ReadonlySet<string>): string[] {
  return [...wanted].filter((point) => !present.has(point)).slice(0, 10);
}

/** Writers that go to the other coordinator when one fails. */
class Load {
  readonly sent = new Set<string>();
  readonly acked = new Set<string>();
  refusedCount = 0;
  readonly #urls: readonly string[];
  #nextNumber = 0;
  #isStopped = false;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** Resolves when all writers have stopped. */
  async run(): Promise<void> {
    this.#isStopped = false;
    await Promise.all(Array.from({ length: WRITER_COUNT }, (_, writer) => this.#write(writer)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** One write through each coordinator. */
  async isAckedByAll(): Promise<boolean> {
    const answers = await Promise.all(this.#urls.map((url) => write(url, 'crash', 'probe value=1i 1', { precision: 's', consistency: 'quorum' }).catch(() => undefined)));
    return answers.every((answer) => answer?.status === 204);
  }

  async #write(writer: number): Promise<void> {
    let turn = writer;
    while (!this.#isStopped) {
      const numbers = Array.from({ length: POINTS_PER_BATCH }, () => (this.#nextNumber += 1));
      const points = numbers.map((number) => ({ number, lane: `lane${number % LANE_COUNT}`, text: `${number} lane${number % LANE_COUNT} ${number * 7}` }));
      for (const { text } of points) this.sent.add(text);
      const lines = points.map(({ number, lane }) => `crash,lane=${lane} value=${number * 7}i ${number}`).join('\n');
      if (await this.#isAcked(this.#urls[turn % this.#urls.length]!, lines)) for (const { text } of points) this.acked.add(text);
      else turn += 1;
      await sleep(25);
    }
  }

  async #isAcked(url: string, lines: string): Promise<boolean> {
    try {
      const { status, text } = await write(url, 'crash', lines, { precision: 's', consistency: 'quorum' });
      if (status !== 204) expect([500, 503, 504], text).toContain(status);
      if (status === 204) return true;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // fetch's own failure: the coordinator is gone
    }
    this.refusedCount += 1;
    return false;
  }
}
