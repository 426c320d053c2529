import { type Catalog, type Database, type SeriesBlock, type ShownCell, type TimeRange } from '@varve/model';
import { emptyCatalog } from '@varve/model/testing';
import type { ShowStatement } from '../influxql/ast.ts';
import { answerSeries, type SeriesSource } from '../show/answer-series.ts';
import { decodeSeriesPiece, decodeSeriesQuestion, encodeSeriesQuestion, type NamedSeries } from '../show/series-question.ts';
import { SeriesSketch } from '../show/series-sketch.ts';
import { showNeeds } from '../show/show-needs.ts';
import { showRows } from '../show/show-rows.ts';
import { schemaOf, shardsOf, TEST_DATABASE, TEST_POLICY, type Answer, type Sharding } from './memory-engine.ts';
import { memorySource, type TestPoint } from './memory-source.ts';

/** Answers a SHOW statement about points in memory: asks each shard what is needed, collects it, shows it. */
export async function shownAnswer(statement: ShowStatement, points: readonly TestPoint[], sharding?: Sharding): Promise<Answer<ShownCell>> {
  const context = { catalog: catalogOf(points), database: TEST_DATABASE, nowNs: 0n };
  const needs = showNeeds(statement, context);
  if (needs.kind === 'error') return { error: needs.text };
  const collected = needs.kind === 'catalog' ? { names: [], estimate: 0 } : await collect(needs, shardsOf(points, sharding ?? ONE_SHARD));
  const blocks = showRows(statement, { ...context, ...collected });
  if ('kind' in blocks) return { error: blocks.text };
  return blocks.length === 0 ? {} : { series: blocks.map(seriesOf) };
}

const ONE_SHARD: Sharding = { windowNs: 90n * 86_400_000_000_000n, sliceCount: 1 };

async function collect({ parts }: ReturnType<typeof showNeeds> & { readonly kind: 'series' }, shards: ReturnType<typeof shardsOf>): Promise<{ names: NamedSeries[]; estimate: number }> {
  const names: NamedSeries[] = [];
  const sketch = new SeriesSketch();
  for (const { question } of parts) {
    for (const shard of shards) {
      for await (const piece of answerSeries(decodeSeriesQuestion(encodeSeriesQuestion(question)), sourceOf(shard))) {
        if (question.wants === 'sketch') sketch.merge(SeriesSketch.fromBytes(piece));
        else names.push(...decodeSeriesPiece(piece, question.wants));
      }
    }
  }
  return { names, estimate: sketch.estimate() };
}

function sourceOf({ startNs, points }: ReturnType<typeof shardsOf>[number]): SeriesSource {
  const { series } = memorySource(startNs, points);
  const isWithin = (timeNs: bigint, range: TimeRange | undefined): boolean => range === undefined || (timeNs >= range.startNs && timeNs < range.endNs);
  return {
    series,
    hasAny: (measurement, filter) => series(measurement, filter).length > 0,
    tagKeys: (measurement) => [...new Set(series(measurement, { kind: 'all' }).flatMap(({ tags }) => tags.map(([key]) => key)))].sort(),
    tagValues: (measurement, key) => series(measurement, { kind: 'all' }).flatMap(({ tags }) => tags.filter(([name]) => name === key).map(([, value]) => value)),
    hasDeletes: false,
    hasPoint: ({ key }, range) => Promise.resolve(points.some((point) => point.key === key && isWithin(point.timeNs, range))),
  };
}

function catalogOf(points: readonly TestPoint[]): Catalog {
  const schema = schemaOf(points);
  const names = schema.measurements(TEST_DATABASE, TEST_POLICY);
  const database: Database = {
    id: 1,
    name: TEST_DATABASE,
    defaultRetentionPolicy: TEST_POLICY,
    retentionPolicies: new Map([
      [
        TEST_POLICY,
        {
          id: 2,
          name: TEST_POLICY,
          durationNs: 0n,
          shardDurationNs: 168n * 3_600_000_000_000n,
          replicaCount: 1,
          writeLevel: 'one',
          readLevel: 'one',
          shardGroups: [],
          measurements: new Map(names.map((name) => [name, schema.fields(TEST_DATABASE, TEST_POLICY, name)])),
        },
      ],
    ]),
  };
  return { ...emptyCatalog(), databases: new Map([[TEST_DATABASE, database]]) };
}

function seriesOf({ name, tags, columns, cells, rowCount }: SeriesBlock<ShownCell>): NonNullable<Answer<ShownCell>['series']>[number] {
  const values = Array.from({ length: rowCount }, (_row, row): ShownCell[] => cells.map((column) => column[row]!));
  return { ...(name === '' ? {} : { name }), ...(tags === undefined ? {} : { tags: Object.fromEntries(tags) }), columns, values };
}
