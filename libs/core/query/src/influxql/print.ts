import type { Call, Expr } from './ast.ts';
import { formatDuration } from './duration.ts';
import { quoteIdentifier, quoteString } from './quote.ts';

/** An expression as a query can say it, in InfluxDB's spelling. Parsing it gives the same expression. */
export function formatExpr(expression: Expr): string {
  switch (expression.kind) {
    case 'variable':
      return quoteIdentifier(expression.name) + (expression.type === undefined ? '' : `::${expression.type}`);
    case 'call':
      return formatCall(expression);
    case 'distinct':
      return `DISTINCT ${quoteIdentifier(expression.name)}`;
    case 'binary':
      return `${formatExpr(expression.left)} ${expression.operator} ${formatExpr(expression.right)}`;
    case 'paren':
      return `(${formatExpr(expression.inner)})`;
    case 'wildcard':
      return expression.only === undefined ? '*' : `*::${expression.only}`;
    case 'regex':
      return formatRegex(expression.pattern);
    case 'number':
      return formatNumber(expression.value);
    case 'string':
      return quoteString(expression.value);
    case 'integer':
    case 'unsigned':
    case 'boolean':
      return `${expression.value}`;
    case 'duration':
      return formatDuration(expression.ns);
  }
}

/** `distinct` is the one function whose name is a keyword. */
function formatCall({ name, args }: Call): string {
  return `${name === 'distinct' ? name : quoteIdentifier(name)}(${args.map(formatExpr).join(', ')})`;
}

/** A pattern between slashes. */
export function formatRegex(pattern: string): string {
  return `/${pattern.replaceAll('/', '\\/').replaceAll('\n', '\\n')}/`;
}

/** A float in full, without an exponent and with three digits behind the point at least. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return `${value}`;
  const [mantissa, exponent = '0'] = Math.abs(value).toString().split('e');
  const [whole, fraction = ''] = mantissa!.split('.');
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole!.length + shift;
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const pointAt = Math.max(point, 1);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return `${sign}${padded.slice(0, pointAt)}.${padded.slice(pointAt).padEnd(3, '0')}`;
}
