import type { FieldType, TagExpression } from '@varve/model';
import type { BinaryExpr, Expr, Variable } from '../influxql/ast.ts';
import { MATH_FUNCTIONS } from '../influxql/math-functions.ts';
import type { Expression } from './expression.ts';
import { literalExpression } from './literal-expression.ts';
import type { ColumnOrigin } from './shard-plan.ts';
import { bothOf, eitherOf, NO_SERIES } from './tag-expression.ts';

/** What a condition on tags and fields asks of one measurement. */
export interface PlannedCondition {
  /** Holds for the tags of every row that passes. */
  readonly tagFilter: TagExpression;
  /** What the tag filter does not decide; undefined: nothing. */
  readonly rowFilter: Expression | undefined;
  /** The inputs of the row filter. */
  readonly filterColumns: readonly ColumnOrigin[];
}

/**
 * Splits a condition into a predicate on series and one on rows. A name that is no field of the measurement is a tag. A
 * comparison of a tag with a text or a pattern becomes part of the series predicate; where it stands beside fields below
 * an OR, the row predicate asks it again.
 */
export function planCondition(condition: Expr | undefined, fields: ReadonlyMap<string, FieldType>): PlannedCondition {
  if (condition === undefined) return { tagFilter: { kind: 'all' }, rowFilter: undefined, filterColumns: [] };
  const inputs = new FilterInputs(fields);
  const { tags, rows } = split(condition, inputs);
  return { tagFilter: tags, rowFilter: rows, filterColumns: rows === undefined ? [] : inputs.columns };
}

interface Parts {
  readonly tags: TagExpression;
  /** undefined: decided by the tags alone. */
  readonly rows: Expression | undefined;
}

function split(condition: Expr, inputs: FilterInputs): Parts {
  switch (condition.kind) {
    case 'paren':
      return split(condition.inner, inputs);
    case 'boolean':
      return condition.value ? { tags: { kind: 'all' }, rows: undefined } : { tags: NO_SERIES, rows: undefined };
    case 'binary':
      if (condition.operator === 'AND') return splitAnd(split(condition.left, inputs), split(condition.right, inputs));
      if (condition.operator === 'OR') return splitOr(condition, inputs);
      return splitComparison(condition, inputs);
    default:
      return { tags: { kind: 'all' }, rows: rowExpression(condition, inputs) };
  }
}

function splitAnd(left: Parts, right: Parts): Parts {
  const tags = bothOf(left.tags, right.tags);
  if (left.rows === undefined || right.rows === undefined) return { tags, rows: left.rows ?? right.rows };
  return { tags, rows: { kind: 'binary', operator: 'AND', left: left.rows, right: right.rows } };
}

/** Only where both sides are about tags alone is the series predicate the whole truth. */
function splitOr(condition: BinaryExpr, inputs: FilterInputs): Parts {
  const { tags, hasRows } = alternatives(condition, inputs);
  return { tags, rows: hasRows ? rowExpression(condition, inputs) : undefined };
}

/** Of a chain of OR as a whole: what it asks of rows is put together once, not at each of its levels. */
function alternatives(condition: Expr, inputs: FilterInputs): Pick<Parts, 'tags'> & { readonly hasRows: boolean } {
  if (condition.kind === 'paren') return alternatives(condition.inner, inputs);
  if (condition.kind === 'binary' && condition.operator === 'OR') {
    const [left, right] = [alternatives(condition.left, inputs), alternatives(condition.right, inputs)];
    return { tags: eitherOf(left.tags, right.tags), hasRows: left.hasRows || right.hasRows };
  }
  const { tags, rows } = split(condition, inputs);
  return { tags, hasRows: rows !== undefined };
}

function splitComparison(condition: BinaryExpr, inputs: FilterInputs): Parts {
  const match = tagMatch(condition, inputs);
  if (match !== undefined) return { tags: match, rows: undefined };
  return { tags: { kind: 'all' }, rows: rowExpression(condition, inputs) };
}

function tagMatch({ operator, left, right }: BinaryExpr, inputs: FilterInputs): TagExpression | undefined {
  const [name, value] = left.kind === 'variable' ? [left, right] : [right, left];
  if (name.kind !== 'variable' || inputs.originOf(name).kind !== 'tag') return undefined;
  if ((operator === '=' || operator === '!=') && value.kind === 'string') return { kind: 'match', key: name.name, operator, value: value.value };
  if ((operator === '=~' || operator === '!~') && value.kind === 'regex') return { kind: 'match', key: name.name, operator, value: value.pattern };
  return undefined;
}

function rowExpression(expression: Expr, inputs: FilterInputs): Expression {
  switch (expression.kind) {
    case 'paren':
      return rowExpression(expression.inner, inputs);
    case 'variable':
      return inputs.inputFor(expression);
    case 'binary':
      return { kind: 'binary', operator: expression.operator, left: rowExpression(expression.left, inputs), right: rowExpression(expression.right, inputs) };
    case 'call':
      if (!MATH_FUNCTIONS.has(expression.name)) return literalExpression(expression);
      return { kind: 'math', name: expression.name, args: expression.args.map((arg) => rowExpression(arg, inputs)) };
    default:
      return literalExpression(expression);
  }
}

class FilterInputs {
  readonly columns: ColumnOrigin[] = [];
  readonly #fields: ReadonlyMap<string, FieldType>;

  constructor(fields: ReadonlyMap<string, FieldType>) {
    this.#fields = fields;
  }

  originOf({ name, type }: Variable): ColumnOrigin {
    if (type === 'tag') return { kind: 'tag', name };
    if (this.#fields.has(name)) return { kind: 'field', name };
    return { kind: type === undefined ? 'tag' : 'none', name };
  }

  inputFor(variable: Variable): Expression {
    const origin = this.originOf(variable);
    let index = this.columns.findIndex(({ kind, name }) => kind === origin.kind && name === origin.name);
    if (index < 0) index = this.columns.push(origin) - 1;
    const type = origin.kind === 'field' ? this.#fields.get(origin.name)! : origin.kind === 'tag' ? 'string' : 'unknown';
    return { kind: 'input', index, type };
  }
}
