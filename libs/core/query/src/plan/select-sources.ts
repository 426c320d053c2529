import type { Expr, MeasurementSource, SelectField, SelectStatement } from '../influxql/ast.ts';
import { foldWhole } from '../influxql/fold-constants.ts';
import { resolveSources, type SourceDefaults } from './resolve-sources.ts';
import type { PlanError } from './schema-view.ts';
import type { SourceMeasurement } from './select-schema.ts';

/** Whether tag keys of measurements must be collected before the statement can be planned: its own, or those of a subquery. */
export function needsTagKeys(statement: SelectStatement): boolean {
  return openSources(statement).length > 0;
}

/** The measurements whose tag keys a statement needs: those in FROM of a SELECT, at any level, that names no keys. */
export function selectMeasurements(statement: SelectStatement, context: SourceDefaults): readonly SourceMeasurement[] | PlanError {
  return resolveSources(openSources(statement), context);
}

/** Whether wildcards or patterns stand for columns or dimensions, which are the schema's. */
export function isOpen(statement: SelectStatement): boolean {
  return statement.fields.some(({ expression }) => standsForSeveral(expression)) || statement.dimensions.some(standsForSeveral);
}

/** `(*)` is a wildcard, too. */
function standsForSeveral(expression: Expr): boolean {
  return expression.kind === 'paren' ? standsForSeveral(expression.inner) : expression.kind === 'wildcard' || expression.kind === 'regex';
}

/** Also without parentheses around a whole field or dimension. */
export function withConstantsFolded(statement: SelectStatement): SelectStatement {
  return { ...statement, fields: statement.fields.map(foldedField), dimensions: statement.dimensions.map(foldWhole) };
}

function foldedField(field: SelectField): SelectField {
  const expression = foldWhole(field.expression);
  return expression === field.expression ? field : { expression, alias: field.alias };
}

/** How many subqueries there are, at all levels. */
export function subqueryCount({ sources }: SelectStatement): number {
  return sources.reduce((count, source) => count + (source.kind === 'subquery' ? 1 + subqueryCount(source.statement) : 0), 0);
}

function openSources(statement: SelectStatement): readonly MeasurementSource[] {
  const hasOpen = isOpen(statement);
  return statement.sources.flatMap((source) => {
    if (source.kind === 'subquery') return openSources(source.statement);
    return hasOpen ? [source] : [];
  });
}
