import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { CatalogFollower } from '@varve/kit';
import type { SeriesBlock } from '@varve/model';
import type { QueryRequest, ResultItem, WriteSummary } from '@varve/ports';
import { parseQuery } from '@varve/query';
import { expect, test } from 'vitest';
import { IntoPath, type SelectInto } from './into-path.ts';
import { ItemByItem } from './item-by-item.ts';
import type { QueryPath } from './query-path.ts';
import type { BatchWrite, WritePath } from './write-path.ts';

const BLOCK_ROW_COUNT = 1_000;
const BLOCKS_PER_BATCH = LIMITS.intoRowCountMax / BLOCK_ROW_COUNT;

const BLOCK: SeriesBlock = {
  name: 'm',
  tags: undefined,
  columns: ['time', 'f'],
  times: { ms: Float64Array.from({ length: BLOCK_ROW_COUNT }, (_row, index) => index), subNs: new Int32Array(BLOCK_ROW_COUNT) },
  cells: [Array.from({ length: BLOCK_ROW_COUNT }, (_row, index) => index)],
  rowCount: BLOCK_ROW_COUNT,
  isPartial: false,
};

const CATALOG = { databases: new Map([['d', { defaultRetentionPolicy: 'autogen', retentionPolicies: new Map([['autogen', { measurements: new Map() }]]) }]]) };

/** An answer of many blocks, and writes that end when the test says so. */
class World {
  readonly cancel = new AbortController();
  readonly writes: BatchWrite[] = [];
  readCount = 0;
  isClosed = false;
  summaryOf: (write: BatchWrite) => Promise<WriteSummary> = async ({ batch }) => ({ acceptedRowCount: batch.rowCount, lineErrors: [], dropped: undefined });

  run(blockCount: number, { isReadOnlyMethod = false } = {}): AsyncIterable<ResultItem> {
    const writeBatch = (write: BatchWrite): Promise<WriteSummary> => {
      this.writes.push(write);
      return this.summaryOf(write);
    };
    const plan = { mergePlan: { columnNames: ['time', 'f'], tagColumns: [], projections: [{ kind: 'input', index: 0, type: 'float' }] } };
    const queryPath = { plan: async () => plan, execute: () => this.#blocks(blockCount) };
    const path = new IntoPath({ queryPath: queryPath as unknown as QueryPath, writePath: { writeBatch } as unknown as WritePath, follower: { catalog: CATALOG } as unknown as CatalogFollower });
    const parsed = parseQuery('SELECT f INTO copy FROM m');
    if (parsed.kind === 'error') throw new Error(parsed.message);
    const request = { database: 'd', retentionPolicy: undefined, nowNs: 7n, isReadOnlyMethod } as QueryRequest;
    return new ItemByItem(path.run(parsed.statements[0] as SelectInto, 3, request));
  }

  async *#blocks(count: number): AsyncGenerator<Iterable<SeriesBlock>> {
    try {
      for (let block = 0; block < count; block += 1) {
        if (this.cancel.signal.aborted) throw new DbError('QUERY_INTERRUPTED', 'query interrupted');
        this.readCount += 1;
        yield [BLOCK];
      }
    } finally {
      this.isClosed = true;
    }
  }
}

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('IN1: batches are bounded, and the answer counts all of them', async () => {
  const world = new World();
  const [item, ...rest] = await allOf(world.run(2 * BLOCKS_PER_BATCH + 1));
  expect(world.writes.map(({ batch }) => batch.rowCount)).toEqual([10_000, 10_000, 1_000]);
  expect(world.writes[0]).toMatchObject({ database: 'd', retentionPolicy: 'autogen', level: undefined, nowNs: 7n });
  expect(world.writes.map(({ sizeBytes }) => sizeBytes > 0)).toEqual([true, true, true]);
  expect(item).toMatchObject({ kind: 'rows', statementId: 3, name: 'result', columns: ['time', 'written'], cells: [[21_000]] });
  expect(rest).toEqual([]);
});

test('IN1: while a batch is under way nothing more is read', async () => {
  const world = new World();
  let end = (): void => undefined;
  const { summaryOf } = world;
  world.summaryOf = async (write) => {
    await new Promise<void>((resolve) => (end = resolve));
    return summaryOf(write);
  };
  const answer = allOf(world.run(BLOCKS_PER_BATCH + 3));
  while (world.writes.length === 0) await new Promise((settle) => setTimeout(settle));
  for (let turn = 0; turn < 10; turn += 1) await new Promise((settle) => setTimeout(settle));
  expect(world.readCount).toBe(BLOCKS_PER_BATCH);
  world.summaryOf = summaryOf;
  end();
  await answer;
  expect(world.readCount).toBe(BLOCKS_PER_BATCH + 3);
});

test('IN1: a statement that is interrupted writes no further batch and claims nothing', async () => {
  const world = new World();
  const { summaryOf } = world;
  world.summaryOf = async (write) => {
    world.cancel.abort();
    return summaryOf(write);
  };
  await expect(allOf(world.run(5 * BLOCKS_PER_BATCH))).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
  expect([world.writes.length, world.isClosed]).toEqual([1, true]);
});

test('IN1: a write that fails ends the reading, with the reason of the write', async () => {
  const check = async (summaryOf: World['summaryOf'], expected: object): Promise<void> => {
    const world = new World();
    world.summaryOf = summaryOf;
    await expect(allOf(world.run(5 * BLOCKS_PER_BATCH))).rejects.toMatchObject(expected);
    expect([world.writes.length, world.readCount, world.isClosed]).toEqual([1, BLOCKS_PER_BATCH, true]);
  };

  await check(() => Promise.reject(new DbError('WRITE_TIMEOUT', 'timeout')), { code: 'WRITE_TIMEOUT' });
  await check(async () => ({ acceptedRowCount: 0, lineErrors: [], dropped: { pointCount: 9, reason: 'points beyond retention policy' } }), {
    code: 'WRITE_PARTIAL',
    message: 'partial write: points beyond retention policy dropped=9',
  });
});

test('IN1: who asks by GET is told, with names that say where they belong', async () => {
  const items = await allOf(new World().run(0, { isReadOnlyMethod: true }));
  expect(items).toMatchObject([
    { kind: 'rows', cells: [[0]] },
    { kind: 'message', text: `deprecated use of 'SELECT f INTO d.autogen.copy FROM d.autogen.m' in a read only context, please use a POST request instead` },
  ]);
});
