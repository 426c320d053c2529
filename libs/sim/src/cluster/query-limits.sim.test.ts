import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { queryRequest, readItems } from '../workload.ts';
import { startCalmCluster, type CalmCluster } from './calm-cluster.ts';

// Methodology: two coordinators of a calm cluster. A query runs for as long as nobody takes the rest of its items.

const TIMEOUT_MS = 5_000;
const HELD = 'SHOW DATABASES; SHOW DATABASES; SHOW DATABASES';

/** A query that rests behind its first item. */
interface HeldQuery {
  /** What comes behind it. */
  rest(): Promise<readonly ResultItem[]>;
}

async function held({ scheduler, gateway }: CalmCluster, at: number): Promise<HeldQuery> {
  const items = gateway(at).runQuery(queryRequest(HELD))[Symbol.asyncIterator]();
  expect((await scheduler.runUntilSettled(items.next())).value).toMatchObject({ kind: 'rows', name: 'databases' });
  const rest = async (): Promise<readonly ResultItem[]> => {
    const found: ResultItem[] = [];
    for (let next = await items.next(); next.done !== true; next = await items.next()) found.push(next.value);
    return found;
  };
  return { rest: () => scheduler.runUntilSettled(rest()) };
}

function errorsOf(items: readonly ResultItem[]): readonly string[] {
  return items.flatMap((item) => (item.kind === 'error' ? [`${item.statementId} ${item.text}`] : []));
}

async function errorsAt({ scheduler, gateway }: CalmCluster, at: number, text = HELD): Promise<readonly string[]> {
  return errorsOf(await scheduler.runUntilSettled(readItems(gateway(at), text)));
}

test('KQ4 KQ5 there is room for so many queries on all coordinators together, and who has it keeps it', async () => {
  const world = await startCalmCluster({ seed: 31, limits: { concurrentQueryCountMax: 2 }, replicaCount: 1 });
  const [first, second] = [await held(world, 0), await held(world, 1)];
  for (const at of [0, 1, 0]) expect(await errorsAt(world, at)).toEqual(['0 max-concurrent-queries limit exceeded(2, 2)']);
  for (const at of [0, 1]) expect(await errorsAt(world, at, 'SHOW QUERIES; KILL QUERY 5')).toEqual(['1 no such query id: 5']);
  expect(errorsOf(await first.rest())).toEqual([]);
  for (const at of [0, 1]) expect(await errorsAt(world, at)).toEqual([]);
  expect(errorsOf(await second.rest())).toEqual([]);
});

test('KQ5 of two that begin at once on two coordinators never both run where there is room for one', async () => {
  const world = await startCalmCluster({ seed: 32, limits: { concurrentQueryCountMax: 1 }, replicaCount: 1 });
  const { scheduler, gateway } = world;
  for (let round = 0; round < 20; round += 1) {
    const iterators = [0, 1].map((at) => gateway(at).runQuery(queryRequest(HELD))[Symbol.asyncIterator]());
    const begun = await scheduler.runUntilSettled(Promise.all(iterators.map((each) => each.next())));
    expect(begun.filter(({ value }) => value?.kind === 'rows').length).toBeLessThanOrEqual(1);
    await scheduler.runUntilSettled(Promise.all(iterators.map((each) => each.return!())));
    expect(await errorsAt(world, round % 2)).toEqual([]);
  }
});

test('KQ5 a coordinator that does not answer counts as nothing', async () => {
  const world = await startCalmCluster({ seed: 33, limits: { concurrentQueryCountMax: 1 }, replicaCount: 1 });
  await held(world, 1);
  expect(await errorsAt(world, 0)).toEqual(['0 max-concurrent-queries limit exceeded(1, 1)']);
  world.cluster.coordinators[1]!.kill();
  expect(await errorsAt(world, 0)).toEqual([]);
});

test('KQ6 the time of a query is that of all its statements together', async () => {
  const world = await startCalmCluster({ seed: 34, limits: { queryTimeoutMs: TIMEOUT_MS }, replicaCount: 1 });
  const { scheduler, gateway } = world;
  const items = gateway().runQuery(queryRequest(HELD))[Symbol.asyncIterator]();
  await scheduler.runUntilSettled(items.next()); // Its rows,
  await scheduler.runUntilSettled(items.next()); // its end.
  await scheduler.runFor(TIMEOUT_MS * 0.6);
  for (let item = 0; item < 2; item += 1) expect((await scheduler.runUntilSettled(items.next())).value).toMatchObject({ kind: item === 0 ? 'rows' : 'done', statementId: 1 });
  await scheduler.runFor(TIMEOUT_MS * 0.6);
  expect((await scheduler.runUntilSettled(items.next())).value).toEqual({ kind: 'error', statementId: 2, text: 'query-timeout limit exceeded', code: 'QUERY_INTERRUPTED' });
  await scheduler.runUntilSettled(items.return!());

  const late = await held(world, 1);
  await scheduler.runFor(TIMEOUT_MS * 1.2);
  expect(errorsOf(await late.rest())).toEqual(['1 query-timeout limit exceeded', '2 not executed']);
});
