import type { FieldType, TagExpression } from '@varve/model';
import type { BinaryExpr, Expr, Variable } from '../influxql/ast.ts';
import { MATH_FUNCTIONS } from '../influxql/math-functions.ts';
import type { Expression } from './expression.ts';
import { literalExpression } from './literal-expression.ts';
import type { FilterColumn } from './shard-plan.ts';
import { bothOf, eitherOf, NO_SERIES } from './tag-expression.ts';

/** What a condition on tags and fields asks of one measurement. */
interface PlannedCondition {
  /** Holds for the tags of every row that passes. */
  readonly tagFilter: TagExpression;
  /** What the tag filter does not decide; undefined: nothing. */
  readonly rowFilter: Expression | undefined;
  /** The inputs of the row filter. */
  readonly filterColumns: readonly FilterColumn[];
}

/**
 * Splits a condition into a predicate on series and one on rows. A name that is no field of the measurement is a tag. A
 * comparison of a tag with a text or a pattern becomes part of the series predicate; where it stands beside fields below
 * an OR, the row predicate asks it again. What a tag is that a series lacks, WH1 says.
 */
export function planCondition(condition: Expr | undefined, fields: ReadonlyMap<string, FieldType>, of: ConditionSource = 'measurement'): PlannedCondition {
  if (condition === undefined) return { tagFilter: { kind: 'all' }, rowFilter: undefined, filterColumns: [] };
  const inputs = new FilterInputs(fields, of);
  const { tags, rows } = split(condition, inputs);
  return { tagFilter: tags, rowFilter: rows, filterColumns: rows === undefined ? [] : inputs.columns };
}

/** In the rows of a subquery a tag that it groups by is a text, empty where the series lacks it. */
type ConditionSource = 'measurement' | 'subquery';

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
      return { tags: { kind: 'all' }, rows: rowExpression(condition, inputs, 'row') };
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
  return { tags, rows: hasRows ? rowExpression(condition, inputs, 'series') : undefined };
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
  return { tags: { kind: 'all' }, rows: rowExpression(condition, inputs, 'series') };
}

function tagMatch(condition: BinaryExpr, inputs: FilterInputs): TagExpression | undefined {
  const { operator } = condition;
  const [left, right] = [bare(condition.left), bare(condition.right)];
  const [name, value] = left.kind === 'variable' ? [left, right] : [right, left];
  if (!inputs.isTag(name)) return undefined;
  if ((operator === '=' || operator === '!=') && value.kind === 'string') return { kind: 'match', key: name.name, operator, value: value.value };
  if (COMPARISONS.has(operator) && value.kind === 'regex') return { kind: 'match', key: name.name, operator: operator === '=~' ? '=~' : '!~', value: value.pattern };
  return undefined;
}

/** With a pattern, which only a bound parameter puts behind them, they are `!~` of a tag, as in InfluxDB. */
const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=', '=~', '!~']);

function bare(expression: Expr): Expr {
  return expression.kind === 'paren' ? bare(expression.inner) : expression;
}

/** Where an expression stands: a comparison that only AND, OR and parentheses are around is about series, what is in others about rows. */
type Place = 'series' | 'row';

function rowExpression(expression: Expr, inputs: FilterInputs, place: Place): Expression {
  switch (expression.kind) {
    case 'paren':
      return rowExpression(expression.inner, inputs, place);
    case 'variable':
      return inputs.inputFor(expression, place);
    case 'binary':
      return binaryExpression(expression, inputs, place);
    case 'call':
      if (!MATH_FUNCTIONS.has(expression.name)) return literalExpression(expression);
      return { kind: 'math', name: expression.name, args: expression.args.map((arg) => rowExpression(arg, inputs, 'row')) };
    default:
      return literalExpression(expression);
  }
}

/** `host != rack` of series is that `host = rack` does not hold. */
function binaryExpression(expression: BinaryExpr, inputs: FilterInputs, place: Place): Expression {
  const { operator, left, right } = expression;
  const isJoint = operator === 'AND' || operator === 'OR';
  if (place === 'series' && operator === '!=' && inputs.isTag(bare(left)) && inputs.isTag(bare(right))) {
    return { kind: 'binary', operator: '=', left: binaryExpression({ ...expression, operator: '=' }, inputs, place), right: { kind: 'literal', value: false, type: 'boolean' } };
  }
  const match = place === 'series' && !isJoint ? tagMatch(expression, inputs) : undefined;
  if (match?.kind === 'match' && match.operator === '!~' && operator !== '!~') {
    const [name, pattern] = bare(left).kind === 'regex' ? [right, left] : [left, right];
    return binaryExpression({ ...expression, operator: '!~', left: name, right: pattern }, inputs, place);
  }
  const inside = place === 'series' && (isJoint || match !== undefined) ? 'series' : 'row';
  return { kind: 'binary', operator, left: rowExpression(left, inputs, inside), right: rowExpression(right, inputs, inside) };
}

class FilterInputs {
  readonly columns: FilterColumn[] = [];
  readonly #fields: ReadonlyMap<string, FieldType>;
  readonly #of: ConditionSource;

  constructor(fields: ReadonlyMap<string, FieldType>, of: ConditionSource) {
    this.#fields = fields;
    this.#of = of;
  }

  isTag(expression: Expr): expression is Variable {
    return expression.kind === 'variable' && this.#kindOf(expression) === 'tag';
  }

  inputFor(variable: Variable, place: Place): Expression {
    const { name } = variable;
    const kind = this.#kindOf(variable);
    const wanted = kind === 'tag' && place === 'row' && this.#of === 'measurement' ? 'tagOrNull' : kind;
    let index = this.columns.findIndex((column) => column.kind === wanted && column.name === name);
    if (index < 0) index = this.columns.push({ kind: wanted, name }) - 1;
    const type = kind === 'field' ? this.#fields.get(name)! : kind === 'tag' ? 'string' : 'unknown';
    return { kind: 'input', index, type };
  }

  #kindOf({ name, type }: Variable): 'field' | 'tag' | 'none' {
    if (type === 'tag') return 'tag';
    if (this.#fields.has(name)) return 'field';
    return type === undefined ? 'tag' : 'none';
  }
}
