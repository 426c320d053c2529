import type { FieldType } from '@varve/model';
import type { Call, Expr, SelectStatement } from '../../influxql/ast.ts';
import type { Relation } from './model-data.ts';

/** What is known of all sources together. */
export interface ModelSchema {
  readonly fieldTypes: ReadonlyMap<string, FieldType>;
  readonly tagKeys: ReadonlySet<string>;
}

export interface ModelColumn {
  readonly name: string;
  readonly expression: Expr;
}

const PRECEDENCE: readonly FieldType[] = ['float', 'integer', 'string', 'boolean'];

/** Where sources differ in the type of a field, float goes before integer, then string, then boolean. */
export function schemaOfAll(relations: readonly Relation[]): ModelSchema {
  const fieldTypes = new Map<string, FieldType>();
  for (const relation of relations) {
    for (const [name, type] of relation.fieldTypes) {
      const known = fieldTypes.get(name);
      if (known === undefined || PRECEDENCE.indexOf(type) < PRECEDENCE.indexOf(known)) fieldTypes.set(name, type);
    }
  }
  return { fieldTypes, tagKeys: new Set(relations.flatMap(({ tagKeys }) => [...tagKeys])) };
}

/** The tags of GROUP BY, in their order in the answer. */
export function groupTags(statement: SelectStatement, { tagKeys }: ModelSchema): string[] {
  const names = statement.dimensions.flatMap((each): string[] => {
    if (each.kind === 'variable') return [each.name];
    if (each.kind === 'wildcard') return [...tagKeys];
    if (each.kind === 'regex') return [...tagKeys].filter((name) => new RegExp(each.pattern, 'u').test(name));
    return [];
  });
  return [...new Set(names)].sort();
}

/** The columns of a statement, wildcards and patterns replaced, with the names that InfluxDB gives them. */
export function columnsOf(statement: SelectStatement, schema: ModelSchema): ModelColumn[] {
  const grouped = new Set(groupTags(statement, schema));
  const expanded = statement.fields
    .flatMap((field) => withTagColumns(field))
    .flatMap(({ expression, alias }) => expand(asCall(expression), schema, grouped).map((each) => ({ expression: each.expression, alias: each.alias ?? alias })))
    .filter(({ expression }) => !(expression.kind === 'variable' && expression.name === 'time'));
  return named(expanded);
}

/** `top(x, tag, n)` has its tags as columns, too. */
function withTagColumns({ expression, alias }: SelectStatement['fields'][number]): Expanded[] {
  if (expression.kind !== 'call' || (expression.name !== 'top' && expression.name !== 'bottom')) return [{ expression, alias }];
  return [{ expression, alias }, ...expression.args.slice(1, -1).map((tag) => ({ expression: tag, alias: undefined }))];
}

/** `distinct x` is `distinct(x)`. */
function asCall(expression: Expr): Expr {
  return expression.kind === 'distinct' ? { kind: 'call', name: 'distinct', args: [variable(expression.name)] } : expression;
}

interface Expanded {
  readonly expression: Expr;
  readonly alias: string | undefined;
}

function expand(expression: Expr, schema: ModelSchema, grouped: ReadonlySet<string>): Expanded[] {
  const inner = expression.kind === 'call' ? innermost(expression) : expression;
  if (inner.kind !== 'wildcard' && inner.kind !== 'regex') return [{ expression, alias: undefined }];
  const fields = [...schema.fieldTypes.keys()].map((name) => ({ name, isTag: false }));
  const tags = [...schema.tagKeys].filter((name) => !grouped.has(name)).map((name) => ({ name, isTag: true }));
  const wanted = [...fields, ...(expression.kind === 'call' ? [] : tags)]
    .filter(({ name, isTag }) => (inner.kind === 'regex' ? new RegExp(inner.pattern, 'u').test(name) : inner.only === undefined || (inner.only === 'tag') === isTag))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  if (expression.kind !== 'call') return wanted.map(({ name }) => ({ expression: variable(name), alias: undefined }));
  const callName = expression.name;
  return wanted
    .filter(({ name }) => takes(callName, schema.fieldTypes.get(name)!))
    .map(({ name }) => ({ expression: withInnermost(expression, variable(name)), alias: `${callName}_${name}` }));
}

/** Of a wildcard a function takes the fields that it can compute with. */
function takes(callName: string, type: FieldType): boolean {
  if (type === 'float' || type === 'integer') return true;
  if (['count', 'first', 'last', 'distinct', 'elapsed', 'mode', 'sample'].includes(callName)) return true;
  return type === 'boolean' && (callName === 'min' || callName === 'max');
}

function innermost(call: Call): Expr {
  const first = call.args[0]!;
  return first.kind === 'call' ? innermost(first) : first;
}

function withInnermost(call: Call, inner: Expr): Call {
  const [first, ...rest] = call.args;
  return { ...call, args: [first!.kind === 'call' ? withInnermost(first as Call, inner) : inner, ...rest] };
}

function variable(name: string): Expr {
  return { kind: 'variable', name, type: undefined };
}

/** An alias stands as it is; another name that is taken gets a number. */
function named(columns: readonly Expanded[]): ModelColumn[] {
  const taken = new Set(['time', ...columns.flatMap(({ alias }) => (alias === undefined ? [] : [alias]))]);
  return columns.map(({ expression, alias }) => {
    if (alias !== undefined) return { name: alias, expression };
    const wanted = nameOf(expression);
    let name = wanted;
    for (let count = 1; taken.has(name); count += 1) name = `${wanted}_${count}`;
    taken.add(name);
    return { name, expression };
  });
}

function nameOf(expression: Expr): string {
  switch (expression.kind) {
    case 'variable':
    case 'call':
      return expression.name;
    case 'paren':
      return nameOf(expression.inner);
    case 'binary':
      return namesIn(expression).join('_');
    default:
      return '';
  }
}

function namesIn(expression: Expr): string[] {
  switch (expression.kind) {
    case 'variable':
    case 'call':
      return [expression.name];
    case 'paren':
      return namesIn(expression.inner);
    case 'binary':
      return [...namesIn(expression.left), ...namesIn(expression.right)];
    default:
      return [];
  }
}
