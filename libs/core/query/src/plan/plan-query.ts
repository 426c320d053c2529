import { LIMITS } from '@varve/config';
import { timeZoneOf } from '@varve/model';
import type { SelectStatement } from '../influxql/ast.ts';
import { windowsOf, type OuterWindows } from '../influxql/validate-select.ts';
import { checkSelect, isTimeColumn } from './check-select.ts';
import { checkTypes } from './check-types.ts';
import { expandFields, tooManyColumns } from './expand-fields.ts';
import { leastColumnCount } from './least-column-count.ts';
import { PlanColumns } from './plan-columns.ts';
import type { PlanContext } from './plan-context.ts';
import { dimensionKeys, planDimensions } from './plan-dimensions.ts';
import { planProjections } from './plan-projections.ts';
import type { QueryPlan } from './query-plan.ts';
import { resolveSources } from './resolve-sources.ts';
import { planError, type PlanError } from './schema-view.ts';
import { SelectPlanner, type CheckedSelect } from './select-planner.ts';
import { mergedFields, mergedTagKeys } from './select-schema.ts';
import { isOpen, subqueryCount, withConstantsFolded } from './select-sources.ts';
import { splitTime } from './split-time.ts';
import { expandableNames, knownTags } from './subquery-schema.ts';

/** Turns a SELECT into work for shards and for the coordinator, or says in InfluxDB's words why it cannot be done. */
export function planQuery(statement: SelectStatement, context: PlanContext): QueryPlan | PlanError {
  const { subqueryCountMax } = LIMITS;
  if (subqueryCount(statement) > subqueryCountMax) return planError(`more than ${subqueryCountMax} subqueries in one statement`);
  if (leastColumnCount(statement, context) > LIMITS.selectColumnCountMax) return tooManyColumns();
  const planner = plannerOf(statement, context, undefined);
  if ('kind' in planner) return planner;
  const isTooMuch = subqueryCount(statement) + planner.repeatCount > subqueryCountMax;
  return isTooMuch ? planError(`more than ${subqueryCountMax} subqueries and measurements that stand twice in one statement`) : planner.plan();
}

/** Plans a SELECT as far as it can be without the statement around it, its subqueries first: what they answer is what it may name. */
function plannerOf(written: SelectStatement, context: PlanContext, outer: OuterWindows | undefined): SelectPlanner | PlanError {
  const statement = withConstantsFolded(written);
  const timeZone = statement.timeZone === undefined ? undefined : timeZoneOf(statement.timeZone);
  const clock = { nowNs: context.nowNs, timeZone };
  const dimensions = planDimensions(statement.dimensions, clock);
  if (dimensions.kind === 'error') return dimensions;
  const windows = windowsOf(dimensions.window?.everyNs ?? 0n, statement, outer);
  const facts = checkSelect(statement, windows);
  if (facts.kind === 'error') return facts;
  const condition = splitTime(statement.condition, clock);
  if (condition.kind === 'error') return condition;
  const measurements = resolveSources(statement.sources.filter((source) => source.kind === 'measurement'), context);
  if ('kind' in measurements) return measurements;
  const subqueries: SelectPlanner[] = [];
  for (const source of statement.sources) {
    const planner = source.kind === 'subquery' ? plannerOf(source.statement, context, windows) : undefined;
    if (planner !== undefined && 'kind' in planner) return planner;
    if (planner !== undefined) subqueries.push(planner);
  }
  // Nobody would see the empty windows of a subquery.
  const isLean = outer !== undefined && facts.hasCalls && statement.fill.kind === 'null';
  return selectPlanner({ statement: isLean ? { ...statement, fill: { kind: 'none' } } : statement, context, timeZone, dimensions, condition, measurements, subqueries, hasCalls: facts.hasCalls });
}

function selectPlanner(select: CheckedSelect): SelectPlanner | PlanError {
  const { statement, context, measurements } = select;
  const rows = select.subqueries.map(({ schema }) => schema);
  const fields = mergedFields([...measurements, ...rows]);
  const measured = isOpen(statement) ? mergedTagKeys(measurements, context.schema) : [];
  const dimensions = dimensionKeys(select.dimensions, [...measured, ...rows.flatMap((each) => each.dimensions)]);
  const isGroupOpen = select.dimensions.tags.some(({ kind }) => kind !== 'variable');
  const names = { ...expandableNames({ fields, measured, rows }, isGroupOpen ? 'all' : dimensions), showsTagsOfTop: statement.target === undefined };
  const tagsKnown = (): ReadonlySet<string> => knownTags(mergedTagKeys(measurements, context.schema), rows);
  const columns = new PlanColumns(fields, new Set(rows.flatMap((each) => [...each.tagColumns, ...each.dimensions])), tagsKnown);
  const expanded = expandFields(statement.fields.filter(({ expression }) => !isTimeColumn(expression)), names);
  if (!Array.isArray(expanded)) return expanded;
  const typeError = checkTypes(expanded, columns);
  if (typeError !== undefined) return typeError;
  const projections = planProjections(expanded, columns, Number(BigInt.asUintN(32, context.nowNs)));
  return projections.kind === 'error' ? projections : new SelectPlanner(select, { fields: expanded, columns, projections, dimensions }, undefined);
}
