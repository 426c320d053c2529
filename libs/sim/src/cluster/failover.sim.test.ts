import { LIMITS } from '@varve/config';
import type { Bus, ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { queryRequest, readItems, writeRequest } from '../workload.ts';
import { startCalmCluster, type CalmCluster, type CalmClusterOptions } from './calm-cluster.ts';

// Methodology: shards whose answers take more frames than a producer may send ahead, so that an owner that is killed when the first rows have come has not sent
// all of them. Each data node in turn is killed, or hangs; the answer is compared with the one before.
const DAY_NS = 86_400_000_000_000n;
const DAY_COUNT = 2;
const ROWS_PER_DAY = 90;
/** Two rows to a frame. */
const TEXT = 'x'.repeat(60_000);

const QUERIES = ['SELECT i, s FROM m', 'SELECT i, s FROM m ORDER BY time DESC', 'SELECT i, s FROM m GROUP BY t', 'SELECT first(s), i FROM m WHERE time >= 0 AND time < 2d GROUP BY time(1h), t fill(none)', 'SELECT top(i, 200), s FROM m'];

async function filled(replicaCount: number, seams: CalmClusterOptions['seams'] = {}): Promise<CalmCluster> {
  const calm = await startCalmCluster({ seed: 23, replicaCount, seams });
  const { scheduler, gateway, until } = calm;
  for (let row = 0; row < DAY_COUNT * ROWS_PER_DAY; row += 1) {
    const line = `m,t=${row % 3} i=${row}i,s="${row}${TEXT}" ${BigInt(row % DAY_COUNT) * DAY_NS + BigInt(row) * 1_000_000_000_000n}`;
    let isDone = false;
    await until(() => {
      if (!isDone) void gateway().writePoints(writeRequest(line, 'all')).then(() => (isDone = true), () => undefined);
      return isDone;
    });
  }
  await scheduler.runFor(10_000);
  return calm;
}

/** What a client gets; `onFirst` happens when the first rows are there. */
async function readWith({ scheduler, gateway }: CalmCluster, text: string, onFirst: () => void): Promise<readonly ResultItem[]> {
  const iterator = gateway().runQuery(queryRequest(text))[Symbol.asyncIterator]();
  const items: ResultItem[] = [];
  for (let next = await scheduler.runUntilSettled(iterator.next()); next.done !== true; next = await scheduler.runUntilSettled(iterator.next())) {
    if (items.length === 0) onFirst();
    items.push(next.value);
  }
  return items;
}

/** Cells row by row: into how many items they are cut may differ. */
const rowsOf = (items: readonly ResultItem[]): readonly unknown[] =>
  items.flatMap((item) => (item.kind === 'rows' ? Array.from({ length: item.rowCount }, (_, row) => [item.tags, item.times?.ms[row], ...item.cells.map((cells) => String(cells[row]).slice(0, 9))]) : []));
const restOf = (items: readonly ResultItem[]): readonly ResultItem[] => items.filter(({ kind }) => kind !== 'rows');
const DONE = [{ kind: 'done', statementId: 0 }];

test('Q4: an owner that is killed in the middle of its answer is followed by the next one, and no row is lost or comes twice', async () => {
  const calm = await filled(2);
  const { cluster, scheduler, untilServing } = calm;
  for (const text of QUERIES) {
    const whole = await scheduler.runUntilSettled(readItems(calm.gateway(), text));
    expect(rowsOf(whole).length, text).toBeGreaterThan(20);
    for (const data of cluster.datas) {
      const items = await readWith(calm, text, () => data.kill());
      expect(restOf(items), text).toEqual(DONE);
      expect(rowsOf(items), text).toEqual(rowsOf(whole));
      data.start();
      await untilServing();
    }
  }
}, 120_000);

test('Q9: where nobody else has the shard, an owner that is killed in the middle of its answer makes it partial: what came before is told', async () => {
  const calm = await filled(1);
  const { cluster, scheduler, untilServing } = calm;
  let partialCount = 0;
  for (const text of QUERIES) {
    const whole = new Set(rowsOf(await scheduler.runUntilSettled(readItems(calm.gateway(), text))).map((row) => JSON.stringify(row)));
    for (const data of cluster.datas) {
      const items = await readWith(calm, text, () => data.kill());
      const rows = rowsOf(items).map((row) => JSON.stringify(row));
      expect(rows.every((row) => whole.has(row)) && new Set(rows).size === rows.length, text).toBe(true);
      const isPartial = items.some(({ kind }) => kind === 'partial');
      if (isPartial) partialCount += 1;
      else expect(rows.length, text).toBe(whole.size);
      expect(items.some(({ kind }) => kind === 'error'), text).toBe(false);
      data.start();
      await untilServing();
    }
  }
  expect(partialCount, 'some were in the middle of it').toBeGreaterThan(0);
}, 120_000);

test('Q4: a hung owner is waited for once in a statement, whichever of its shards and streams come after', async () => {
  for (const replicaCount of [1, 2]) {
    const calm = await filled(replicaCount);
    const { cluster, scheduler, gateway } = calm;
    for (const text of [...QUERIES, 'SHOW TAG VALUES WITH KEY = t', 'SELECT * FROM m']) {
      const whole = rowsOf(await scheduler.runUntilSettled(readItems(gateway(), text)));
      cluster.datas[1]!.process!.pause();
      const startedMs = scheduler.nowMs;
      const items = await scheduler.runUntilSettled(readItems(gateway(), text));
      expect(scheduler.nowMs - startedMs, `${text}, N = ${replicaCount}`).toBeLessThan(LIMITS.streamIdleTimeoutMs + 1_000);
      if (replicaCount > 1) expect([restOf(items), rowsOf(items)], text).toEqual([DONE, whole]);
      cluster.datas[1]!.process!.resume();
      await calm.untilServing();
      await scheduler.runFor(5_000);
    }
  }
}, 120_000);

test('Q12: a part of an answer that is lost on the way is no silence: its owner is asked again, alone or not', async () => {
  let countdown = 0;
  const dropping = (bus: Bus): Bus =>
    new Proxy(bus, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'publish') return (value as () => unknown).bind(target);
        return (subject: string, payload: Uint8Array) => {
          if (payload.length > TEXT.length) countdown -= 1;
          if (countdown !== 0 || payload.length <= TEXT.length) target.publish(subject, payload);
        };
      },
    });
  for (const replicaCount of [1, 2]) {
    const calm = await filled(replicaCount, { dataBus: dropping });
    const whole = rowsOf(await calm.scheduler.runUntilSettled(readItems(calm.gateway(), QUERIES[0]!)));
    for (const lost of [1, 2, 5, 9]) {
      countdown = lost;
      const items = await calm.scheduler.runUntilSettled(readItems(calm.gateway(), QUERIES[0]!));
      expect(countdown, 'one was lost').toBeLessThanOrEqual(0);
      expect([restOf(items), rowsOf(items)], `N = ${replicaCount}, part ${lost}`).toEqual([DONE, whole]);
    }
  }
}, 120_000);
