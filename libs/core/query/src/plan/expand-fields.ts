import { LIMITS } from '@varve/config';
import type { FieldType } from '@varve/model';
import { FUNCTIONS } from '../functions/function-table.ts';
import { textMatcher } from '../influxql/text-matcher.ts';
import type { Call, Expr, SelectField, Variable } from '../influxql/ast.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import { isFunction } from './check-select.ts';
import { fieldName } from './column-names.ts';
import { planError, type PlanError } from './schema-view.ts';

/** The names that a wildcard or a pattern in a select list can stand for. */
export interface ExpandableNames {
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Without those that the answer is grouped by. */
  readonly tagKeys: readonly string[];
  /** Whether the tags in a call of top() or bottom() are columns behind it. */
  readonly showsTagsOfTop: boolean;
}

/** A field of the answer. */
export interface ExpandedField extends SelectField {
  /** A tag in a call of top() or bottom() that is none of the columns: INTO writes it as a tag. */
  readonly tagOfTop?: string;
  /** A tag in a call of top() or bottom() that is one of the columns: a statement around may name it, and `*` there does not stand for it. */
  readonly isUnlisted?: boolean;
}

/**
 * Replaces `*` and patterns, alone or as a function's argument, by the columns they stand for, sorted by name. Tags of top() stand
 * behind it, or behind all columns where they are none. A `*` in each of some nested subqueries doubles them, so they are bounded.
 */
export function expandFields(fields: readonly SelectField[], names: ExpandableNames): ExpandedField[] | PlanError {
  const { selectColumnCountMax } = LIMITS;
  const columns: ExpandedField[] = [];
  for (const field of fields) {
    for (const column of expandField(field, names)) columns.push(column);
    if (columns.length > selectColumnCountMax) return tooManyColumns();
  }
  return names.showsTagsOfTop ? listedOnce(columns) : [...columns, ...fields.flatMap(tagsOfTop)];
}

/** Of a tag that is selected beside the call, too, the column that has its name is listed. */
function listedOnce(columns: ExpandedField[]): ExpandedField[] {
  const keys = (isUnlisted: boolean): ReadonlySet<string | undefined> => new Set(columns.filter((column) => (column.isUnlisted === true) === isUnlisted).map(keyOf));
  const [inCalls, beside] = [keys(true), keys(false)];
  const isInBoth = (key: string | undefined): boolean => key !== undefined && inCalls.has(key) && beside.has(key);
  return inCalls.size === 0 ? columns : columns.map((column) => (isInBoth(keyOf(column)) ? { ...column, isUnlisted: column.isUnlisted !== true } : column));
}

/** What a column without another name is called after. */
function keyOf({ expression, alias }: ExpandedField): string | undefined {
  return expression.kind === 'variable' && alias === undefined ? expression.name : undefined;
}

export function tooManyColumns(): PlanError {
  return planError(`a SELECT may have ${LIMITS.selectColumnCountMax} columns: this one has more, name fewer fields`);
}

function tagsOfTop({ expression }: SelectField): ExpandedField[] {
  if (!isTopOrBottom(expression)) return [];
  return expression.args.slice(1, -1).flatMap((tag) => (tag.kind === 'variable' ? [{ expression: tag, alias: undefined, tagOfTop: tag.name }] : []));
}

function isTopOrBottom(expression: Expr): expression is Call {
  return expression.kind === 'call' && (expression.name === 'top' || expression.name === 'bottom');
}

function expandField(field: SelectField, names: ExpandableNames): ExpandedField[] {
  const { expression, alias } = field;
  if (expression.kind === 'wildcard' || expression.kind === 'regex') {
    return columnsOf(expression, names).map((column) => ({ expression: column, alias: undefined }));
  }
  if (names.showsTagsOfTop && isTopOrBottom(expression)) {
    return [field, ...expression.args.slice(1, -1).map((tag) => ({ expression: tag, alias: undefined, isUnlisted: true }))];
  }
  const calls = expression.kind === 'call' ? expandCall(expression, names) : undefined;
  if (calls === undefined) return [field];
  const prefix = alias ?? fieldName(expression);
  return calls.map(({ call, column }) => ({ expression: call, alias: `${prefix}_${column}` }));
}

/** A call of the columns that its first argument stands for, or the first argument of that, and so on down; undefined: of none. */
function expandCall(call: Call, names: ExpandableNames): { readonly call: Call; readonly column: string }[] | undefined {
  const [argument] = call.args;
  if (argument?.kind === 'call') return expandCall(argument, names)?.map((inner) => ({ call: withFirst(call, inner.call), column: inner.column }));
  if (argument?.kind !== 'wildcard' && argument?.kind !== 'regex') return undefined;
  return columnsOf(argument, names)
    .filter((column) => isTaken(call.name, column, names.fields))
    .map((column) => ({ call: withFirst(call, column), column: column.name }));
}

function withFirst(call: Call, argument: Expr): Call {
  return { ...call, args: [argument, ...call.args.slice(1)] };
}

function columnsOf(expression: Expr & { readonly kind: 'wildcard' | 'regex' }, { fields, tagKeys }: ExpandableNames): Variable[] {
  const matches = expression.kind === 'regex' ? textMatcher(expression.pattern) : () => true;
  const only = expression.kind === 'wildcard' ? expression.only : undefined;
  const columns: Variable[] = [];
  if (only !== 'tag') for (const [name, type] of fields) columns.push({ kind: 'variable', name, type });
  if (only !== 'field') for (const name of tagKeys) columns.push({ kind: 'variable', name, type: 'tag' });
  // Of a field and a tag with one name the field comes first; the sort is stable.
  return columns.filter(({ name }) => matches(name)).sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

/** A wildcard stands for the fields whose type the function takes. */
function isTaken(functionName: string, { name, type }: Variable, fields: ReadonlyMap<string, FieldType>): boolean {
  if (type === 'tag') return false;
  return takenTypes(functionName).includes(fields.get(name)!);
}

function takenTypes(functionName: string): readonly FieldType[] {
  if (functionName === 'count_hll') return ['string'];
  const definition = isFunction(functionName) ? FUNCTIONS[functionName] : TRANSFORMATIONS.get(functionName);
  return definition?.argumentTypes ?? ['float', 'integer'];
}
