import type { Expr, SelectField, SelectStatement, Variable } from '../influxql/ast.ts';
import { childrenOf } from '../influxql/expression-tree.ts';
import { foldWhole } from '../influxql/fold-constants.ts';
import { foldCondition } from './fold-condition.ts';
import { resolveSources, sourceId, type SourceDefaults } from './resolve-sources.ts';
import type { PlanError } from './schema-view.ts';
import type { SourceMeasurement } from './select-schema.ts';

/**
 * Whether tag keys of measurements may have to be collected before the statement can be planned, its own or those of a subquery;
 * which ones, `selectMeasurements` says.
 */
export function needsTagKeys(statement: SelectStatement): boolean {
  return needsKeys(statement, false);
}

function needsKeys(statement: SelectStatement, isInner: boolean): boolean {
  if (askedNames(statement, isInner)?.length !== 0 && statement.sources.some(({ kind }) => kind === 'measurement')) return true;
  return subqueriesOf(statement).some((each) => needsKeys(each, true));
}

/**
 * The measurements whose tag keys a statement needs: those in FROM of a SELECT, at any level, that names no keys, or that computes
 * with a name which is no field, or of which a subquery has a column. Arithmetic with a tag is refused, and with a name that
 * nobody has it is null; a subquery has no column of such a name.
 */
export function selectMeasurements(statement: SelectStatement, context: SourceDefaults): readonly SourceMeasurement[] | PlanError {
  const needed = new Map<string, SourceMeasurement>();
  return addNeeded(statement, context, { isInner: false, needed }) ?? [...needed.values()];
}

interface Need {
  /** Whether it is a subquery. */
  readonly isInner: boolean;
  /** By name, policy and database. */
  readonly needed: Map<string, SourceMeasurement>;
}

function addNeeded(statement: SelectStatement, context: SourceDefaults, { isInner, needed }: Need): PlanError | undefined {
  const asked = askedNames(statement, isInner);
  if (asked?.length !== 0) {
    const measurements = resolveSources(statement.sources.filter((source) => source.kind === 'measurement'), context);
    if ('kind' in measurements) return measurements;
    const isField = ({ name }: Variable): boolean => measurements.some(({ fields }) => fields.has(name));
    const isNeeded = asked === undefined || !asked.every(isField);
    if (isNeeded) for (const each of measurements) needed.set(sourceId(each), each);
  }
  for (const inner of subqueriesOf(statement)) {
    const problem = addNeeded(inner, context, { isInner: true, needed });
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The names of which it matters whether they are tags; undefined: of all that measurements have. */
function askedNames(statement: SelectStatement, isInner: boolean): readonly Variable[] | undefined {
  if (isOpen(statement)) return undefined;
  const names = arithmeticNames(statement);
  if (!isInner) return names;
  return [...names, ...statement.fields.flatMap(({ expression }) => columnsLike(expression))];
}

/** The names that stand for columns as they are: the field itself, and tags in top() and bottom(). */
function columnsLike(expression: Expr): readonly Variable[] {
  const names = expression.kind === 'call' && (expression.name === 'top' || expression.name === 'bottom') ? expression.args.slice(1, -1) : [expression];
  return names.filter((name): name is Variable => name.kind === 'variable' && name.type === undefined);
}

/** The names of which a select list computes something, but for those that say what they are. */
function arithmeticNames({ fields }: SelectStatement): readonly Variable[] {
  const names: Variable[] = [];
  for (const { expression } of fields) addNames(expression, false, names);
  return names;
}

function addNames(expression: Expr, isOperand: boolean, names: Variable[]): void {
  if (expression.kind === 'variable' && isOperand && expression.type === undefined && expression.name !== 'time') names.push(expression);
  for (const child of childrenOf(expression)) addNames(child, isOperand || expression.kind === 'binary', names);
}

function subqueriesOf({ sources }: SelectStatement): readonly SelectStatement[] {
  return sources.flatMap((source) => (source.kind === 'subquery' ? [source.statement] : []));
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
  const condition = statement.condition && foldCondition(statement.condition);
  return { ...statement, condition, fields: statement.fields.map(foldedField), dimensions: statement.dimensions.map(foldWhole) };
}

function foldedField(field: SelectField): SelectField {
  const expression = foldWhole(field.expression);
  return expression === field.expression ? field : { expression, alias: field.alias };
}

/** How many subqueries there are, at all levels. */
export function subqueryCount({ sources }: SelectStatement): number {
  return sources.reduce((count, source) => count + (source.kind === 'subquery' ? 1 + subqueryCount(source.statement) : 0), 0);
}
