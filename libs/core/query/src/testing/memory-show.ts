import { matchesTags, parseSeriesKey, type Catalog, type Database, type SeriesBlock, type ShownCell } from '@varve/model';
import { emptyCatalog } from '@varve/model/testing';
import type { ShowStatement } from '../influxql/ast.ts';
import { compileTagFilter } from '../plan/tag-expression.ts';
import { tagValue } from '../operators/series-groups.ts';
import { showNeeds } from '../show/show-needs.ts';
import { showRows } from '../show/show-rows.ts';
import { schemaOf, TEST_DATABASE, TEST_POLICY, type Answer } from './memory-engine.ts';
import type { TestPoint } from './memory-source.ts';

/** Answers a SHOW statement about points in memory: asks what is needed, collects it, shows it. */
export function shownAnswer(statement: ShowStatement, points: readonly TestPoint[]): Answer<ShownCell> {
  const context = { catalog: catalogOf(points), database: TEST_DATABASE };
  const needs = showNeeds(statement, context);
  if (needs.kind === 'error') return { error: needs.text };
  const seriesKeys = needs.kind === 'series' ? collected(needs, points) : [];
  const measurements = needs.kind === 'measurements' ? new Set(needs.measurements) : undefined;
  const blocks = showRows(statement, { ...context, seriesKeys, measurements });
  if ('kind' in blocks) return { error: blocks.text };
  return blocks.length === 0 ? {} : { series: blocks.map(seriesOf) };
}

function collected(needs: ReturnType<typeof showNeeds> & { readonly kind: 'series' }, points: readonly TestPoint[]): string[] {
  const filter = compileTagFilter(needs.filter);
  return points.flatMap(({ key }) => {
    const { measurement, tags } = parseSeriesKey(key);
    return needs.measurements.includes(measurement) && matchesTags(filter, (name) => tagValue(tags, name)) ? [key] : [];
  });
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

function seriesOf({ name, columns, cells, rowCount }: SeriesBlock<ShownCell>): NonNullable<Answer<ShownCell>['series']>[number] {
  const values = Array.from({ length: rowCount }, (_row, row): ShownCell[] => cells.map((column) => column[row]!));
  return { ...(name === '' ? {} : { name }), columns, values };
}
