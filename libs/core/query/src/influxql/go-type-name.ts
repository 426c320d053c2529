import type { Expr } from './ast.ts';

/** What InfluxDB's errors call an expression. */
export function goTypeName({ kind }: Expr): string {
  return `*influxql.${GO_TYPES[kind]}`;
}

const GO_TYPES: Readonly<Record<Expr['kind'], string>> = {
  variable: 'VarRef',
  call: 'Call',
  distinct: 'Distinct',
  binary: 'BinaryExpr',
  paren: 'ParenExpr',
  wildcard: 'Wildcard',
  regex: 'RegexLiteral',
  number: 'NumberLiteral',
  integer: 'IntegerLiteral',
  unsigned: 'UnsignedLiteral',
  string: 'StringLiteral',
  boolean: 'BooleanLiteral',
  duration: 'DurationLiteral',
};
