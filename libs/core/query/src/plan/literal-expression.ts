import { exactNumber } from '../functions/vector.ts';
import type { Expr } from '../influxql/ast.ts';
import type { Expression } from './expression.ts';

/** The expression of a literal; what has no value in a row (a call in WHERE, a duration) is null. */
export function literalExpression(expression: Expr): Expression {
  switch (expression.kind) {
    case 'number':
      return { kind: 'literal', value: expression.value, type: 'float' };
    case 'integer':
      return { kind: 'literal', value: exactNumber(expression.value), type: 'integer' };
    case 'unsigned':
      // No float is between it and the greatest integer, so comparisons are exact.
      return { kind: 'literal', value: Number(expression.value), type: 'float' };
    case 'string':
      return { kind: 'literal', value: expression.value, type: 'string' };
    case 'boolean':
      return { kind: 'literal', value: expression.value, type: 'boolean' };
    case 'regex':
      return { kind: 'regex', pattern: expression.pattern };
    default:
      return { kind: 'literal', value: null, type: 'unknown' };
  }
}
