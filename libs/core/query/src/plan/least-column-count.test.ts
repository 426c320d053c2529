import { expect, test } from 'vitest';
import { parseOne, schemaOf, TEST_DATABASE } from '../testing/memory-engine.ts';
import { parseTestLines } from '../testing/test-lines.ts';
import { leastColumnCount } from './least-column-count.ts';
import { planQuery } from './plan-query.ts';
import type { PlanContext } from './plan-context.ts';

const POINTS = parseTestLines('m,h=a f=1,i=1i,s="x" 1\nn,h=a f=1,g=2 1');
const SCHEMA = schemaOf(POINTS);
const CONTEXT: PlanContext = { nowNs: 10n, database: TEST_DATABASE, retentionPolicy: undefined, schema: SCHEMA, limits: { selectBucketCountMax: 0, windowCountMax: 1_000 } };

function statementOf(query: string) {
  const statement = parseOne(query);
  if (typeof statement === 'string' || statement.kind !== 'select') throw new Error(`not a SELECT: ${query}`);
  return statement;
}

const nested = (levels: number): string => (levels === 0 ? 'SELECT * FROM m' : `SELECT *, * FROM (${nested(levels - 1)})`);

test.each([
  [nested(0), 3],
  [nested(5), 96],
  [nested(14), 49_152],
  ['SELECT *, f FROM m', 3],
  ['SELECT *::tag FROM m', 0],
  ['SELECT mean(*) FROM m', 0],
  ['SELECT * FROM m, n', 3],
  ['SELECT f FROM (SELECT *, * FROM m)', 6],
  ['SELECT * FROM nope', 0],
])('columns are counted before they are made: %s', (query, count) => {
  const statement = statementOf(query);
  expect(leastColumnCount(statement, CONTEXT)).toBe(count);
  const plan = planQuery(statement, CONTEXT);
  if (!('kind' in plan) && !query.startsWith('SELECT f')) expect(plan.mergePlan.projections.length).toBeGreaterThanOrEqual(count);
});

test('too many columns are refused before any is made', () => {
  const schema = { ...SCHEMA, resolvePolicy: SCHEMA.resolvePolicy.bind(SCHEMA), fields: SCHEMA.fields.bind(SCHEMA), measurements: SCHEMA.measurements.bind(SCHEMA), tagKeys: () => expect.fail('names were looked for') };
  expect(planQuery(statementOf(nested(14)), { ...CONTEXT, schema })).toMatchObject({ kind: 'error', text: 'a SELECT may have 16384 columns: this one has more, name fewer fields' });
});
