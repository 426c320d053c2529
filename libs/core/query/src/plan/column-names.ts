import type { Expr, SelectField } from '../influxql/ast.ts';

/** The names of an answer's columns, the time apart: aliases as they are (an empty one is none), other names made different by `_1`, `_2` … */
export function columnNames(fields: readonly SelectField[]): string[] {
  const counts = new Map<string, number>();
  for (const { alias } of fields) if (alias !== undefined && alias !== '') counts.set(alias, 1);
  return fields.map(({ expression, alias }) => alias || unusedName(fieldName(expression), counts));
}

function unusedName(name: string, counts: Map<string, number>): string {
  let count = counts.get(name);
  if (count === undefined) {
    counts.set(name, 1);
    return name;
  }
  let unused = `${name}_${count}`;
  while (counts.has(unused)) {
    count += 1;
    unused = `${name}_${count}`;
  }
  counts.set(name, count + 1);
  counts.set(unused, 1);
  return unused;
}

/** The name of a column without an alias: the field, the function, or of arithmetic all of them in a row. */
export function fieldName(expression: Expr): string {
  switch (expression.kind) {
    case 'variable':
    case 'call':
      return expression.name;
    case 'distinct':
      return 'distinct';
    case 'paren':
      return fieldName(expression.inner);
    case 'binary':
      return [expression.left, expression.right].map(fieldName).filter((name) => name !== '').join('_');
    default:
      return '';
  }
}
